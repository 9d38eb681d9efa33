"""TIFF files without loss, packed by deflate, which every reader of the last decades knows."""

import io
import struct
import zlib
from collections.abc import Sequence
from contextlib import suppress
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deblurkit.imaging.formats.containers import DecodingError
from deblurkit.imaging.formats.exif import RESOLUTION_UNIT, X_RESOLUTION, Y_RESOLUTION
from deblurkit.imaging.formats.metadata import Metadata
from deblurkit.imaging.formats.tiff.directories import (
    ASCII,
    BYTE,
    RATIONAL,
    STRIP_POSITIONS,
    UNDEFINED,
    Tags,
    Value,
    first_directory,
    longs,
    packed,
    shorts,
)
from deblurkit.imaging.formats.tiff.layout import (
    BITS,
    BLACK_IS_ZERO,
    COMPRESSION,
    DEFLATE,
    DIFFERENCES,
    EXTRA,
    HEIGHT,
    OPACITY,
    PHOTOMETRIC,
    PREDICTOR,
    RGB,
    SAMPLES,
    TURN,
    WIDTH,
)
from deblurkit.imaging.formats.tiff.tags import DESCRIPTION, ICC, IPTC, XMP, camera_tags

_STRIP_ROWS, _STRIP_SIZES = 278, 279
_STRIP = 2**20  # bytes of a strip before it is packed
_HEAD = b"II*\0"
_INCH, _PER_INCH = 0.0254, 2  # metres, and the number of the unit


class EncodedPage(NamedTuple):
    """A page that is ready to be written.

    >>> page = encoded_page(np.zeros((2, 3, 3), np.uint8), Metadata())
    >>> isinstance(page, EncodedPage), len(page.strips)
    (True, 1)

    Args:
        tags: All of them, apart from where the strips stand.
        strips: Packed pixels.
    """

    tags: Tags
    strips: list[bytes]


def encoded_page(values: NDArray[Any], metadata: Metadata) -> EncodedPage:
    """Pack the pixels of a page.

    Args:
        values: (height, width, channels): gray, gray and opacity, RGB or RGBA; 8 or 16 bits.
        metadata: What to write beside them; chunks of PNG have no place in TIFF.
    """
    height, width, samples = values.shape
    rows = max(1, _STRIP // (width * samples * values.itemsize))
    strips = [_packed(values[top : top + rows]) for top in range(0, height, rows)]
    tags: dict[int, Value | Tags] = {
        WIDTH: longs(width),
        HEIGHT: longs(height),
        BITS: shorts(*[8 * values.itemsize] * samples),
        COMPRESSION: shorts(DEFLATE),
        PHOTOMETRIC: shorts(RGB if samples > 2 else BLACK_IS_ZERO),
        TURN: shorts(1),
        SAMPLES: shorts(samples),
        _STRIP_ROWS: longs(rows),
        _STRIP_SIZES: longs(*(len(strip) for strip in strips)),
        PREDICTOR: shorts(DIFFERENCES),
    }
    if samples in (2, 4):
        tags[EXTRA] = shorts(OPACITY)
    return EncodedPage({**_beside(metadata), **tags}, strips)


def joined(pages: Sequence[EncodedPage]) -> bytes:
    """A file of these pages.

    Raises:
        struct.error: If it is longer than 4 GB.
    """
    position = len(_HEAD) + 4
    parts = [_HEAD, struct.pack("<L", position)]
    for number, (tags, strips) in enumerate(pages):
        unplaced = {**tags, STRIP_POSITIONS: longs(*[0] * len(strips))}
        start = position + len(packed(unplaced, position))
        ends = np.cumsum([len(strip) for strip in strips]) + start
        placed = {**tags, STRIP_POSITIONS: longs(start, *(int(end) for end in ends[:-1]))}
        end = int(ends[-1])
        padding = end % 2
        following = end + padding if number + 1 < len(pages) else 0
        parts += [packed(placed, position, following=following), *strips, bytes(padding)]
        position = end + padding
    return b"".join(parts)


def encoded_tiff(values: NDArray[Any], metadata: Metadata) -> bytes:
    """A file of one page; arguments as of ``encoded_page``."""
    return joined([encoded_page(values, metadata)])


def _beside(metadata: Metadata) -> dict[int, "Value | Tags"]:
    tags: dict[int, Value | Tags] = dict(metadata.tags)
    if metadata.exif:
        with suppress(DecodingError):  # damaged camera data, carried as they were until here
            tags |= camera_tags(first_directory(io.BytesIO(metadata.exif)))
    if metadata.comment and DESCRIPTION not in tags:
        tags[DESCRIPTION] = Value(ASCII, len(metadata.comment) + 1, metadata.comment + b"\0")
    kinds = ((ICC, UNDEFINED, metadata.icc), (XMP, BYTE, metadata.xmp), (IPTC, BYTE, metadata.iptc))
    tags |= {tag: Value(kind, len(data), data) for tag, kind, data in kinds if data}
    if metadata.resolution is not None:
        across, down = (_ratio(number * _INCH) for number in metadata.resolution)
        tags |= {X_RESOLUTION: across, Y_RESOLUTION: down, RESOLUTION_UNIT: shorts(_PER_INCH)}
    return tags


def _ratio(number: float) -> Value:
    ratio = Fraction(min(number, 2.0**31)).limit_denominator(1000)
    return Value(RATIONAL, 1, struct.pack("<LL", ratio.numerator, ratio.denominator))


def _packed(strip: NDArray[Any]) -> bytes:
    """Each pixel less the one before it in its row."""
    steps = strip.astype(strip.dtype.newbyteorder("<"))
    steps[:, 1:] -= strip[:, :-1]
    return zlib.compress(steps.tobytes(), 4)
