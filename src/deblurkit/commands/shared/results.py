"""What ``output=`` names: a folder of results, or the file of a single one."""

from pathlib import Path

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
