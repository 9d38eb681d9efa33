"""Pictures at a part of their resolution, for papers that train and score at that size."""

import cv2
import numpy as np

from deblurkit.data.sources.base import Pictures, Pixels, Source
from deblurkit.errors import InputError


class Reduced(Source):
    """Every pixel is the mean of a square of pixels, for all pictures of a pair alike.

    Rows and columns that fill no square are left out, at the bottom and on the right. Blur becomes
    shorter by the same factor.

    Args:
        source: What to reduce; cache the reduced pictures, not the whole ones.
        factor: Side of the squares, pixels.

    Raises:
        InputError: If the factor is below 2.
    """

    def __init__(self, source: Source, *, factor: int) -> None:
        if factor < 2:
            raise InputError(f"pictures are reduced by 2 or more, got factor={factor}")
        self.source, self.factor = source, factor
        self.names, self.groups, self.roles = source.names, source.groups, source.roles

    def read(self, index: int) -> Pictures:
        """Whole picture or pair, reduced."""
        return self._all_reduced(self.source.read(index))

    def size(self, index: int) -> tuple[int, int]:
        """Height and width in pixels, reduced."""
        height, width = self.source.size(index)
        return height // self.factor, width // self.factor

    def stamp(self, index: int) -> str:
        """As the source, told apart from it."""
        kind = "halved" if self.factor == 2 else f"reduced by {self.factor}"
        return f"{kind} {self.source.stamp(index)}"

    def crop(self, index: int, *, top: int, left: int, side: int) -> Pictures:
        """As of every source, in pixels of the reduced pictures."""
        factor = self.factor
        crops = self.source.crop(index, top=factor * top, left=factor * left, side=factor * side)
        return self._all_reduced(crops)

    def _all_reduced(self, pictures: Pictures) -> Pictures:
        return {role: self._reduced(pixels) for role, pixels in pictures.items()}

    def _reduced(self, pixels: Pixels) -> Pixels:
        rows, columns = (extent // self.factor for extent in pixels.shape[:2])
        whole = pixels[: rows * self.factor, : columns * self.factor]
        reduced = cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA)
        return np.ascontiguousarray(reduced, dtype=np.uint8)
