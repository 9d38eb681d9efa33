"""Pixels to the bytes of a picture file, with what travels beside them.

Everything is without loss except JPEG, which is written at quality 95 without subsampling. What a
format cannot hold beside the pixels is left out, and ``not_held`` names it: BMP holds a resolution
only, JPEG camera data and notes of at most 64 kB, and only PNG has PNG's own chunks.
"""

import io
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from deblurkit.imaging.formats.exif import exif_resolution
from deblurkit.imaging.formats.iptc import PHOTOSHOP, raw_profile, resources_of_iptc
from deblurkit.imaging.formats.metadata import PNG_XMP, Metadata, fits_profile
from deblurkit.imaging.formats.tiff.tags import MAP
from deblurkit.imaging.formats.tiff.writing import (
    EncodedPage,
    encoded_page,
    encoded_tiff,
    joined,
)

DEEP = frozenset({".png", ".tif", ".tiff"})  # hold 16 bits
TRANSPARENT = frozenset({".png", ".tif", ".tiff", ".webp"})  # hold opacity
_HELD = {  # beside the pixels
    ".bmp": frozenset({"resolution"}),
    ".jpg": frozenset({"exif", "icc", "xmp", "iptc", "comment", "resolution"}),
    ".png": frozenset({"exif", "icc", "xmp", "iptc", "comment", "resolution", "gamma", "text"}),
    ".tif": frozenset({"exif", "icc", "xmp", "iptc", "comment", "resolution", "map", "tags"}),
    ".webp": frozenset({"exif", "icc", "xmp"}),
}
_HELD |= {".jpeg": _HELD[".jpg"], ".tiff": _HELD[".tif"]}
_GAMMA, _TEXT = frozenset({b"cHRM", b"cICP", b"gAMA"}), frozenset({b"iTXt", b"tEXt", b"zTXt"})

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
    try:
        return ENCODERS[suffix](values, _fitting(metadata, suffix, values.shape[2]))
    except (cv2.error, OSError, ValueError, struct.error) as error:
        raise EncodingError(f"it cannot be encoded as {suffix} ({error})") from error


def encoded_stack_page(values: NDArray[Any], metadata: Metadata) -> EncodedPage:
    """A page of a TIFF file; arguments as of ``encoded``."""
    return encoded_page(values, _fitting(metadata, ".tif", values.shape[2]))


def encoded_stack(pages: Sequence[EncodedPage]) -> bytes:
    """The content of a TIFF file of several pages.

    Raises:
        EncodingError: If it would be longer than 4 GB.
    """
    try:
        return joined(pages)
    except struct.error as error:
        raise EncodingError("its pages take more than 4 GB, which TIFF cannot hold") from error


def _fitting(metadata: Metadata, suffix: str, channels: int) -> Metadata:
    """Without a profile of other channels."""
    fits = fits_profile(metadata.icc, 1 if channels < 3 and suffix != ".webp" else 3)
    return metadata if fits else replace(metadata, icc=b"")


def not_held(metadata: Metadata, suffix: str, channels: int) -> tuple[str, ...]:
    """What a file of this suffix is without, in words.

    Args:
        metadata: Of the picture.
        suffix: One of ``ENCODERS``.
        channels: Of the pixels that are written, 1 to 4.
    """
    kinds = {kind for kind, _ in metadata.chunks}
    numbers = {tag for tag, _ in metadata.tags}
    present = {
        "exif": ("its camera data", metadata.exif),
        "icc": ("its colour profile", metadata.icc),
        "xmp": ("its notes in XML", metadata.xmp),
        "iptc": ("its captions of the press (IPTC)", metadata.iptc),
        "comment": ("its comment", metadata.comment),
        "resolution": ("its resolution", metadata.resolution),
        "gamma": ("the gamma and colours that PNG tells", kinds & _GAMMA),
        "text": ("the text that PNG holds", kinds & _TEXT),
        "map": ("its place on the map (GeoTIFF)", numbers & MAP),
        "tags": (f"TIFF tags {', '.join(map(str, sorted(numbers - MAP)))}", numbers - MAP),
    }
    held = _HELD[suffix]
    if suffix == ".webp" and exif_resolution(metadata.exif):
        held |= {"resolution"}
    if suffix in (".jpg", ".jpeg"):
        held -= {key for key in ("exif", "xmp", "iptc") if len(getattr(metadata, key)) >= _SEGMENT}
    if not _fitting(metadata, suffix, channels).icc:
        held -= {"icc"}
    return tuple(words for key, (words, content) in present.items() if content and key not in held)


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
    if metadata.iptc:
        extra.append(_chunk(b"zTXt", raw_profile(b"iptc", metadata.iptc)))
    if metadata.comment:
        extra.append(_chunk(b"iTXt", b"Comment" + bytes(5) + _utf8(metadata.comment)))
    if metadata.resolution is not None:
        sides = (min(round(number), 2**31 - 1) for number in metadata.resolution)
        extra.append(_chunk(b"pHYs", struct.pack(">LLB", *sides, 1)))
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


def _utf8(text: bytes) -> bytes:
    try:
        return text.decode().encode()
    except UnicodeDecodeError:
        return text.decode("latin-1").encode()


def _chunk(kind: bytes, content: bytes) -> bytes:
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def _bmp(values: NDArray[Any], metadata: Metadata) -> bytes:
    content = bytearray(_by_opencv(".bmp", values))
    if metadata.resolution is not None:
        sides = (min(round(number), 2**31 - 1) for number in metadata.resolution)
        struct.pack_into("<ll", content, 38, *sides)
    return bytes(content)


def _by_opencv(suffix: str, values: NDArray[Any]) -> bytes:
    order = [[0], [2, 1, 0], [2, 1, 0, 3]][values.shape[2] // 2]
    complete, data = cv2.imencode(suffix, np.ascontiguousarray(values[..., order]))
    if not complete:
        raise EncodingError(f"OpenCV cannot encode it as {suffix}")
    return data.tobytes()


def _jpeg(values: NDArray[Any], metadata: Metadata) -> bytes:
    exif, xmp = (part if len(part) < _SEGMENT else b"" for part in (metadata.exif, metadata.xmp))
    beside: dict[str, Any] = {"exif": b"Exif\0\0" + exif} if exif else {}
    beside |= {"icc_profile": metadata.icc} if metadata.icc else {}
    beside |= {"xmp": xmp} if xmp else {}
    beside |= {"comment": metadata.comment[:_SEGMENT]} if metadata.comment else {}
    if metadata.resolution is not None:
        beside["dpi"] = tuple(min(round(0.0254 * number), 65535) for number in metadata.resolution)
    content = _by_pillow(values, "JPEG", quality=95, subsampling=0, **beside)
    if not 0 < len(metadata.iptc) < _SEGMENT:
        return content
    segment = PHOTOSHOP + resources_of_iptc(metadata.iptc)
    head = 4 + int.from_bytes(content[4:6], "big")  # the file's first segment, of its resolution
    marked = b"\xff\xed" + (len(segment) + 2).to_bytes(2, "big") + segment
    return content[:head] + marked + content[head:]


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
