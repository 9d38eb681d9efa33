"""Pictures of Pillow: to pixels as a file of them would be read, and back."""

import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageOps

from deblurkit.errors import InputError, sentence
from deblurkit.imaging.formats.files import eight_bit
from deblurkit.imaging.formats.metadata import Metadata, fits_profile, upright
from deblurkit.imaging.formats.picture import Picture, channels_of
from deblurkit.imaging.formats.with_pillow import pillow_pixels

log = logging.getLogger(__name__)

GRAY = frozenset({"1", "L", "LA", "La"})
DEEP = "I;16"  # what modes of 16 bits begin with; Pillow has them for gray only
WHITE = 2**16 - 1
METRES_IN_AN_INCH = 0.0254
ASIDE = ("chromaticity", "dpi", "gamma", "srgb")  # of a picture's info, true after it is restored


def pillow_picture(image: PillowImage.Image) -> Picture:
    """Upright pixels with channels, opacity and metadata, as in a file of the same picture.

    >>> picture = pillow_picture(PillowImage.new("LA", (3, 2)))
    >>> picture.gray, picture.pixels.shape, picture.alpha.shape
    (True, (2, 3, 3), (2, 3))

    Raises:
        InputError: If its numbers have no white, or it cannot be decoded.
    """
    if image.mode in ("I", "F"):
        raise InputError(
            f"nothing says what is white in a PIL picture of mode {image.mode!r}; give a NumPy "
            "array of uint8, of uint16 or in [0, 1]"
        )
    try:
        turned = ImageOps.exif_transpose(image)
        metadata = metadata_of(turned)
        values, gray = values_of(turned, metadata.icc)
    except Exception as error:  # whatever Pillow raises for damaged files and odd modes
        raise InputError(f"this PIL picture cannot be decoded: {sentence(error)}") from error
    if image.mode == "CMYK":
        metadata = Metadata(exif=metadata.exif, xmp=metadata.xmp)  # its profile is of inks
    colours, opacity = (
        (values[..., :-1], values[..., -1]) if values.shape[2] in (2, 4) else (values, None)
    )
    return Picture(
        np.ascontiguousarray(np.broadcast_to(colours, (*values.shape[:2], 3))),
        gray=gray,
        alpha=None if opacity is None else np.ascontiguousarray(opacity),
        metadata=upright(metadata, 1, height=values.shape[0], width=values.shape[1]),
    )


def values_of(image: PillowImage.Image, icc: bytes) -> tuple[NDArray[Any], bool]:
    """Values (height, width, 1 to 4), and whether they are gray."""
    if image.mode.startswith(DEEP):
        levels = np.asarray(image).astype(np.uint16)[..., None]
        clear = image.info.get("transparency")
        if not isinstance(clear, int):
            return levels, True
        return np.dstack([levels, np.where(levels == clear, 0, WHITE).astype(np.uint16)]), True
    if image.mode in GRAY:
        values = np.asarray(image.convert("LA" if image.has_transparency_data else "L"))
        return values.reshape(*values.shape[:2], -1), True
    return pillow_pixels(image, icc), False


def metadata_of(image: PillowImage.Image) -> Metadata:
    """What stands beside the pixels, as far as other files can hold it too."""
    exif, icc, xmp = (image.info.get(key) for key in ("exif", "icc_profile", "xmp"))
    exif, icc, xmp = (part if isinstance(part, bytes) else b"" for part in (exif, icc, xmp))
    return Metadata(exif=exif.removeprefix(b"Exif\0\0"), icc=icc, xmp=xmp)


def as_pillow(picture: Picture, name: str) -> PillowImage.Image:
    """A picture of Pillow, with profile, camera data and notes in its ``info``.

    >>> image = as_pillow(Picture(np.zeros((2, 3, 3), np.uint16), gray=True), "dark.png")
    >>> image.mode, image.size
    ('I;16', (3, 2))

    Args:
        picture: What it shows.
        name: For the log: Pillow holds 16 bits of gray pictures only, without opacity.
    """
    values = channels_of(picture)
    if picture.bits == 16 and values.shape[2] > 1:
        log.warning(
            "%s has 16 bits per channel, of which a PIL picture in colour or with opacity holds 8; "
            "as a NumPy array it keeps them",
            name,
        )
        values = eight_bit(values)
    image = PillowImage.fromarray(values[..., 0] if values.shape[2] == 1 else values)
    metadata = picture.metadata
    if fits_profile(metadata.icc, 1 if values.shape[2] < 3 else 3):
        image.info["icc_profile"] = metadata.icc
    if metadata.exif:
        image.info["exif"] = b"Exif\0\0" + metadata.exif
    if metadata.xmp:
        image.info["xmp"] = metadata.xmp
    if metadata.resolution is not None:
        image.info["dpi"] = tuple(METRES_IN_AN_INCH * along for along in metadata.resolution)
    return image
