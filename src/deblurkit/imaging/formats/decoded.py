"""What a decoder gives, and the limits that are looked at before it runs."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from deblurkit.imaging.formats.containers import CUT, PARTS_LIMIT, Container, DecodingError
from deblurkit.imaging.formats.metadata import Metadata, turned, upright

_SMALL = 2**24  # pixels; below, no claim of a header does harm
_PACKING = 3000  # deflate packs 1032 bytes into one at best, LZW some 2700
_PREDICTED = frozenset({"AVIF", "WEBP"})  # hold any number of equal pixels in some bytes
_UNKNOWN = re.compile(
    "cannot handle|not configured|not implemented|not support|unsupported|unknown pixel mode", re.I
)


class Decoded(NamedTuple):
    """Pixels of a file, upright.

    Args:
        values: (height, width), or (height, width, 3 or 4) as RGB or RGBA; uint8 or uint16.
        gray: Whether the file has one channel, opacity aside.
        metadata: What the file says beside its pixels, true for the upright ones.
        left_out: What the file holds and this is without, in words that follow "without".
    """

    values: NDArray[Any]
    gray: bool
    metadata: Metadata
    left_out: tuple[str, ...] = ()


def made_upright(picture: Decoded, turn: int) -> Decoded:
    """The same picture, turned; ``turn`` as in EXIF, 1 to 8.

    Raises:
        DecodingError: If its values have no known white.
    """
    if picture.values.dtype not in (np.uint8, np.uint16):
        raise DecodingError(f"it holds {picture.values.dtype} values; save it with 8 or 16 bits")
    values = turned(picture.values, turn)
    height, width = values.shape[:2]
    metadata = upright(picture.metadata, turn, height=height, width=width)
    return picture._replace(values=values, metadata=metadata)


def refuse_large(
    container: Container, height: int, width: int, *, depth: float, pixel_limit: int
) -> None:
    """Refuse what would not fit into memory, or cannot be what it claims.

    Args:
        container: Of the file.
        height: Pixels that it claims.
        width: Pixels that it claims.
        depth: Bytes for each pixel, once decoded.
        pixel_limit: Largest height times width.

    Raises:
        DecodingError: With the claim.
    """
    pixels, size = width * height, container.size
    claim = f"it claims {width}x{height} pixels"
    if pixels > pixel_limit:
        raise DecodingError(f"{claim} and the limit is {pixel_limit}")
    packing = container.format not in _PREDICTED and pixels * depth > _PACKING * size
    if pixels > _SMALL and packing:
        raise DecodingError(f"{claim}, which cannot be in so few bytes")
    refuse_long(size, pixel_limit)


def refuse_long(size: int, pixel_limit: int) -> None:
    """Refuse a file of more bytes than any picture has.

    Raises:
        DecodingError: With the limit.
    """
    if size > 16 * pixel_limit + 2 * PARTS_LIMIT:
        raise DecodingError(f"it is larger than any picture of {pixel_limit} pixels, the limit")


@contextmanager
def reasons() -> Iterator[None]:
    """Name what goes wrong in a decoder, which may raise anything, down to ``struct.error``.

    Raises:
        DecodingError: For every exception.
    """
    try:
        yield
    except DecodingError:
        raise
    except Exception as error:
        if isinstance(error, MemoryError) or getattr(error, "code", 0) == cv2.Error.StsNoMem:
            raise DecodingError("it needs more memory than there is") from error
        if _UNKNOWN.search(str(error)):
            raise DecodingError(
                f"it is of a kind that is not read here ({error}); save it as PNG and take that"
            ) from error
        raise DecodingError(f"{CUT} ({error})") from error
