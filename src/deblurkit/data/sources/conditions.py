"""Class maps in files: what a segmenter, run once beforehand, says of every pixel.

NumPy's own format holds any number of classes, as bytes or floats, and no reader cuts it to three
or four channels; several pages of a TIFF would have to be decoded one by one.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deblurkit.data.sources.base import Pixels
from deblurkit.errors import PictureError

SUFFIX = ".npy"
_TOLERANCE = 0.02  # of a sum; 8-bit maps of ten classes are off by that much


def read_condition(path: str | Path) -> Pixels:
    """Read a class map (classes, height, width), of floats that sum to 1 or of bytes to 255.

    Returns:
        Bytes of shape (height, width, classes): certainty of each class in steps of 1/255. A
        batch has them as floats, divided by their sum.

    Raises:
        PictureError: If the file is damaged, is no such array, or a pixel's values are negative,
            not finite or of another sum.
    """
    try:
        # Mapped, since a header may claim more than the file holds and the memory could.
        values = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError as error:
        raise _unusable(path, "there is no such file") from error
    except (OSError, ValueError, EOFError) as error:
        raise _unusable(path, "it is damaged or no array") from error
    if not isinstance(values, np.ndarray) or values.ndim != 3 or 0 in values.shape:
        raise _unusable(path, "a class map is an array (classes, height, width)")
    if values.dtype != np.uint8 and not np.issubdtype(values.dtype, np.floating):
        raise _unusable(path, f"a class map holds floats or uint8, this one {values.dtype}")
    certainty = values.astype(np.float32) / (255 if values.dtype == np.uint8 else 1)
    total = certainty.sum(axis=0)
    tolerance = max(_TOLERANCE, len(values) / 2 / 255)
    if not (np.abs(total - 1) <= tolerance).all() or certainty.min() < 0:
        raise _unusable(
            path, f"its classes must not be negative and {_words(values)} at each pixel"
        )
    return np.ascontiguousarray(np.rint(certainty * 255).astype(np.uint8).transpose(1, 2, 0))


def _words(values: NDArray[np.generic]) -> str:
    return f"sum to {255 if values.dtype == np.uint8 else 1}"


def _unusable(path: str | Path, reason: str) -> PictureError:
    return PictureError(f"{path} cannot be read: {reason}")
