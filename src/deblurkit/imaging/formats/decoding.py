"""A picture file to pixels: which decoder, and what is refused before it runs.

OpenCV decodes, since Pillow cuts 16-bit colour to 8 in silence; Pillow reads headers and decodes
what OpenCV gets wrong (palettes, CMYK, TIFF of 8 bits). Files are not trusted.
"""

import io
import logging
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    ImageCms,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
)
from PIL import Image as PillowImage

from deblurkit.imaging.formats.containers import (
    CUT,
    PARTS_LIMIT,
    Container,
    DecodingError,
    File,
    opened_container,
    refuse_endless_jpeg,
    webp_size,
)
from deblurkit.imaging.formats.metadata import Metadata, metadata_of, orientation, turned, upright
from deblurkit.imaging.formats.tiff import TiffLayout, deep_pixels, layout, notes

log = logging.getLogger(__name__)

# Opened by name: Image.open has a limit of pixels of its own, for the whole process.
_PLUGINS = {
    "BMP": BmpImagePlugin.BmpImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "JPEG": JpegImagePlugin.JpegImageFile,
    "PNG": PngImagePlugin.PngImageFile,
    "PPM": PpmImagePlugin.PpmImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
}
_GRAY_MODES = frozenset({"1", "F", "I", "I;16", "I;16B", "I;16L", "L", "LA", "La"})
_PILLOW_MODES = frozenset({"1", "CMYK", "HSV", "LAB", "P", "PA", "YCbCr"})
_SWAPPED = {3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGBA}
_SMALL = 2**24  # pixels; below, no claim of a header does harm
_PACKING = 3000  # deflate packs 1032 bytes into one at best, LZW some 2700
_opencv_log = getattr(cv2.utils, "logging", cv2)  # where OpenCV 5 and 4 keep it


class Decoded(NamedTuple):
    """Pixels of a file, upright.

    Args:
        values: (height, width), or (height, width, 3 or 4) as RGB or RGBA; uint8 or uint16.
        gray: Whether the file has one channel, opacity aside.
        metadata: What the file says beside its pixels, true for the upright ones.
    """

    values: NDArray[Any]
    gray: bool
    metadata: Metadata


class _Header(NamedTuple):
    """What is known before pixels are decoded; height and width as the decoder will give them."""

    container: Container
    height: int
    width: int
    depth: int  # bytes per pixel, once decoded
    pillow: PillowImage.Image | None  # None for WebP and 16-bit TIFF, where Pillow is of no use
    stored: TiffLayout | None  # of TIFF files


def decoded(file: File, *, pixel_limit: int) -> Decoded:
    """Decode the first picture of a file.

    Raises:
        DecodingError: If it is empty, truncated, too large or no picture.
    """
    # The decoders raise whatever comes to their mind for damaged files, down to struct.error.
    try:
        return _decoded(file, pixel_limit)
    except DecodingError:
        raise
    except Exception as error:
        if isinstance(error, MemoryError) or getattr(error, "code", 0) == cv2.Error.StsNoMem:
            raise DecodingError("it needs more memory than there is") from error
        raise DecodingError(f"{CUT} ({error})") from error


def decoded_size(file: File) -> tuple[int, int]:
    """Height and width in pixels once upright, from the header alone.

    Raises:
        DecodingError: If there is no readable header.
    """
    try:
        header = _header(file)
        swapped = orientation(metadata_of(header.container).exif) >= 5
        return (header.width, header.height) if swapped else (header.height, header.width)
    except DecodingError:
        raise
    except Exception as error:
        raise DecodingError(f"{CUT} ({error})") from error


def _header(file: File) -> _Header:
    container = opened_container(file)
    if container.format == "WEBP":
        width, height = webp_size(file)
        return _Header(container, height, width, 4, None, None)
    stored = layout(file, container.size) if container.format == "TIFF" else None
    if stored is not None and stored.bits == 16 and not stored.inks:
        depth = 2 * stored.samples
        return _Header(container, stored.height, stored.width, depth, None, stored)
    file.seek(0)
    pillow = _PLUGINS[container.format](file)
    return _Header(container, pillow.height, pillow.width, len(pillow.getbands()), pillow, stored)


def _decoded(file: File, pixel_limit: int) -> Decoded:
    header = _header(file)
    _refuse_large(header, pixel_limit)
    file.seek(0)
    data = file.read()
    metadata = notes(file) if header.stored is not None else metadata_of(header.container)
    if header.container.format == "JPEG":
        refuse_endless_jpeg(data)
    if header.pillow is None:
        pixels = _opencv_pixels(data)
        if header.stored is not None:
            pixels = deep_pixels(data, header.stored, pixels)
        gray = pixels is not None and header.stored is not None and header.stored.gray
    elif _is_for_pillow(header):
        pixels = pillow_pixels(header.pillow, metadata.icc)
        gray = header.pillow.mode in _GRAY_MODES
    else:
        pixels = _opencv_pixels(data)
        gray = header.pillow.mode in _GRAY_MODES or _is_gray_png(data)
    if pixels is None or pixels.shape[:2] != (header.height, header.width):
        raise DecodingError(CUT)
    if pixels.dtype not in (np.uint8, np.uint16):
        raise DecodingError(f"it holds {pixels.dtype} values; save it with 8 or 16 bits")
    if gray and header.container.format == "PNG":
        pixels = _with_transparent_level(pixels, header.container, depth=data[24])
    if header.pillow is not None and header.pillow.mode == "CMYK":
        metadata = Metadata(exif=metadata.exif, xmp=metadata.xmp)  # its profile is of inks
    pixels = turned(pixels, orientation(metadata.exif))
    return Decoded(pixels, gray, upright(metadata, *pixels.shape[:2]))


def _refuse_large(header: _Header, pixel_limit: int) -> None:
    pixels, size = header.width * header.height, header.container.size
    claim = f"it claims {header.width}x{header.height} pixels"
    if pixels > pixel_limit:
        raise DecodingError(f"{claim} and the limit is {pixel_limit}")
    mode = None if header.pillow is None else header.pillow.mode
    unpacked = pixels * header.depth / (8 if mode == "1" else 1)
    if pixels > _SMALL and unpacked > _PACKING * size:
        raise DecodingError(f"{claim}, which cannot be in so few bytes")
    if size > 16 * pixel_limit + 2 * PARTS_LIMIT:
        raise DecodingError(f"it is larger than any picture of {pixel_limit} pixels, the limit")


def _is_for_pillow(header: _Header) -> bool:
    assert header.pillow is not None
    if header.container.format == "PNG" and header.pillow.mode == "1":
        return False
    return header.container.format == "TIFF" or header.pillow.mode in _PILLOW_MODES


def _is_gray_png(data: bytes) -> bool:
    return data.startswith(b"\x89PNG") and data[25] in (0, 4)


def pillow_pixels(picture: PillowImage.Image, icc: bytes) -> NDArray[Any]:
    """RGB, or RGBA where something is transparent, of a picture that Pillow has opened.

    Args:
        picture: Of 8 bits or fewer.
        icc: Its profile, through which inks become RGB; may be empty.
    """
    if picture.mode == "CMYK" and icc:
        try:
            srgb, inks = ImageCms.createProfile("sRGB"), io.BytesIO(icc)
            shown = ImageCms.profileToProfile(picture, inks, srgb, outputMode="RGB")
            return np.asarray(shown)
        except (ImageCms.PyCMSError, OSError):
            log.warning("a colour profile does not fit its CMYK picture and was not used")
    opaque = picture.mode not in ("LA", "PA", "RGBA") and "transparency" not in picture.info
    return np.asarray(picture.convert("RGB" if opaque else "RGBA"))


def _opencv_pixels(data: bytes) -> NDArray[Any] | None:
    level = _opencv_log.getLogLevel()
    _opencv_log.setLogLevel(0)  # our sentence is enough
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    finally:
        _opencv_log.setLogLevel(level)
    if pixels is None or pixels.ndim == 2:
        return pixels
    return cv2.cvtColor(pixels, _SWAPPED[pixels.shape[2]])


def _with_transparent_level(pixels: NDArray[Any], container: Container, depth: int) -> NDArray[Any]:
    """Gray pixels of a PNG that declares one level to be transparent, as RGBA."""
    level = dict(container.parts).get(b"tRNS")
    if level is None or pixels.ndim != 2:
        return pixels
    top = np.iinfo(pixels.dtype).max
    hidden = int.from_bytes(level[:2], "big") * (top // (2**depth - 1))
    return np.dstack([pixels] * 3 + [np.where(pixels == hidden, 0, top).astype(pixels.dtype)])
