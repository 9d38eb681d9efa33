"""Names of folders and files, as sentences say them."""

from collections.abc import Sequence
from pathlib import Path

from deblurkit.errors import InputError
from deblurkit.paths import expanded

SHOWN = 3  # names in one sentence


def is_folder(folder: str) -> Path:
    """The folder, absolute.

    Raises:
        InputError: If it is none.
    """
    path = expanded(folder).resolve()
    if not path.is_dir():
        raise InputError(f"{folder} is no folder of pictures")
    return path


def listed(names: Sequence[str]) -> str:
    """The first names, and whether there are more."""
    return ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
