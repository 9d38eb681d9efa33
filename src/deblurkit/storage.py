"""Files that are either the old one or the new one, never a part of the new one."""

import os
import tempfile
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
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(
        dir=target.parent, prefix=f".{target.name}.", suffix=".part"
    )
    part = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        part.chmod(0o666 & ~_umask())
        part.replace(target)
    except OSError as error:
        raise InputError(f"{target} could not be written, the old file is kept: {error}") from error
    finally:
        part.unlink(missing_ok=True)
    _flush_folder(target.parent)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _flush_folder(folder: Path) -> None:
    if os.name == "posix":  # elsewhere a folder cannot be opened
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
