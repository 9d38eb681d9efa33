"""Which files a command line names, and where what becomes of them goes."""

import os
from collections.abc import Callable, Sequence, Set
from pathlib import Path

from deblurkit.commands.shared.passed_over import in_words
from deblurkit.errors import InputError
from deblurkit.file_tree import files_below
from deblurkit.imaging.formats.foreign import kind_of_name
from deblurkit.imaging.suffixes import READABLE
from deblurkit.paths import expanded


def targets(
    inputs: list[str], output: Path, suffix: str, *, beside: Sequence[str] = ()
) -> list[tuple[Path, Path]]:
    """Which file goes where: files by their names, folders with what is below them.

    Args:
        inputs: Files, folders and patterns.
        output: Folder of the results.
        suffix: Of the results.
        beside: Endings of the stems of what is written beside each result, as PNG; nothing of it
            gets the name of another result.

    Raises:
        InputError: If there is nothing to do or an input would be overwritten.
    """
    files = named_files(inputs, output)
    sources: dict[Path, Path] = {}
    reserved: set[Path] = set()
    originals = {file.resolve() for file in files}
    for file, relative in files.items():
        target = free(output / relative.with_suffix(suffix), {*sources, *reserved}, beside)
        reserved.update(written_beside(target, beside))
        if target.resolve() in originals:
            raise InputError(f"{target} is an input and stays as it is; choose another output=")
        sources[target] = file
    return [(file, target) for target, file in sources.items()]


def single_target(inputs: list[str], file: Path) -> list[tuple[Path, Path]]:
    """The one picture that is named, and the file that its result goes to.

    Raises:
        InputError: If there is none, there are several, or it is that file.
    """
    sources = list(named_files(inputs, None))
    if len(sources) > 1:
        raise InputError(
            f"output={file} is one file and there are {len(sources)} pictures: give a folder, "
            f"output={file.with_suffix('')}/"
        )
    if sources[0].resolve() == file.resolve():
        raise InputError(f"{file} is an input and stays as it is; choose another output=")
    return [(sources[0], file)]


def named_files(inputs: list[str], output: Path | None) -> dict[Path, Path]:
    """Every file that is named, once, with its path below the folder that was named.

    Args:
        inputs: Files, folders and patterns.
        output: Folder of the results; those of an earlier run are no inputs.

    Raises:
        InputError: If there is none, or results would lie between the inputs.
    """
    files: dict[Path, Path] = {}
    for entry in inputs:
        for path in named(entry):
            if os.path.isdir(path):  # noqa: PTH112 (likewise)
                for file in below(path, output, is_readable):
                    files.setdefault(file, file.relative_to(path))
            else:
                files.setdefault(path, Path(path.name))
    if not files:
        foreign = in_words(passed_over(inputs, output))
        raise InputError(
            f"found no picture that is read, but {'; '.join(foreign)}"
            if foreign
            else "found no picture: name at least one file, folder or pattern, such as photo.jpg"
        )
    return files


def passed_over(inputs: list[str], output: Path | None) -> list[Path]:
    """Pictures and videos of kinds that are not read, below the folders that are named.

    Args:
        inputs: Files, folders and patterns; what is named itself is tried and not passed over.
        output: Folder of the results, in which nothing is looked for.
    """
    folders = [path for entry in inputs for path in named(entry) if os.path.isdir(path)]  # noqa: PTH112
    files = (file for folder in folders for file in below(folder, output, is_foreign))
    return list(dict.fromkeys(files))


def is_readable(file: Path) -> bool:
    """Whether a file is tried, by its name."""
    return file.suffix.lower() in READABLE


def is_foreign(file: Path) -> bool:
    """Whether a file is a picture or video of a kind that is not read, by its name."""
    return kind_of_name(file) is not None and not file.is_dir()


def named(entry: str) -> list[Path]:
    """The file or folder of a name, or what matches a pattern.

    A name that stands for nothing stays: it fails with the others that cannot be read.
    """
    path = expanded(entry)
    exists = os.path.exists(path)  # noqa: PTH110 (a name may be longer than any file's)
    if exists or not any(sign in entry for sign in "*?["):
        return [path]
    anchor = Path(path.anchor)
    try:
        return sorted(anchor.glob(str(path.relative_to(anchor)))) or [path]
    except ValueError:  # no pattern after all
        return [path]


def below(folder: Path, output: Path | None, wanted: Callable[[Path], bool]) -> list[Path]:
    """The files of a folder that are wanted, without the results of an earlier run.

    Raises:
        InputError: If results would lie between them.
    """
    files = [file for file in files_below(folder) if wanted(file)]
    if output is None:
        return files
    results = output.resolve()
    if results == folder.resolve():
        raise InputError(
            f"output={output} is the folder of the pictures; results need a folder of their own, "
            f"such as output={output / 'restored'}"
        )
    if folder.resolve() not in results.parents:
        return files
    return [file for file in files if results not in file.resolve().parents]


def written_beside(target: Path, endings: Sequence[str]) -> set[Path]:
    """What is written beside a result, by the endings of its stem."""
    return {target.with_name(f"{target.stem}{ending}.png") for ending in endings}


def free(target: Path, taken: Set[Path], beside: Sequence[str]) -> Path:
    """The target, numbered where something else goes there, or where what lies beside it would."""
    number, wanted = 2, target
    while taken & {target, *written_beside(target, beside)}:
        target = wanted.with_stem(f"{wanted.stem}_{number}")
        number += 1
    return target
