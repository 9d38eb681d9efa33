"""Which files a command line names, and where what becomes of them goes."""

from pathlib import Path

from deblurkit.errors import InputError
from deblurkit.file_tree import files_below
from deblurkit.imaging.formats.encoding import READABLE


def targets(inputs: list[str], output: Path, suffix: str) -> list[tuple[Path, Path]]:
    """Which file goes where: files by their names, folders with what is below them.

    Raises:
        InputError: If there is nothing to do or an input would be overwritten.
    """
    found: dict[Path, Path] = {}
    for entry in inputs:
        path = Path(entry).expanduser()
        if path.is_dir():
            inside = [file for file in files_below(path) if file.suffix.lower() in READABLE]
            for file in inside:
                if output.resolve() not in file.resolve().parents:  # results of an earlier run
                    found.setdefault(file, file.relative_to(path))
        elif path.exists():
            found.setdefault(path, Path(path.name))
        else:
            matches = sorted(Path().glob(entry)) if not path.is_absolute() and _magic(entry) else []
            for file in matches or [path]:  # a name that finds nothing fails with the others
                found.setdefault(file, Path(file.name))
    if not found:
        raise InputError(
            "found no picture: name at least one file, folder or pattern, such as photo.jpg"
        )
    places: dict[Path, Path] = {}
    sources = {source.resolve() for source in found}
    for file, relative in found.items():
        target = free(output / relative.with_suffix(suffix), places)
        if target.resolve() in sources:
            raise InputError(f"{target} is an input and stays as it is; choose another output=")
        places[target] = file
    return [(file, target) for target, file in places.items()]


def _magic(entry: str) -> bool:
    return any(sign in entry for sign in "*?[")


def free(target: Path, taken: dict[Path, Path]) -> Path:
    """The target, numbered where another input already goes there."""
    number, wanted = 2, target
    while target in taken:
        target = wanted.with_stem(f"{wanted.stem}_{number}")
        number += 1
    return target
