"""Which files a command line names, and where what becomes of them goes."""

import logging
import os
from collections.abc import Callable, Iterable, Sequence, Set
from functools import partial
from pathlib import Path

from deblurkit.commands.shared.names import listed
from deblurkit.commands.shared.owners import Owners
from deblurkit.commands.shared.passed_over import in_words
from deblurkit.errors import InputError
from deblurkit.file_tree import files_below
from deblurkit.imaging.formats.foreign import kind_of_name
from deblurkit.imaging.suffixes import READABLE
from deblurkit.paths import expanded

log = logging.getLogger(__name__)

Writes = Callable[[Path], Sequence[Path]]  # all files that come with a result


def targets(
    inputs: list[str],
    output: Path,
    suffix: str,
    *,
    beside: Sequence[str] = (),
    owners: Owners | None = None,
    writes: Writes | None = None,
) -> list[tuple[Path, Path]]:
    """Which file goes where: files by their names, folders with what is below them.

    A name is numbered where the result of another file has it, of this command or of an earlier
    one, or a file that no command made.

    Args:
        inputs: Files, folders and patterns.
        output: Folder of the results.
        suffix: Of the results.
        beside: Endings of the stems of what is written beside each result, as PNG; nothing of it
            gets the name of another result.
        owners: Know what earlier commands wrote; those of the folder if not given.
        writes: All files that are written for a result; itself and those beside it if not given.

    Raises:
        InputError: If there is nothing to do or an input would be overwritten.
    """
    files = named_files(inputs, output)
    owners = owners or Owners(output)
    writes = writes or partial(with_beside, endings=beside)
    sources: dict[Path, Path] = {}
    taken: set[Path] = set()
    originals = {file.resolve() for file in files}
    for file, relative in files.items():
        wanted = output / relative.with_suffix(suffix)
        require_no_input(writes(wanted), originals)
        target = free(wanted, file, taken=taken, owners=owners, writes=writes)
        taken.update(writes(target))
        sources[target] = file
    return [(file, target) for target, file in sources.items()]


def say_renamed(destinations: Sequence[tuple[Path, Path]]) -> None:
    """Say which of several results have another name than their files."""
    renamed = [f"{file} to {t}" for file, t in destinations if t.stem != file.stem]
    if renamed and len(destinations) > 1:
        log.info("names that were taken are numbered: %s", listed(renamed))


def require_no_input(files: Iterable[Path], originals: Set[Path]) -> None:
    """Refuse to write over what is read.

    Raises:
        InputError: With what to do.
    """
    for file in files:
        if file.resolve() in originals:
            raise InputError(f"{file} is an input and stays as it is; choose another output=")


def single_target(inputs: list[str], file: Path, *, owners: Owners) -> list[tuple[Path, Path]]:
    """The one picture that is named, and the file that its result goes to.

    Raises:
        InputError: If there is none, there are several, it is that file, or something else is
            there.
    """
    sources = list(named_files(inputs, None))
    if len(sources) > 1:
        raise InputError(
            f"output={file} is one file and there are {len(sources)} pictures: give a folder, "
            f"output={file.with_suffix('')}/"
        )
    if sources[0].resolve() == file.resolve():
        raise InputError(f"{file} is an input and stays as it is; choose another output=")
    owners.require_own(file, sources[0])
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


def with_beside(target: Path, endings: Sequence[str]) -> list[Path]:
    """A result and what is written beside it, by the endings of its stem."""
    return [target, *(target.with_name(f"{target.stem}{ending}.png") for ending in endings)]


def free(wanted: Path, source: Path, *, taken: Set[Path], owners: Owners, writes: Writes) -> Path:
    """The name that is wanted, numbered where any file of the result would replace another."""
    number, target = 2, wanted
    while any(file in taken or not owners.may_write(file, source) for file in writes(target)):
        target = wanted.with_stem(f"{wanted.stem}_{number}")
        number += 1
    return target
