"""Picture files in and out without loss: one reader, one writer, one policy.

Every picture becomes RGB, turned upright (EXIF orientation applied once), 8 or 16 bits as in the
file; what else is needed to write it back as it came travels with it: one channel or three,
opacity, colour profile, camera data.
"""

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Shaped
from numpy.typing import NDArray
from torch import Tensor

from deblurkit.contracts import Image
from deblurkit.imaging.formats.decoded import Decoded
from deblurkit.imaging.formats.decoding import decoded, decoded_size
from deblurkit.imaging.formats.encoding import DEEP, TRANSPARENT, EncodingError, encoded
from deblurkit.imaging.formats.metadata import Metadata
from deblurkit.imaging.formats.picture import (
    Picture as Picture,
)
from deblurkit.imaging.formats.picture import (
    Pixels as Pixels,
)
from deblurkit.imaging.formats.picture import (
    channels_of,
    opened,
    picture_of,
    unwritable,
    written,
)
from deblurkit.imaging.suffixes import WRITABLE

Levels = Shaped[Tensor, "*batch channels height width"]  # whole numbers of a file, or in [0, 1]

PIXEL_LIMIT = 2**27  # pixels; a file of some kilobytes may claim to hold more than the memory


def read_image(path: str | Path) -> Pixels:
    """Read the RGB pixels of a picture, of shape (height, width, 3), uint8 or uint16.

    >>> write_image("white.png", np.full((2, 3, 3), 255, np.uint8))
    >>> read_image("white.png").shape
    (2, 3, 3)

    Raises:
        PictureError: As in ``read_picture``.
    """
    return read_picture(path).pixels


def read_picture(path: str | Path, *, pixel_limit: int = PIXEL_LIMIT) -> Picture:
    """Read a picture with its number of channels, its depth, its opacity and its metadata.

    Of several pictures in a file the first in full size is read, and ``left_out`` tells of the
    others. Gamma chunks and colour profiles are left alone: pixels are those of the file, where a
    Netpbm file says what is white scaled to that. Significant bits (PNG's sBIT, TIFF's largest
    value) scale nothing, as their specifications have it. Palettes become 8-bit RGB, so do inks
    (CMYK), through their profile where the file has one; two levels become 0 and 255, fewer than
    8 bits 8; a transparent colour becomes opacity, and premultiplied opacity is divided out.
    Floating-point numbers and signed integers are refused, since nothing says what is white, and
    so are RAW files, whose preview is not the photograph.

    >>> write_image("gray.png", np.full((2, 3), 255, np.uint8))
    >>> picture = read_picture("gray.png")
    >>> picture.gray, picture.pixels.shape
    (True, (2, 3, 3))

    Args:
        path: A file; its content decides the format, not its suffix.
        pixel_limit: Largest height times width.

    Raises:
        PictureError: If the file is missing, empty, truncated, too large or not a picture.
    """
    with opened(path) as file:
        return picture_of(decoded(file, pixel_limit=pixel_limit))


def picture_size(path: str | Path) -> tuple[int, int]:
    """Height and width in pixels once upright, read from the header alone.

    >>> write_image("white.png", np.full((2, 3, 3), 255, np.uint8))
    >>> picture_size("white.png")
    (2, 3)

    Raises:
        PictureError: If the file is missing or its header cannot be read.
    """
    with opened(path) as file:
        return decoded_size(file)


def write_image(path: str | Path, image: NDArray[np.generic]) -> None:
    """Write pixels as they are: uint8 and uint16 exactly, floats in [0, 1] rounded to 8 bits.

    >>> write_image("half.png", np.full((2, 3, 3), 0.5))
    >>> int(read_image("half.png").max())
    128

    Args:
        path: Its suffix chooses the format; missing folders are made.
        image: RGB of shape (height, width, 3), or gray of shape (height, width).

    Raises:
        PictureError: As in ``write_picture``.
        ValueError: If the shape or dtype is none of the above, or a float is not finite.
    """
    if np.issubdtype(image.dtype, np.floating):
        if not np.isfinite(image).all():
            raise ValueError("the image holds values that are not finite")
        image = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
    if image.dtype not in (np.uint8, np.uint16):
        raise ValueError(f"an image is uint8, uint16 or float, got {image.dtype}")
    if image.ndim != 2 and (image.ndim != 3 or image.shape[2] != 3):
        raise ValueError(f"an image is (height, width, 3) or (height, width), got {image.shape}")
    write_picture(path, picture_of(Decoded(image, image.ndim == 2, Metadata())))


def write_picture(path: str | Path, picture: Picture) -> None:
    """Write a picture with its channels, depth, opacity and metadata, all or nothing.

    A gray picture is written as the luminance (ITU-R BT.601) of its pixels, exact where the three
    channels are equal. JPEG is written at quality 95, everything else without loss. Metadata that
    the format cannot hold are left out, see ``deblurkit.imaging.formats.encoding``.

    >>> write_picture("deep.png", Picture(np.full((2, 3, 3), 1000, np.uint16)))
    >>> int(read_image("deep.png").max())
    1000

    Args:
        path: Its suffix chooses the format; missing folders are made.
        picture: What to write.

    Raises:
        PictureError: If the format does not exist or cannot hold the picture, or the disk refuses.
    """
    suffix = _able_suffix(path, picture)
    try:
        written(path, encoded(channels_of(picture), suffix, picture.metadata))
    except EncodingError as error:
        raise unwritable(path, str(error)) from error


def as_tensor(pixels: Pixels) -> Image:
    """Pixels of shape (height, width, 3) as a float32 tensor (3, height, width) in [0, 1].

    >>> as_tensor(np.full((1, 2, 3), 255, np.uint8)).unique()
    tensor([1.])
    """
    top = np.iinfo(pixels.dtype).max
    channels_first = np.ascontiguousarray(pixels.transpose(2, 0, 1), dtype=np.float32)
    return torch.from_numpy(channels_first) / top


def as_levels(pixels: Pixels) -> Levels:
    """The same whole numbers as a tensor (3, height, width), not copied.

    Large pictures travel like this: it takes a quarter or half of what ``as_tensor`` does.

    >>> levels = as_levels(np.full((1, 2, 3), 255, np.uint8))
    >>> levels.shape, levels.dtype
    (torch.Size([3, 1, 2]), torch.uint8)
    """
    return torch.from_numpy(pixels).permute(2, 0, 1)


def in_unit_range(image: Levels) -> Float[Tensor, "*batch channels height width"]:
    """Whole numbers of a file in [0, 1], as ``as_tensor`` has them; other numbers as they are.

    >>> in_unit_range(torch.full((3, 1, 2), 255, dtype=torch.uint8)).unique()
    tensor([1.])
    """
    if image.is_floating_point():
        return image
    return image.float() / torch.iinfo(image.dtype).max


def as_pixels(image: Levels, bits: int = 8) -> Pixels:
    """A tensor (3, height, width) in [0, 1] as pixels (height, width, 3), clamped and rounded.

    Whole numbers of a file stay as they are, in their own depth.

    >>> as_pixels(torch.full((3, 1, 1), 0.5)).tolist()
    [[[128, 128, 128]]]

    Raises:
        ValueError: If ``bits`` is neither 8 nor 16, or a value is not finite.
    """
    if bits not in (8, 16):
        raise ValueError(f"bits must be 8 or 16, got {bits}")
    if not image.is_floating_point():
        return image.permute(1, 2, 0).cpu().numpy()
    if not torch.isfinite(image).all():
        raise ValueError("the image holds values that are not finite")
    scaled: Tensor = (image.detach().float().clamp(0, 1) * (2**bits - 1)).round()
    dtype = np.uint8 if bits == 8 else np.uint16
    return np.ascontiguousarray(scaled.permute(1, 2, 0).cpu().numpy().astype(dtype))


def eight_bit(pixels: Pixels) -> NDArray[np.uint8]:
    """The same pixels with 8 bits, 16-bit ones rounded to the nearest.

    >>> eight_bit(np.full((1, 1, 3), 65535, np.uint16)).tolist()
    [[[255, 255, 255]]]
    """
    if pixels.dtype == np.uint8:
        return np.ascontiguousarray(pixels, dtype=np.uint8)
    return ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)  # 65535 = 255 * 257


def _able_suffix(path: str | Path, picture: Picture) -> str:
    """The file's suffix, if its format can hold the picture."""
    suffix = Path(path).suffix.lower()
    if suffix not in WRITABLE:
        raise unwritable(path, f"its suffix is none of {', '.join(sorted(WRITABLE))}")
    if picture.bits == 16 and suffix not in DEEP:
        raise unwritable(path, f"{suffix} holds 8 bits and the picture has 16; write a .png")
    if picture.alpha is not None and suffix not in TRANSPARENT:
        raise unwritable(path, f"{suffix} holds no transparency; write a .png")
    return suffix
