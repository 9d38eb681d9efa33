"""Which pictures show the same: equal files, and equal or neighbouring pictures by thumbnails.

Nothing here costs more than some dozen decoded pictures, however large a data set is.
"""

import hashlib
import logging
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from deblurkit.data.sources.base import Pixels, Source

SIDE = 16  # of thumbnails, pixels; blur of a usual size does not change them much
FLAT = 2.0  # grey levels; a thumbnail that varies less could be anything
ALIKE = 0.1  # of a thumbnail's own deviation; photographs of different scenes differ by 1 and more
_NEAR = 0.5  # of the distance of pictures far apart; neighbouring photographs lie about 1
_STILL = 3.0  # grey levels; where the camera stands still, all frames are as near as that
_HEAD = 2**16  # bytes of a file that are read before all of them are

_log = logging.getLogger(__name__)

Thumbnail = NDArray[np.float32]  # (SIDE, SIDE, 3), grey levels


def thumbnail(source: Source, index: int) -> Thumbnail:
    """The sharp picture of a source, or the blurred one where it has no other, 16 pixels wide.

    Raises:
        PictureError: If it cannot be read.
    """
    pictures = source.read(index)
    return reduced(pictures["sharp" if "sharp" in pictures else "blurred"])


def reduced(pixels: Pixels) -> Thumbnail:
    """A picture as a thumbnail, whatever its shape; each pixel is the mean of its part."""
    resized = cv2.resize(pixels.astype(np.float32), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(resized, dtype=np.float32)


def distance(first: Thumbnail, second: Thumbnail) -> float:
    """Root mean square of the difference, in grey levels."""
    return float(np.sqrt(np.mean((first - second) ** 2)))


def same_scene(first: Thumbnail, second: Thumbnail) -> bool:
    """Whether two thumbnails are of one picture, or of one before and after a slight change.

    Flat ones never are: two black pictures need not be one.
    """
    deviation = float(first.std())
    return deviation > FLAT and distance(first, second) < ALIKE * deviation


def of_video(triples: Sequence[tuple[Thumbnail, Thumbnail, Thumbnail]]) -> bool:
    """Whether neighbours are much nearer to each other than pictures that are far apart.

    Args:
        triples: Thumbnails of a picture, of its neighbour and of one far from both.
    """
    near = float(np.median([distance(picture, neighbour) for picture, neighbour, _ in triples]))
    far = float(np.median([distance(picture, distant) for picture, _, distant in triples]))
    return near < max(_NEAR * far, _STILL)


def contents(files: Sequence[Path]) -> list[tuple[object, ...]]:
    """A key of what each file holds: equal for files that are equal byte by byte, and for no other.

    Only files of equal size are opened, and only those of equal beginnings are read to the end.
    What cannot be read equals nothing.
    """
    keys: list[tuple[object, ...]] = [(_size(file),) for file in files]
    for further in (_head, _digest):
        counts = Counter(keys)
        keys = [
            key if counts[key] == 1 else (*key, further(file))
            for key, file in zip(keys, files, strict=True)
        ]
    return keys


def equal_files(files: Sequence[Path], others: Sequence[Path]) -> dict[Path, Path]:
    """Those of the first files that equal one of the others, with that one."""
    keys = contents([*files, *others])
    known = dict(reversed(list(zip(keys[len(files) :], others, strict=True))))  # the first of each
    return {file: known[key] for file, key in zip(files, keys, strict=False) if key in known}


def spread(count: int, samples: int) -> list[int]:
    """Positions spread evenly over all, at most as many as there are."""
    return np.linspace(0, count - 1, min(samples, count)).round().astype(int).tolist()


@lru_cache(maxsize=64)
def warn_once(message: str) -> None:
    """Say what the sources of training, validation and test would all say."""
    _log.warning(message)


def _size(file: Path) -> int | Path:
    try:
        return file.stat().st_size
    except OSError:
        return file


def _head(file: Path) -> bytes | Path:
    try:
        with file.open("rb") as stream:
            return hashlib.sha256(stream.read(_HEAD)).digest()
    except OSError:
        return file


def _digest(file: Path) -> bytes | Path:
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").digest()
    except OSError:
        return file
