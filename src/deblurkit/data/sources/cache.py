"""Decoded pictures in one memory-mapped file: a crop costs its own bytes and no decoding."""

import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from deblurkit.data.sources.base import Pictures, Pixels, Source, window
from deblurkit.errors import InputError, PictureError
from deblurkit.storage import replacing

_LAYOUT = 1  # of the files; a change rebuilds every cache
_AT_ONCE = 32  # pictures decoded ahead of the writing, which bounds the memory
_INDEX = "index.json"
_PART, _WRITTEN = "pixels.part", "part.json"  # of a cache that is being made
_SECONDS = 60  # between two lines about the progress


class Cached(Source):
    """A source whose pictures are decoded once and then read from one big file.

    The folder belongs to this source alone; cache the whole data set and divide it afterwards,
    ``Share(Cached(pairs, folder), 0, 0.9)``. It holds ``index.json`` and a file of uint8 pixels
    of the size of all pictures, unpacked. Processes that find no cache wait until one of them has
    made it; one that was interrupted goes on where it was. A changed, added or removed picture
    makes a new one.

    Args:
        source: What to decode; its names, groups and roles are kept.
        folder: Where the files lie; it is made if missing. Best a fast local disk.

    Raises:
        InputError: If the disk has no room or refuses, or the two pictures of a pair differ in
            size.
        PictureError: If a picture cannot be read.
    """

    def __init__(self, source: Source, folder: str | Path) -> None:
        self.names, self.groups, self.roles = source.names, source.groups, source.roles
        self.folder = Path(folder)
        self._order = sorted(source.roles)
        self._fingerprint = _fingerprint(source)
        index = self._valid_index()
        if index is None:
            try:
                index = self._made_by_one_process(source)
            except PictureError:
                raise
            except OSError as error:
                reason = error.strerror or error
                raise InputError(f"the cache {self.folder} cannot be written: {reason}") from error
        self._sizes: list[tuple[int, int]] = index["sizes"]
        self._channels: list[int] = index["channels"]
        self._offsets = _offsets(self._sizes, sum(self._channels))
        self._bytes = self._mapped()

    def read(self, index: int) -> Pictures:
        """A copy of the whole picture or pair."""
        return {role: pixels.copy() for role, pixels in self._views(index)}

    def size(self, index: int) -> tuple[int, int]:
        """Height and width in pixels."""
        return self._sizes[index]

    def stamp(self, index: int) -> str:
        """Position in what this cache was made from."""
        return f"{self._fingerprint} {index}"

    def crop(self, index: int, *, top: int, left: int, side: int) -> Pictures:
        """As of every source; reads nothing but the crop."""
        return {
            role: window(pixels, top=top, left=left, side=side)
            for role, pixels in self._views(index)
        }

    def __getstate__(self) -> dict[str, Any]:
        """Without the mapping, which workers that are spawned open themselves."""
        return {**self.__dict__, "_bytes": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._bytes = self._mapped()

    @property
    def _pixels_file(self) -> Path:
        return self.folder / f"{self._fingerprint[:16]}.pixels"

    def _mapped(self) -> Pixels:
        # A plain array on top: slices of numpy's memmap class cost several microseconds each.
        return np.asarray(np.memmap(self._pixels_file, dtype=np.uint8, mode="r"))

    def _views(self, index: int) -> Iterator[tuple[str, Pixels]]:
        height, width = self._sizes[index]
        start = self._offsets[index]
        for role, channels in zip(self._order, self._channels, strict=True):
            stop = start + height * width * channels
            yield role, self._bytes[start:stop].reshape(height, width, channels)
            start = stop

    def _valid_index(self) -> dict[str, Any] | None:
        """Index of a cache that is complete and made from the source as it is now."""
        try:
            index: dict[str, Any] = json.loads((self.folder / _INDEX).read_text("utf-8"))
            if index["fingerprint"] != self._fingerprint:
                return None
            index["sizes"] = [(height, width) for height, width in index["sizes"]]
            expected = _offsets(index["sizes"], sum(index["channels"]))[-1]
            return index if self._pixels_file.stat().st_size == expected else None
        except (OSError, ValueError, KeyError):
            return None

    def _made_by_one_process(self, source: Source) -> dict[str, Any]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with locked(self.folder / "lock"):
            index = self._valid_index()  # another process may have made it while this one waited
            if index is None:
                index = self._built(source)
        return index

    def _built(self, source: Source) -> dict[str, Any]:
        sizes = [source.size(index) for index in range(len(source))]
        channels = [3] * len(self._order)
        if "condition" in source.roles:
            first = source.read(0)
            channels = [first[role].shape[2] for role in self._order]
        offsets = _offsets(sizes, sum(channels))
        part, written = self.folder / _PART, self.folder / _WRITTEN
        start = self._written_before(offsets)
        needed, free = offsets[-1] - offsets[start], shutil.disk_usage(self.folder).free
        if needed > free:
            raise InputError(
                f"the cache {self.folder} needs {needed / 1e9:.1f} GB and its disk has "
                f"{free / 1e9:.1f} GB free: make room or choose another folder"
            )
        try:
            with part.open("r+b" if start else "wb") as file:
                file.truncate(file.seek(offsets[start]))
                self._write_pixels(source, sizes, channels, file, start=start)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._pixels_file)
            written.unlink(missing_ok=True)
        finally:
            if not written.is_file():  # nothing to go on from
                part.unlink(missing_ok=True)
        index = {"layout": _LAYOUT, "fingerprint": self._fingerprint, "roles": self._order}
        index |= {"channels": channels, "names": source.names, "sizes": sizes}
        with replacing(self.folder / _INDEX) as file:
            file.write(json.dumps(index).encode())
        for old in self.folder.glob("*.pixels"):
            if old != self._pixels_file:
                old.unlink()  # processes that still read it keep it until they end
        return index

    def _written_before(self, offsets: list[int]) -> int:
        """How many pictures of this cache an interrupted process has left on the disk."""
        part, written = self.folder / _PART, self.folder / _WRITTEN
        try:
            state = json.loads(written.read_text("utf-8"))
            count = int(state["pictures"])
            if state["fingerprint"] == self._fingerprint and 0 < count < len(offsets):
                return count if part.stat().st_size >= offsets[count] else 0
        except (OSError, ValueError, KeyError, TypeError):
            pass
        written.unlink(missing_ok=True)
        return 0

    def _note_written(self, count: int, file: BinaryIO) -> None:
        """Remember, once they are on the disk, how many pictures are written."""
        file.flush()
        os.fsync(file.fileno())
        with replacing(self.folder / _WRITTEN) as stream:
            state = {"fingerprint": self._fingerprint, "pictures": count}
            stream.write(json.dumps(state).encode())

    def _write_pixels(
        self,
        source: Source,
        sizes: list[tuple[int, int]],
        channels: list[int],
        file: BinaryIO,
        *,
        start: int,
    ) -> None:
        decoded = _decoded(source, start)
        for index, pictures in _announced(decoded, range(start, len(source)), self.folder):
            if index > start and index % _AT_ONCE == 0:
                self._note_written(index, file)
            for role, expected in zip(self._order, channels, strict=True):
                height, width, actual = pictures[role].shape
                if (height, width) != sizes[index]:
                    raise InputError(
                        f"{role} {source.names[index]} has {width}x{height} pixels and its partner "
                        f"{sizes[index][1]}x{sizes[index][0]}: pairs must be of one size"
                    )
                if actual != expected:
                    raise InputError(
                        f"the class map of {source.names[index]} has {actual} classes and that of "
                        f"{source.names[0]} {expected}: make all maps with the same classes"
                    )
                file.write(np.ascontiguousarray(pictures[role]).data)


def prepared(source: Source, folder: str | Path | None, part: str = ".") -> Source:
    """The source itself, or its cache where a folder for one is given.

    Args:
        source: What to decode.
        folder: Where the cache of a data set lies, or nothing.
        part: Folder below it, where a data set is made of several sources.
    """
    return source if folder is None else Cached(source, Path(folder) / part)


def _fingerprint(source: Source) -> str:
    """Changes with the layout, the roles, the names and the files behind them."""
    digest = hashlib.sha256(repr((_LAYOUT, sorted(source.roles))).encode())
    for index, name in enumerate(source.names):
        digest.update(repr((name, source.stamp(index))).encode())
    return digest.hexdigest()


def _offsets(sizes: list[tuple[int, int]], channels: int) -> list[int]:
    """First byte of each picture, and the end of the last; Python integers do not overflow."""
    offsets = [0]
    for height, width in sizes:
        offsets.append(offsets[-1] + height * width * channels)
    return offsets


def _decoded(source: Source, start: int) -> Iterator[tuple[int, Pictures]]:
    """Pictures in order, from one on; decoders release the interpreter, threads are enough."""
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as threads:
        for first in range(start, len(source), _AT_ONCE):
            indices = range(first, min(first + _AT_ONCE, len(source)))
            yield from zip(indices, threads.map(source.read, indices), strict=True)


def _announced(
    pictures: Iterator[tuple[int, Pictures]], indices: range, folder: Path
) -> Iterator[tuple[int, Pictures]]:
    """The same pictures with a bar on a terminal, or with a line now and then elsewhere."""
    title = f"decoding {len(indices)} pictures into {folder}"
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import track

        yield from track(pictures, title, total=len(indices), console=Console(stderr=True))
        return
    print(title, file=sys.stderr, flush=True)
    said = time.monotonic()
    for index, picture in pictures:
        yield index, picture
        if time.monotonic() - said > _SECONDS:
            said = time.monotonic()
            done = index + 1 - indices.start
            print(f"decoded {done} of {len(indices)} pictures", file=sys.stderr, flush=True)


@contextmanager
def locked(lock: Path) -> Iterator[None]:
    """Wait until no other process is inside; the system lets go of the lock of a killed one."""
    if sys.platform == "win32":  # no such lock: prepare the cache with one process there
        yield
        return
    import fcntl

    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
