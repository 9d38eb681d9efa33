"""A file's bytes as tensors, taken from the disk only when somebody looks at the numbers."""

import io
import math
import mmap
from pathlib import Path

import torch
from torch import Tensor

DIRECTORY = 4 * 2**20  # of an archive's list of members, bytes; one takes about 70


class Mapped:
    """A file of which a sparse or huge part costs nothing until it is used.

    Tensors may be changed; the file is not.

    Args:
        path: The file.

    Raises:
        ValueError: If it is empty.
        OSError: If it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        with path.open("rb") as stream:
            self.content = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_COPY)

    def __len__(self) -> int:
        return len(self.content)

    def part(self, offset: int, count: int) -> bytes:
        """Bytes at a place, fewer where the file ends."""
        return self.content[offset : offset + count]

    def values(self, offset: int, count: int, dtype: torch.dtype) -> Tensor:
        """Numbers in a row, of shape (count,).

        Args:
            offset: Of the first one, bytes.
            count: How many.
            dtype: What they are.

        Raises:
            ValueError: If the file does not hold as many.
        """
        if offset < 0 or count < 0 or offset + count * dtype.itemsize > len(self):
            raise ValueError(f"it claims {count} values where it does not hold them")
        if count == 0:
            return torch.empty(0, dtype=dtype)
        return torch.frombuffer(self.content, dtype=dtype, count=count, offset=offset)


class Careful(io.RawIOBase):
    """A mapped file for ``zipfile``, which would read a list of members of any length."""

    def __init__(self, file: Mapped) -> None:
        self.file, self.position = file, 0

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """The place in the file, bytes."""
        return self.position

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place."""
        self.position = max(0, offset + (0, self.position, len(self.file))[whence])
        return self.position

    def read(self, count: int = -1) -> bytes:
        """Bytes from there on.

        Raises:
            ValueError: If they are more than the list of members of any weights.
        """
        count = len(self.file) - self.position if count < 0 else count
        if count > DIRECTORY:
            raise ValueError("its archive has more members than any weights")
        content = self.file.part(self.position, count)
        self.position += len(content)
        return content


def viewed(values: Tensor, *, offset: object, size: object, stride: object) -> Tensor:
    """A tensor of a storage, as a file describes it.

    Args:
        values: The storage, of shape (count,).
        offset: Of the first value, in values.
        size: Of each dimension.
        stride: Of each dimension, in values.

    Raises:
        ValueError: If these are no numbers of a tensor inside the storage.
    """
    numbers = (
        (*size, *stride, offset) if isinstance(size, tuple) and isinstance(stride, tuple) else ()
    )
    if not numbers or not all(type(number) is int and 0 <= number < 2**48 for number in numbers):
        raise ValueError("a tensor's size is no list of whole numbers")
    sides, steps = numbers[: len(size)], numbers[len(size) : -1]  # type: ignore[arg-type]
    count = math.prod(sides)
    last = numbers[-1] + sum((side - 1) * step for side, step in zip(sides, steps, strict=False))
    if len(sides) != len(steps) or len(sides) > 16 or (count and last >= len(values)):
        raise ValueError(f"a tensor of size {sides} lies outside the {len(values)} values stored")
    return values.as_strided(sides, steps, numbers[-1]) if count else values[:0].reshape(sides)
