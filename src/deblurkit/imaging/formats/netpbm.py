"""Netpbm pictures: PBM, PGM and PPM, as text or packed, of any maximum.

Written here since OpenCV scales packed values by no maximum and text by some, and Pillow cuts
16-bit colour to 8.

Source: the manual pages pbm(5), pgm(5) and ppm(5) of Netpbm 10.
"""

import re
import warnings
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deblurkit.imaging.formats.containers import CUT, DecodingError, File

_HEAD = 2**12  # bytes; comments included
_TEXT = 16  # bytes of a value and what stands around it, at most
_FIELD = rb"(?:\s|#[^\n\r]*[\n\r])+(\d{1,9})"
_TWO_LEVELS, _THREE_FIELDS = (
    re.compile(rb"P[14]" + 2 * _FIELD),
    re.compile(rb"P[2356]" + 3 * _FIELD),
)
_COMMENT = re.compile(rb"#[^\n\r]*")


class NetpbmHeader(NamedTuple):
    """What stands before the pixels.

    Args:
        text: Whether the values are written in digits.
        height: Pixels.
        width: Pixels.
        channels: 1 or 3.
        top: What stands for white, 1 to 65,535; of two levels 1.
        two_levels: Whether pixels are bits, of which 1 is black.
        start: Position of the pixels.
    """

    text: bool
    height: int
    width: int
    channels: int
    top: int
    two_levels: bool
    start: int

    @property
    def bits(self) -> int:
        """Of each channel once decoded."""
        return 8 if self.top < 256 else 16


def netpbm_header(file: File) -> NetpbmHeader:
    """Read what stands before the pixels.

    Raises:
        DecodingError: If it is cut or its maximum is out of range.
    """
    file.seek(0)
    head = file.read(_HEAD)
    kind = int(head[1:2])
    match = (_TWO_LEVELS if kind in (1, 4) else _THREE_FIELDS).match(head)
    if match is None:
        raise DecodingError(CUT)
    width, height, *rest = (int(field) for field in match.groups())
    top = rest[0] if rest else 1
    if not 0 < top < 65536:
        raise DecodingError(f"its maximum is {top}; it must be 1 to 65535")
    return NetpbmHeader(
        text=kind < 4,
        height=height,
        width=width,
        channels=3 if kind in (3, 6) else 1,
        top=top,
        two_levels=kind in (1, 4),
        start=match.end() + 1,  # a single white space
    )


def netpbm_pixels(file: File, header: NetpbmHeader) -> NDArray[Any]:
    """Pixels (height, width) or (height, width, 3), scaled so that the maximum is white.

    Raises:
        DecodingError: If values are missing, or larger than the maximum.
    """
    file.seek(header.start)
    count = header.height * header.width * header.channels
    values = _from_text(file, header, count) if header.text else _from_bytes(file, header, count)
    if header.two_levels:
        values = 1 - values
    if values.max(initial=0) > header.top:
        raise DecodingError(f"it holds values above its maximum of {header.top}")
    white = 2**header.bits - 1
    if header.top != white:
        values = (values.astype(np.uint32) * white + header.top // 2) // header.top
    shape = (header.height, header.width, header.channels)
    pixels = values.astype(np.uint8 if header.bits == 8 else np.uint16).reshape(shape)
    return pixels if header.channels == 3 else pixels[..., 0]


def _from_bytes(file: File, header: NetpbmHeader, count: int) -> NDArray[Any]:
    row = -(-header.width // 8)  # bytes, of bits
    dtype = np.dtype(np.uint8 if header.bits == 8 else ">u2")
    length = header.height * row if header.two_levels else count * dtype.itemsize
    content = file.read(length)
    if len(content) < length:
        raise DecodingError(CUT)
    if not header.two_levels:
        return np.frombuffer(content, dtype)
    packed = np.frombuffer(content, np.uint8).reshape(header.height, row)
    return np.unpackbits(packed, axis=1)[:, : header.width].ravel()


def _from_text(file: File, header: NetpbmHeader, count: int) -> NDArray[Any]:
    content = _COMMENT.sub(b"", file.read(_TEXT * count + _HEAD))
    if header.two_levels:  # digits need no white space between them
        digits = np.frombuffer(content, np.uint8) - ord("0")
        values = digits[digits < 2]
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # text that is no number ends it
            values = np.fromstring(content.decode("latin-1"), np.int32, sep=" ")
    if len(values) < count:
        raise DecodingError(CUT)
    if values[:count].min(initial=0) < 0:
        raise DecodingError("it holds values below zero")
    return values[:count]
