"""Pixels of a TIFF page: gray and RGB of 8 or 16 bits, whatever their order and packing.

libtiff, through Pillow, unpacks strips and tiles as bytes; what the bytes are is worked out here,
alike for all layouts, since Pillow cuts 16-bit colour to 8 and knows few layouts. Palettes, inks,
fax and JPEG are left to Pillow as a whole.
"""

import io
import struct
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageFile, TiffImagePlugin

from deblurkit.imaging.formats.containers import CUT, DecodingError
from deblurkit.imaging.formats.tiff.directories import (
    STRIP_POSITIONS,
    TILE_POSITIONS,
    Directory,
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
    HEIGHT,
    LZW,
    PHOTOMETRIC,
    PREMULTIPLIED,
    RAW,
    SAMPLES,
    SEPARATE,
    TURN,
    WHITE_IS_ZERO,
    WIDTH,
    YCBCR,
    TiffLayout,
)

_STRIP_ROWS, _STRIP_SIZES, _FILL_ORDER = 278, 279, 266
_TILE_WIDTH, _TILE_HEIGHT, _TILE_SIZES = 322, 323, 325
_XMP = 700
_WITH_PREDICTOR = frozenset({LZW, DEFLATE, 32946, 34925, 50000})  # elsewhere it means nothing
_OPTIONAL = {34925: "LZMA", 50000: "Zstandard"}  # not in every build
_TILE_SIDE = 2**16  # pixels; a tile may be larger than its picture


class _Pieces(NamedTuple):
    """Strips or tiles of one plane, as a grid.

    Args:
        height: Rows of each; the last strip may have fewer.
        width: Pixels of each row.
        down: Pieces from top to bottom.
        across: Pieces from left to right.
        tiled: Whether all pieces are whole.
    """

    height: int
    width: int
    down: int
    across: int
    tiled: bool


class UnlimitedTiff(TiffImagePlugin.TiffImageFile):
    """Without Pillow's own limit of pixels, which is one for the whole process."""

    def load_prepare(self) -> None:
        """Set memory aside."""
        ImageFile.ImageFile.load_prepare(self)


def plain_pixels(directory: Directory, stored: TiffLayout) -> NDArray[Any]:
    """Gray, gray with opacity as RGBA, RGB or RGBA, not turned; opacity not multiplied in.

    Args:
        directory: Of the page.
        stored: Its layout, which must be ``plain``.

    Raises:
        DecodingError: If pixels are missing.
    """
    values = _stored_values(directory, stored)
    if stored.photometric == WHITE_IS_ZERO:
        values = np.concatenate([~values[..., :1], values[..., 1:]], axis=2)
    shown: NDArray[Any] = values[..., : stored.colors]
    if stored.photometric == YCBCR:
        picture = PillowImage.fromarray(np.ascontiguousarray(shown))
        merged = PillowImage.merge("YCbCr", picture.split())
        shown = np.asarray(merged.convert("RGB"))
    opacity = values[..., stored.colors : stored.colors + 1]
    if not (stored.opacity and opacity.shape[2]):
        return shown if stored.colors == 3 else shown[..., 0]
    if stored.opacity == PREMULTIPLIED:
        shown = _divided(shown, opacity)
    return np.dstack([*([shown] if stored.colors == 3 else [shown] * 3), opacity])


def for_pillow(directory: Directory, *, turned: bool) -> io.BytesIO:
    """The file as if this page were its first, and upright.

    Pillow turns pictures by their orientation, which is done here for all formats alike.

    Args:
        directory: Of the page.
        turned: Whether the page or its notes in XML say an orientation.
    """
    directory.file.seek(0)
    content = bytearray(directory.file.read())
    form = directory.form
    form.position.pack_into(content, 8 if form.big else 4, directory.position)
    entry = directory.entries.get(TURN) or directory.entries.get(_XMP)
    if turned and entry is not None:
        struct.pack_into(form.order + "HH", content, entry.slot, TURN, 3)
        form.position.pack_into(content, entry.slot + 4, 1)
        struct.pack_into(form.order + "H", content, entry.slot + 4 + form.position.size, 1)
    return io.BytesIO(content)


def _stored_values(directory: Directory, stored: TiffLayout) -> NDArray[Any]:
    """Channels of all pixels, (rows, columns, samples), as numbers of this machine."""
    grid = _grid(directory, stored)
    separate = stored.planes == SEPARATE and stored.samples > 1
    planes, channels = (stored.samples, 1) if separate else (1, stored.samples)
    positions = directory.numbers(TILE_POSITIONS if grid.tiled else STRIP_POSITIONS)
    sizes = directory.numbers(_TILE_SIZES if grid.tiled else _STRIP_SIZES)
    count = grid.down * grid.across
    if not sizes and len(positions) == 1 and stored.compression == RAW:  # very old writers
        sizes = (directory.file.seek(0, 2) - positions[0],)
    if len(positions) < planes * count or len(sizes) < planes * count:
        raise DecodingError(CUT)
    if sum(sizes) > 2 * directory.file.seek(0, 2):
        raise DecodingError("its strips or tiles overlap")
    order = ">" if directory.form.order == ">" else "<"
    dtype = np.dtype(np.uint8 if stored.bits == 8 else f"{order}u2")
    rows = count * grid.height if grid.tiled else stored.rows
    decoded = []
    for plane in range(planes):
        part = slice(plane * count, (plane + 1) * count)
        pieces = list(zip(positions[part], sizes[part], strict=True))
        length = grid.width * channels * dtype.itemsize
        content = _unpacked(directory, stored, pieces, rows=rows, length=length, step=grid.height)
        values = (
            content.view(dtype)
            .astype(dtype.newbyteorder("="), copy=False)
            .reshape(rows, -1, channels)
        )
        if stored.predictor == DIFFERENCES and stored.compression in _WITH_PREDICTOR:
            np.cumsum(values, axis=1, dtype=values.dtype, out=values)
        decoded.append(_assembled(values, grid)[: stored.rows, : stored.columns])
    return decoded[0] if planes == 1 else np.concatenate(decoded, axis=2)


def _grid(directory: Directory, stored: TiffLayout) -> _Pieces:
    if stored.rows < 1 or stored.columns < 1:
        raise DecodingError(CUT)
    tiled = TILE_POSITIONS in directory.entries
    if tiled:
        height, width = directory.number(_TILE_HEIGHT, 0), directory.number(_TILE_WIDTH, 0)
        if not (0 < height <= _TILE_SIDE and 0 < width <= _TILE_SIDE):
            raise DecodingError(CUT)
    else:
        height, width = directory.number(_STRIP_ROWS, stored.rows), stored.columns
        height = min(height, stored.rows) or stored.rows
    down, across = -(-stored.rows // height), -(-stored.columns // width)
    if down * height * across * width > 4 * stored.rows * stored.columns + _TILE_SIDE * 16:
        raise DecodingError("its tiles are far larger than its picture")
    return _Pieces(height, width, down, across, tiled)


def _unpacked(
    directory: Directory,
    stored: TiffLayout,
    pieces: list[tuple[int, int]],
    *,
    rows: int,
    length: int,
    step: int,
) -> NDArray[np.uint8]:
    """Bytes of pieces that lie below each other, (rows, bytes of a row)."""
    contents = []
    for position, size in pieces:
        directory.file.seek(position)
        contents.append(directory.file.read(size))
    if stored.compression == RAW:
        wanted = [min(step, rows - top) * length for top in range(0, rows, step)]
        if any(len(content) < size for content, size in zip(contents, wanted, strict=True)):
            raise DecodingError(CUT)
        cut = [content[:size] for content, size in zip(contents, wanted, strict=True)]
        return np.frombuffer(bytearray().join(cut), np.uint8).reshape(rows, length)
    tags = {
        WIDTH: longs(length),
        HEIGHT: longs(rows),
        BITS: shorts(8),
        COMPRESSION: shorts(stored.compression),
        PHOTOMETRIC: shorts(BLACK_IS_ZERO),
        _FILL_ORDER: shorts(directory.number(_FILL_ORDER, 1)),
        SAMPLES: shorts(1),
        _STRIP_ROWS: longs(step),
        _STRIP_SIZES: longs(*(len(content) for content in contents)),
        STRIP_POSITIONS: longs(*[0] * len(contents)),
    }
    position, positions = 8 + len(packed(tags, 8)), []
    for content in contents:
        positions.append(position)
        position += len(content)
    tags[STRIP_POSITIONS] = longs(*positions)
    file = io.BytesIO(b"".join([b"II*\0\x08\0\0\0", packed(tags, 8), *contents]))
    picture = UnlimitedTiff(file)
    try:
        picture.load()
    except OSError as error:
        if stored.compression in _OPTIONAL:
            name = _OPTIONAL[stored.compression]
            raise DecodingError(f"{CUT}, or Pillow's libtiff was built without {name}") from error
        raise
    return np.array(picture)


def _assembled(values: NDArray[Any], grid: _Pieces) -> NDArray[Any]:
    """Tiles that lie below each other, as the picture they are pieces of."""
    if grid.across == 1:
        return values
    tiles = values.reshape(grid.down, grid.across, grid.height, grid.width, -1)
    return tiles.swapaxes(1, 2).reshape(grid.down * grid.height, grid.across * grid.width, -1)


def _divided(shown: NDArray[Any], opacity: NDArray[Any]) -> NDArray[Any]:
    """Pixels whose opacity is no longer multiplied in; none where nothing is to be seen."""
    top = np.iinfo(shown.dtype).max
    ratio = top / np.maximum(opacity, 1).astype(np.float64)
    return np.where(opacity > 0, np.rint(shown * ratio), 0).clip(0, top).astype(shown.dtype)
