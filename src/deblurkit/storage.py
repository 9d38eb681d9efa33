"""Files that are either the old one or the new one, never a part of the new one."""

import csv
import io
import json
import logging
import math
import os
import re
import sys
import uuid
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from deblurkit.errors import InputError, sentence

log = logging.getLogger(__name__)


@contextmanager
def replacing(path: str | Path, *, keep: Path | None = None) -> Iterator[IO[bytes]]:
    """Write a file beside its target, flush it to the disk, then rename it.

    A crash, a full disk or an exception inside leaves the target as it was.

    Args:
        path: The target.
        keep: Where the file goes that stood there, in the same folder; it is lost if not given.

    Raises:
        InputError: If the disk refuses, in one sentence with the path.
    """
    target = Path(path)
    part = target.parent / f".{uuid.uuid4().hex}.part"  # short: names may have 255 bytes already
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("xb") as stream:
                _lock(stream)
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            if keep is not None and target.is_file():
                target.replace(keep)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        _flush_folder(target.parent)
    except OSError as error:
        reason = error.strerror or error
        raise InputError(f"{target} cannot be written: {reason}; what was there is kept") from error


@contextmanager
def tolerate_disk_errors() -> Iterator[None]:
    """Say what could not be written and go on: a table is not worth a training."""
    try:
        yield
    except InputError as error:
        log.warning("%s; training goes on", error)


def sweep(folder: str | Path) -> None:
    """Remove what writers that were killed left in a folder; what living ones write stays."""
    for part in Path(folder).glob(".*.part"):
        if re.fullmatch(r"\.[0-9a-f]{32}\.part", part.name):
            with suppress(OSError), part.open("rb") as stream:
                _lock(stream)
                part.unlink()


def sweep_below(folder: str | Path) -> None:
    """The same for a folder and everything in it."""
    for place in {part.parent for part in Path(folder).rglob(".*.part")}:
        sweep(place)


def set_aside(path: Path, suffix: str) -> None:
    """Rename a file or folder to a name that is free; another device may have been faster."""
    aside, number = path.with_name(path.name + suffix), 2
    while aside.exists():
        aside, number = path.with_name(f"{path.name}{suffix}_{number}"), number + 1
    with suppress(FileNotFoundError):
        path.replace(aside)


def as_bytes(text: str) -> bytes:
    """UTF-8; names of files that are not, as the disk has them."""
    return text.encode(errors="surrogateescape")


def as_json(content: Any, *, indent: int | None = 2) -> bytes:
    """A JSON file that every reader takes.

    JSON knows no number that is not finite. Such numbers are written as the words "Infinity",
    "-Infinity" and "NaN", out of which Python's ``float`` and JavaScript's ``Number`` make the
    number again.

    Args:
        content: Mappings, sequences, texts, numbers and None.
        indent: Spaces of each level; None writes one line.
    """
    return json.dumps(_with_words(content), indent=indent, allow_nan=False).encode()


def write_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write a table whose columns are all keys that occur, in order of appearance."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    with replacing(path) as stream:
        stream.write(as_bytes(text.getvalue()))


def _with_words(content: Any) -> Any:
    if isinstance(content, Mapping):
        return {key: _with_words(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_with_words(value) for value in content]
    if isinstance(content, float) and not math.isfinite(content):
        return "NaN" if math.isnan(content) else "Infinity" if content > 0 else "-Infinity"
    return content


def damage(archive: str | Path) -> str | None:
    """What is wrong with a zip archive, such as a checkpoint; nothing if all its bytes are right.

    ``torch.load`` compares no checksums: a flipped bit in a weight would be another weight.

    Raises:
        OSError: If the file cannot be read at all.
    """
    try:
        with zipfile.ZipFile(archive) as file:
            wrong = file.testzip()
    except OSError:
        raise
    except Exception as error:  # whatever damaged bytes lead to
        return sentence(error) or type(error).__name__
    return None if wrong is None else f"the checksum of {wrong} is wrong"


def _lock(stream: IO[bytes]) -> None:
    """Hold a file until it is closed or the process ends.

    Raises:
        BlockingIOError: If another process holds it.
    """
    if sys.platform != "win32":  # there, nobody removes a file that is open
        import fcntl

        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _flush_folder(folder: Path) -> None:
    if os.name == "posix":  # elsewhere a folder cannot be opened
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
