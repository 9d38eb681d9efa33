"""What ``output=`` names: a folder of results, or the file of a single one."""

from pathlib import Path

from deblurkit.errors import InputError
from deblurkit.imaging.suffixes import READABLE
from deblurkit.paths import expanded


def result_file(output: str) -> Path | None:
    """The file that an output names; None where it names a folder.

    It has the suffix of pictures, and no folder is called so.
    """
    path = expanded(output)
    is_file = path.suffix.lower() in READABLE and not output.endswith(("/", "\\"))
    return path if is_file and not path.is_dir() else None


def results_folder(output: str) -> Path:
    """The folder in which the results lie."""
    file = result_file(output)
    return expanded(output) if file is None else file.parent


def new_file(output: str, suffix: str) -> Path:
    """Where a single file is written that replaces nothing.

    Args:
        output: What was asked for.
        suffix: That its name has to end with.

    Raises:
        InputError: If it has another name, or exists.
    """
    if not output.endswith(suffix):
        raise InputError(f"say where to write, output=<a new file whose name ends in {suffix}>")
    path = expanded(output)
    if path.exists():
        raise InputError(f"{output} exists and is kept; remove it or give another output=")
    return path
