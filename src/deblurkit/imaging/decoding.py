"""Bytes of a picture file to pixels: which decoder, and what is refused before it runs.

OpenCV decodes, since Pillow cuts 16-bit colour to 8 in silence; Pillow reads the header, refuses
what is no picture and converts what OpenCV gets wrong (palettes, CMYK). Files are not trusted.
"""

import io
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import UnidentifiedImageError

FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")  # nothing else is tried on bytes

_GRAY_MODES = frozenset({"1", "F", "I", "I;16", "I;16B", "I;16L", "L", "LA", "La"})
_PILLOW_MODES = frozenset({"1", "CMYK", "HSV", "LAB", "P", "PA", "YCbCr"})
_ORIENTATION = 0x0112  # the EXIF tag
_SMALL = 2**24  # pixels; below, no claim of a header does harm
_PACKING = 3000  # deflate packs 1032 bytes into one at best, LZW some 2700
_logging = getattr(cv2.utils, "logging", cv2)  # where OpenCV 5 and 4 keep it


class DecodingError(ValueError):
    """The bytes are no picture that can be decoded; the message is the reason."""


class Decoded(NamedTuple):
    """Pixels of a file, upright.

    Args:
        values: (height, width), or (height, width, 3 or 4) as RGB or RGBA; uint8 or uint16.
        gray: Whether the file has one channel, alpha aside.
    """

    values: NDArray[Any]
    gray: bool


def decoded(data: bytes, *, pixel_limit: int) -> Decoded:
    """Decode the first picture of a file.

    Raises:
        DecodingError: If it is empty, truncated, too large or no picture.
    """
    if not data:
        raise DecodingError("it is empty")
    if _is_cut_png(data) or _is_cut_jpeg(data):
        raise DecodingError("it is truncated or damaged")
    # The decoders raise whatever comes to their mind for damaged files, down to struct.error.
    try:
        with _opened(io.BytesIO(data)) as header:
            _refuse_large(header, size=len(data), pixel_limit=pixel_limit)
            mode, orientation = header.mode, _orientation(header)
            by_pillow = mode in _PILLOW_MODES or (mode, header.format) == ("LA", "TIFF")
            values = _pillow_pixels(header) if by_pillow else _opencv_pixels(data)
            height_width = (header.height, header.width)
    except DecodingError:
        raise
    except Exception as error:
        raise DecodingError(f"it is truncated or damaged ({error})") from error
    if values is None or values.shape[:2] != height_width:
        raise DecodingError("it is truncated or damaged")
    if values.dtype not in (np.uint8, np.uint16):
        raise DecodingError(f"it holds {values.dtype} values; save it with 8 or 16 bits")
    return Decoded(_upright(values, orientation), mode in _GRAY_MODES)


def decoded_size(file: io.BufferedReader) -> tuple[int, int]:
    """Height and width in pixels once upright, from the header alone.

    Raises:
        DecodingError: If there is no readable header.
    """
    try:
        with _opened(file) as header:
            turned = _orientation(header) >= 5
            return (header.width, header.height) if turned else (header.height, header.width)
    except DecodingError:
        raise
    except Exception as error:
        raise DecodingError(f"it is truncated or damaged ({error})") from error


def _opened(file: io.BufferedReader | io.BytesIO) -> PillowImage.Image:
    try:
        return PillowImage.open(file, formats=FORMATS)
    except PillowImage.DecompressionBombError as error:
        raise DecodingError("it claims more pixels than can be decoded safely") from error
    except UnidentifiedImageError as error:
        kinds = ", ".join(FORMATS)
        raise DecodingError(f"it is no {kinds} picture with 8 or 16 bits per channel") from error


def _refuse_large(header: PillowImage.Image, *, size: int, pixel_limit: int) -> None:
    pixels = header.width * header.height
    claim = f"it claims {header.width}x{header.height} pixels"
    if pixels > pixel_limit:
        raise DecodingError(f"{claim} and the limit is {pixel_limit}")
    unpacked = pixels * len(header.getbands()) / (8 if header.mode == "1" else 1)
    if pixels > _SMALL and unpacked > _PACKING * size:
        raise DecodingError(f"{claim}, which cannot be in {size} bytes")


def _is_cut_png(data: bytes) -> bool:
    """Whether a chunk ends outside; OpenCV would set aside the gigabytes that its length claims."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return False
    place = 8
    while data[place + 4 : place + 8] != b"IEND":
        place += 12 + int.from_bytes(data[place : place + 4], "big")
        if place + 8 > len(data):
            return True
    return False


def _is_cut_jpeg(data: bytes) -> bool:
    """Whether no end follows the first scan; OpenCV 4 would fill the rest with gray in silence."""
    if not data.startswith(b"\xff\xd8\xff"):
        return False
    place = 2
    while data[place : place + 1] == b"\xff" and data[place + 1 : place + 2] != b"\xda":
        # a thumbnail has an end of its own, inside a segment that is stepped over here
        place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return data.find(b"\xff\xd9", place) < 0


def _orientation(header: PillowImage.Image) -> int:
    """EXIF orientation still to be applied, 1 to 8; both decoders turn TIFF files themselves."""
    value = 1 if header.format == "TIFF" else header.getexif().get(_ORIENTATION, 1)
    return value if value in range(1, 9) else 1


def _pillow_pixels(header: PillowImage.Image) -> NDArray[np.generic]:
    opaque = header.mode not in ("LA", "PA") and "transparency" not in header.info
    return np.asarray(header.convert("RGB" if opaque else "RGBA"))


def _opencv_pixels(data: bytes) -> NDArray[np.generic] | None:
    level = _logging.getLogLevel()
    _logging.setLogLevel(0)  # our sentence is enough
    try:
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    finally:
        _logging.setLogLevel(level)
    if decoded is None or decoded.ndim == 2:
        return decoded
    return decoded[..., [2, 1, 0, 3][: decoded.shape[2]]]


def _upright(decoded: NDArray[np.generic], orientation: int) -> NDArray[np.generic]:
    if orientation >= 5:
        decoded = decoded.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        decoded = decoded[::-1]
    if orientation in (2, 3, 6, 7):
        decoded = decoded[:, ::-1]
    return decoded
