"""Photographs that come inside scikit-image: training without any download."""

from collections.abc import Sequence

import numpy as np

from deblurkit.data.sources.base import Pictures, Source
from deblurkit.errors import InputError

# Colour photographs whose files are in the wheel; the others of ``skimage.data`` are fetched from
# the network, are gray, or are drawings. The value is the function and what it shares with others.
_PHOTOS = {
    "astronaut": "astronaut",
    "chelsea": "chelsea",
    "coffee": "coffee",
    "hubble": "hubble_deep_field",
    "immunohistochemistry": "immunohistochemistry",
    "motorcycle_left": "stereo_motorcycle",
    "motorcycle_right": "stereo_motorcycle",
    "retina": "retina",
    "rocket": "rocket",
}
PHOTOS = tuple(_PHOTOS)
# Gray ones (CC0, or no known rights); they come as three equal channels.
GRAY_PHOTOS = ("brick", "camera", "coins", "grass", "gravel")


class Photos(Source):
    """Sharp photographs of scikit-image, held in memory.

    The two views of the motorcycle form one group, so that no share of them tests what another
    trained on.

    Args:
        names: Which ones of ``PHOTOS`` and ``GRAY_PHOTOS``, in this order; if not given, all in
            colour.

    Raises:
        InputError: If a name is unknown, repeated, or none is given.
    """

    def __init__(self, names: Sequence[str] = PHOTOS) -> None:
        known = (*PHOTOS, *GRAY_PHOTOS)
        unknown = [name for name in names if name not in known]
        if unknown or not names or len(set(names)) < len(names):
            wrong = f"unknown photograph {unknown[0]!r}" if unknown else "no name or one twice"
            raise InputError(f"{wrong}: give different names out of {', '.join(known)}")
        self.names = list(names)
        self.groups = [_PHOTOS.get(name, name) for name in names]
        self.roles = frozenset({"sharp"})
        self._pictures = [_photo(name) for name in names]

    def read(self, index: int) -> Pictures:
        """The photograph itself, not a copy."""
        return {"sharp": self._pictures[index]}

    def size(self, index: int) -> tuple[int, int]:
        """Height and width in pixels."""
        height, width, _ = self._pictures[index].shape
        return height, width

    def stamp(self, index: int) -> str:
        """Name and size: releases of scikit-image do not change the pixels."""
        return f"skimage {self.names[index]} {self.size(index)}"


def _photo(name: str) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    import skimage.data  # half a second that only this source costs

    answer = getattr(skimage.data, _PHOTOS.get(name, name))()
    if isinstance(answer, tuple):  # left, right, disparity
        answer = answer[0] if name.endswith("left") else answer[1]
    if answer.ndim == 2:
        answer = np.repeat(answer[..., None], 3, axis=2)
    return np.ascontiguousarray(answer, dtype=np.uint8)
