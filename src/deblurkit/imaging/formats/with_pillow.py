"""Pixels of 8 bits and fewer that Pillow decodes, with inks and L*a*b* brought to RGB."""

import io
import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageCms

GRAY_MODES = frozenset({"1", "F", "I", "I;16", "I;16B", "I;16L", "L", "LA", "La"})
_log = logging.getLogger(__name__)


def pillow_pixels(picture: PillowImage.Image, icc: bytes) -> NDArray[Any]:
    """RGB, or RGBA where something is transparent, of a picture that Pillow has opened.

    Args:
        picture: Of 8 bits or fewer.
        icc: Its profile, through which inks become RGB; may be empty.
    """
    if picture.mode == "LAB":
        picture.load()
        return _by_profile(picture, ImageCms.createProfile("LAB"))
    if picture.mode == "CMYK" and icc:
        try:
            return _by_profile(picture, io.BytesIO(icc))
        except (ImageCms.PyCMSError, OSError):
            _log.warning("a colour profile does not fit its CMYK picture and was not used")
    opaque = picture.mode not in ("LA", "PA", "RGBA") and "transparency" not in picture.info
    return np.asarray(picture.convert("RGB" if opaque else "RGBA"))


def _by_profile(picture: PillowImage.Image, profile: Any) -> NDArray[Any]:
    srgb = ImageCms.createProfile("sRGB")
    return np.asarray(ImageCms.profileToProfile(picture, profile, srgb, outputMode="RGB"))
