"""Files that are either the old one or the new one, never a part of the new one."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from deblurkit.errors import InputError


@contextmanager
def replacing(path: str | Path) -> Iterator[IO[bytes]]:
    """Write a file beside its target, flush it to the disk, then rename it.

    A crash, a full disk or an exception inside leaves the target as it was.

    Raises:
        InputError: If the disk refuses, in one sentence with the path.
    """
    target = Path(path)
    part = target.parent / f".{uuid.uuid4().hex}.part"  # short: names may have 255 bytes already
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("xb") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        _flush_folder(target.parent)
    except OSError as error:
        reason = error.strerror or error
        raise InputError(f"{target} cannot be written: {reason}; what was there is kept") from error


def _flush_folder(folder: Path) -> None:
    if os.name == "posix":  # elsewhere a folder cannot be opened
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
