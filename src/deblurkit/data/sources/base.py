"""What the data module draws training pictures from: the protocol of all sources.

A source knows its pictures by position and gives pixels, never tensors. Everything that picks,
crops or stores pictures is a source again, so they nest: ``Cached(Share(FolderPairs(...)))``.
"""

import re
from abc import abstractmethod
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

# (height, width, 3), RGB, contiguous; of "condition" (height, width, classes), 255 is certainty.
# Eight bits everywhere but in a teacher's answers, which have sixteen.
Pixels = NDArray[np.uint8] | NDArray[np.uint16]
Pictures = dict[str, Pixels]  # keys among ROLES; one size, aligned pixel by pixel
ROLES = ("blurred", "sharp", "condition")


@runtime_checkable
class Source(Protocol):
    """Pictures by position; a class that derives from it inherits ``__len__`` and ``crop``.

    Attributes:
        names: Unique relative name of each picture, without suffix, ``/`` between folders.
        groups: What each picture belongs to; pictures of a group never part (see ``Share``).
        roles: Keys of every answer of ``read``.
    """

    names: list[str]
    groups: list[str]
    roles: frozenset[str]

    def __len__(self) -> int:
        """Number of pictures or pairs."""
        return len(self.names)

    @abstractmethod
    def read(self, index: int) -> Pictures:
        """Whole picture or pair, the caller's to keep but not to change.

        Raises:
            PictureError: If a file cannot be read.
        """

    @abstractmethod
    def size(self, index: int) -> tuple[int, int]:
        """Height and width in pixels, without decoding pixels."""

    @abstractmethod
    def stamp(self, index: int) -> str:
        """Text that changes when the pixels may have changed; caches compare it."""

    def files(self, index: int) -> dict[str, Path]:
        """File of each role; without an entry where the pixels are in no file of their own."""
        return {}

    def crop(self, index: int, *, top: int, left: int, side: int) -> Pictures:
        """The part of a square that lies inside the picture.

        This one reads the whole picture; sources that can do less replace it.

        Args:
            index: Position of the picture.
            top: First row, in pixels, not negative.
            left: First column, in pixels, not negative.
            side: Side of the square, in pixels; a smaller picture gives a smaller answer.
        """
        whole = self.read(index)
        return {
            role: window(pixels, top=top, left=left, side=side) for role, pixels in whole.items()
        }


def window(pixels: Pixels, *, top: int, left: int, side: int) -> Pixels:
    """A contiguous copy of the part of a square that lies inside the picture."""
    return pixels[top : top + side, left : left + side].copy()


def natural_order(name: str) -> list[str | int]:
    """Sorting key that puts ``frame2`` before ``frame10``."""
    parts: list[str | int] = list(re.split(r"([0-9]+)", name))
    parts[1::2] = [int(digits) for digits in parts[1::2]]
    return parts


def group_of(name: str) -> str:
    """The folder part of a name, or the name itself where it has none."""
    return name.rpartition("/")[0] or name


def file_stamp(path: Path) -> str:
    """Path, size in bytes and time of change of a file."""
    status = path.stat()
    return f"{path.resolve()} {status.st_size} {status.st_mtime_ns}"
