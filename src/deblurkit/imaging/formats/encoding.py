"""Pixels to the bytes of a picture file, with what travels beside them.

Everything is without loss except JPEG, which is written at quality 95 without subsampling. What a
format cannot hold beside the pixels is left out: BMP holds nothing, JPEG camera data and notes of
at most 64 kB, and only PNG has PNG's own chunks.
"""

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from deblurkit.imaging.formats.metadata import PNG_XMP, Metadata, fits_profile
from deblurkit.imaging.formats.tiff import encoded_tiff

DEEP = frozenset({".png", ".tif", ".tiff"})  # hold 16 bits
TRANSPARENT = frozenset({".png", ".tif", ".tiff", ".webp"})  # hold opacity

_SEGMENT = 65_000  # bytes; a little less than a segment of JPEG can hold
_PNG_HEAD = 33  # bytes of a PNG's signature and first chunk
_LARGE = 2**24  # pixels
_STRIP = 2**22  # bytes of rows that are packed at a time
_UP, _LEVEL = 2, 1  # PNG's number of the filter; as little work as deflate can do


class EncodingError(ValueError):
    """The pixels cannot be written in this format; the message is the reason."""


def encoded(values: NDArray[Any], suffix: str, metadata: Metadata) -> bytes:
    """The content of a file.

    Args:
        values: (height, width, channels), uint8 or uint16: gray, gray and opacity, RGB or RGBA.
        suffix: One of ``ENCODERS``; it must be able to hold the depth and the channels.
        metadata: What to write beside the pixels; a profile of other channels is left out.

    Raises:
        EncodingError: If the format refuses, for example because a side is too long.
    """
    if not fits_profile(metadata.icc, 1 if values.shape[2] < 3 and suffix != ".webp" else 3):
        metadata = Metadata(exif=metadata.exif, xmp=metadata.xmp, chunks=metadata.chunks)
    try:
        return ENCODERS[suffix](values, metadata)
    except (cv2.error, OSError, ValueError, struct.error) as error:
        raise EncodingError(f"it cannot be encoded as {suffix} ({error})") from error


def _png(values: NDArray[Any], metadata: Metadata) -> bytes:
    striped = values.shape[2] == 2 or values[..., 0].size > _LARGE
    plain = _striped_png(values) if striped else _by_opencv(".png", values)
    extra = [_chunk(kind, content) for kind, content in metadata.chunks]
    if metadata.icc:
        extra.append(_chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(metadata.icc)))
    if metadata.exif:
        extra.append(_chunk(b"eXIf", metadata.exif))
    if metadata.xmp:
        extra.append(_chunk(b"iTXt", PNG_XMP + bytes(4) + metadata.xmp))
    return b"".join([plain[:_PNG_HEAD], *extra, plain[_PNG_HEAD:]])


def _striped_png(values: NDArray[Any]) -> bytes:
    """Packed some rows at a time, each stored less the one above; takes little memory.

    OpenCV writes no gray with opacity, and holds a large picture several times.
    """
    height, width, channels = values.shape
    color = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    head = struct.pack(">IIBBBBB", width, height, 8 * values.itemsize, color, 0, 0, 0)
    step = max(1, _STRIP // values[0].nbytes)
    packer = zlib.compressobj(_LEVEL)
    packed: list[bytes] = []
    above = np.zeros((1, values[0].nbytes), np.uint8)
    for top in range(0, height, step):
        strip = values[top : top + step]
        rows = strip.astype(strip.dtype.newbyteorder(">")).view(np.uint8).reshape(len(strip), -1)
        less = rows - np.concatenate([above, rows[:-1]])
        above = rows[-1:]
        filtered = np.pad(less, ((0, 0), (1, 0)), constant_values=_UP)
        packed.append(_chunk(b"IDAT", packer.compress(filtered.tobytes())))
    packed.append(_chunk(b"IDAT", packer.flush()))
    signature = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head)
    return b"".join([signature, *packed, _chunk(b"IEND", b"")])


def _chunk(kind: bytes, content: bytes) -> bytes:
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def _bmp(values: NDArray[Any], _: Metadata) -> bytes:
    return _by_opencv(".bmp", values)


def _by_opencv(suffix: str, values: NDArray[Any]) -> bytes:
    order = [[0], [2, 1, 0], [2, 1, 0, 3]][values.shape[2] // 2]
    made, data = cv2.imencode(suffix, np.ascontiguousarray(values[..., order]))
    if not made:
        raise EncodingError(f"OpenCV cannot encode it as {suffix}")
    return data.tobytes()


def _jpeg(values: NDArray[Any], metadata: Metadata) -> bytes:
    exif, xmp = (part if len(part) < _SEGMENT else b"" for part in (metadata.exif, metadata.xmp))
    beside: dict[str, Any] = {"exif": b"Exif\0\0" + exif} if exif else {}
    beside |= {"icc_profile": metadata.icc} if metadata.icc else {}
    beside |= {"xmp": xmp} if xmp else {}
    return _by_pillow(values, "JPEG", quality=95, subsampling=0, **beside)


def _webp(values: NDArray[Any], metadata: Metadata) -> bytes:
    beside = {"icc_profile": metadata.icc, "exif": metadata.exif, "xmp": metadata.xmp}
    return _by_pillow(values, "WEBP", lossless=True, exact=True, **beside)


def _by_pillow(values: NDArray[Any], name: str, **options: Any) -> bytes:
    single = values.shape[2] == 1
    stream = io.BytesIO()
    PillowImage.fromarray(values[..., 0] if single else values).save(stream, name, **options)
    return stream.getvalue()


ENCODERS: dict[str, Callable[[NDArray[Any], Metadata], bytes]] = {
    ".bmp": _bmp,
    ".jpeg": _jpeg,
    ".jpg": _jpeg,
    ".png": _png,
    ".tif": encoded_tiff,
    ".tiff": encoded_tiff,
    ".webp": _webp,
}
WRITABLE = frozenset(ENCODERS)  # suffixes
READABLE = WRITABLE | {".gif", ".pgm", ".ppm"}
