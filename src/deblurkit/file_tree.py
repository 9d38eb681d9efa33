"""Files in a folder and everything below it: the one walk of all that read folders.

Links to folders are followed, since people keep a data set together by them. What deletes files
does not walk this way: a link may lead out of what belongs to it.
"""

import logging
import os
from collections.abc import Iterator, Set
from contextlib import suppress
from pathlib import Path

from deblurkit.errors import InputError, sentence

_log = logging.getLogger(__name__)
_Identity = tuple[int, int]  # device and number of a folder, whatever the way to it


def files_below(folder: Path) -> Iterator[Path]:
    """All files below a folder, hidden ones as well, in the order of their paths.

    A folder that may not be read is passed over with a warning.

    Args:
        folder: Where to begin; the paths start with it, links in them are not resolved.

    Raises:
        InputError: If a link leads back to a folder that it lies in.
    """
    return _below(folder, frozenset(), hidden="")


def visible_files_below(folder: Path) -> Iterator[Path]:
    """The same without files and folders below it whose names begin with a dot.

    Raises:
        InputError: If a link leads back to a folder that it lies in.
    """
    return _below(folder, frozenset(), hidden=".")


def _below(folder: Path, above: frozenset[_Identity], *, hidden: str) -> Iterator[Path]:
    """Files below; ``hidden`` is how names begin that are passed over, if that is anything."""
    try:
        status = folder.stat()
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        _log.warning("%s is passed over: %s", folder, error.strerror or sentence(error))
        return
    identity = (status.st_dev, status.st_ino)
    if identity in above:
        raise InputError(
            f"the link {folder} leads back to {folder.resolve()}, in which it lies, so that the "
            "folder would have no end: remove the link"
        )
    for entry in entries:
        if hidden and entry.name.startswith(hidden):
            continue
        if entry.is_dir():
            yield from _below(folder / entry.name, above | {identity}, hidden=hidden)
        else:
            yield folder / entry.name


def standing(folder: Path) -> frozenset[Path]:
    """The folders on the way to one, itself included, that are there."""
    whole = folder.resolve()
    return frozenset(path for path in (whole, *whole.parents) if path.exists())


def remove_empty(folder: Path, *, standing: Set[Path]) -> None:
    """Remove a folder that holds nothing, and those around it that hold nothing else.

    Args:
        folder: The innermost.
        standing: Folders that stay, see above.
    """
    with suppress(OSError):  # one of them holds something
        for path in (folder, *folder.parents):
            if path in standing:
                break
            path.rmdir()
