"""Pictures at half their resolution, for papers that train and score at that size."""

import cv2
import numpy as np

from deblurkit.data.sources.base import Pictures, Pixels, Source


class Halved(Source):
    """Every pixel is the mean of four, for all pictures of a pair alike.

    An odd last row or column is left out. Blur becomes half as long; 1280x720 becomes 640x360.

    Args:
        source: What to halve; cache the halves, not the whole pictures.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.names, self.groups, self.roles = source.names, source.groups, source.roles

    def read(self, index: int) -> Pictures:
        """Whole picture or pair, halved."""
        return _halves(self.source.read(index))

    def size(self, index: int) -> tuple[int, int]:
        """Height and width in pixels, halved."""
        height, width = self.source.size(index)
        return height // 2, width // 2

    def stamp(self, index: int) -> str:
        """As the source, told apart from it."""
        return f"halved {self.source.stamp(index)}"

    def crop(self, index: int, *, top: int, left: int, side: int) -> Pictures:
        """As of every source, in pixels of the halves."""
        return _halves(self.source.crop(index, top=2 * top, left=2 * left, side=2 * side))


def _halves(pictures: Pictures) -> Pictures:
    return {role: _half(pixels) for role, pixels in pictures.items()}


def _half(pixels: Pixels) -> Pixels:
    height, width = (2 * (extent // 2) for extent in pixels.shape[:2])
    half = cv2.resize(
        pixels[:height, :width], (width // 2, height // 2), interpolation=cv2.INTER_AREA
    )
    return np.ascontiguousarray(half, dtype=np.uint8)
