"""A picture in memory, and the sentences about its file."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deblurkit.errors import InputError, PictureError
from deblurkit.imaging.formats.containers import TIFF_SIGNATURES, DecodingError, File
from deblurkit.imaging.formats.decoded import Decoded
from deblurkit.imaging.formats.encoding import not_held
from deblurkit.imaging.formats.foreign import RAW, kind_of_name
from deblurkit.imaging.formats.metadata import Metadata
from deblurkit.imaging.luma import REC601
from deblurkit.storage import replacing

Pixels = NDArray[np.uint8] | NDArray[np.uint16]  # (height, width, 3), RGB


@dataclass(frozen=True)
class Picture:
    """A picture and what is needed to write it back as it came.

    >>> picture = Picture(np.zeros((2, 3, 3), np.uint16))
    >>> picture.bits, picture.gray, picture.alpha
    (16, False, None)

    Args:
        pixels: RGB of shape (height, width, 3), uint8 or uint16 over the full range.
        gray: Whether the file had one channel; ``pixels`` then has three equal ones.
        alpha: Opacity of shape (height, width) in the dtype of ``pixels``, where the file has it.
        metadata: Colour profile, camera data and notes, true for the upright pixels.
        left_out: What the file holds and this is without, in words that follow "without".
    """

    pixels: Pixels
    gray: bool = False
    alpha: Pixels | None = None
    metadata: Metadata = field(default=Metadata(), repr=False)
    left_out: tuple[str, ...] = ()

    @property
    def bits(self) -> int:
        """Bits per channel, 8 or 16."""
        return 8 * self.pixels.dtype.itemsize


def picture_of(decoded: Decoded) -> Picture:
    """The picture that a decoder gave."""
    values, gray = decoded.values, decoded.gray
    shown = np.dstack([values] * 3) if values.ndim == 2 else values[..., :3]
    alpha = values[..., 3] if values.ndim == 3 and values.shape[2] == 4 else None
    return Picture(
        np.ascontiguousarray(shown),
        gray=gray or values.ndim == 2,
        alpha=None if alpha is None else np.ascontiguousarray(alpha),
        metadata=decoded.metadata,
        left_out=decoded.left_out,
    )


def channels_of(picture: Picture) -> NDArray[Any]:
    """What is written, (height, width, channels): gray or RGB, and opacity where there is one.

    >>> channels_of(Picture(np.full((2, 3, 3), 7, np.uint8), gray=True)).shape
    (2, 3, 1)
    """
    shown: NDArray[Any] = picture.pixels
    if picture.gray:
        luminance = np.rint(shown @ np.array(REC601))
        shown = luminance.astype(shown.dtype)[..., None]
    if picture.alpha is None:
        return np.ascontiguousarray(shown)
    return np.ascontiguousarray(np.dstack([shown, picture.alpha]))


def left_out(picture: Picture, suffix: str) -> tuple[str, ...]:
    """What a result with this suffix is without, of all that the picture's file holds, in words.

    >>> left_out(Picture(np.zeros((2, 3, 3), np.uint8), left_out=("its second page",)), ".png")
    ('its second page',)
    """
    channels = (1 if picture.gray else 3) + (picture.alpha is not None)
    return picture.left_out + not_held(picture.metadata, suffix, channels)


@contextmanager
def opened(path: str | Path) -> Iterator[File]:
    """The file; what goes wrong with it becomes a sentence with its name.

    Raises:
        PictureError: With that sentence.
    """
    try:
        with Path(path).open("rb") as file:
            preview = kind_of_name(Path(path)) is RAW and file.read(4) in TIFF_SIGNATURES
            if preview:  # what the file calls its first picture
                raise DecodingError(RAW.sentence)
            yield file
    except OSError as error:
        raise _unreadable(path, _words(error)) from error
    except DecodingError as error:
        raise _unreadable(path, str(error)) from error


def written(path: str | Path, content: bytes) -> None:
    """Write a file, all or nothing.

    Raises:
        PictureError: If the disk refuses.
    """
    try:
        with replacing(path) as file:
            file.write(content)
    except InputError as error:
        raise PictureError(str(error)) from error


def _words(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    return error.strerror or str(error)


def _unreadable(path: str | Path, reason: str) -> PictureError:
    try:
        size = f" ({Path(path).stat().st_size} bytes)"
    except OSError:
        size = ""
    return PictureError(f"{path} cannot be read: {reason}{size}")


def unwritable(path: str | Path, reason: str) -> PictureError:
    """The error that says why a file cannot be written."""
    return PictureError(f"{path} cannot be written: {reason}")
