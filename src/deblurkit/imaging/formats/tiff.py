"""TIFF files: what they say about themselves, deep pixels, and a writer.

Pillow decodes those of 8 bits. Of 16 bits it keeps 8 in colour, so OpenCV decodes these, and
tifffile the layouts that OpenCV gets wrong.

Source: "TIFF Revision 6.0", Aldus, 1992; BigTIFF as libtiff 4 defines it.
"""

import io
import struct
import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import TiffImagePlugin

from deblurkit.imaging.formats.containers import CUT, PARTS_LIMIT, DecodingError, File
from deblurkit.imaging.formats.metadata import Metadata, turned

_PIECE_LIMIT = 2**16  # strips or tiles
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_SIZES |= {16: 8, 17: 8, 18: 8}
_INTEGERS = {1: "B", 3: "H", 4: "L", 16: "Q"}

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_STRIP_PLACES, _TILE_PLACES, _STRIP_SIZES, _STRIP_ROWS, _TURN = 273, 324, 279, 278, 274
_SAMPLES, _PLANES, _PREDICTOR, _EXTRA, _SAMPLE_FORMAT = 277, 284, 317, 338, 339
_XMP, _ICC, _EXIF_FOLDER, _GPS_FOLDER = 700, 34675, 34665, 34853
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _INKS = 0, 1, 2, 5
_DEFLATE, _DIFFERENCES = 8, 2
_PREMULTIPLIED, _OPACITY = 1, 2
_SEPARATE = 2
# Camera data of the first folder that do not describe how the pixels are stored.
_NOTES = frozenset({270, 271, 272, 282, 283, 296, 305, 306, 315, 18246, 18249, 33432})
_NOTES |= {0x9C9B, 0x9C9C, 0x9C9D, 0x9C9E, 0x9C9F}
_STRIP = 2**20  # bytes of a strip before it is packed


class TiffLayout(NamedTuple):
    """How the first picture of a file is stored.

    Args:
        height: Of the upright picture, pixels.
        width: Likewise.
        turn: Its orientation as in EXIF, 1 to 8.
        bits: Of the deepest channel.
        samples: Channels, opacity and others included.
        photometric: What the channels mean.
        planes: 2 where each channel is stored on its own.
        opacity: 1 (premultiplied) or 2 where the channel after the colours is opacity, else 0.
    """

    height: int
    width: int
    turn: int
    bits: int
    samples: int
    photometric: int
    planes: int
    opacity: int

    @property
    def gray(self) -> bool:
        """Whether there is one channel, opacity aside."""
        return self.photometric in (_WHITE_IS_ZERO, _BLACK_IS_ZERO)

    @property
    def inks(self) -> bool:
        """Whether the channels are inks of a printer."""
        return self.photometric == _INKS


def layout(file: File, size: int) -> TiffLayout:
    """Read how a file is stored and refuse what no reader here understands or survives.

    Raises:
        DecodingError: With the reason; nothing large has been read.
    """
    tags = _tags(file, size)
    bits, form = max(tags.get(_BITS, (1,))), max(tags.get(_SAMPLE_FORMAT, (1,)))
    samples, photometric = tags.get(_SAMPLES, (1,))[0], tags.get(_PHOTOMETRIC, (1,))[0]
    if form not in (1, 4) or not (bits <= 8 or bits == 16):
        kind = {2: "signed integers", 3: "floating-point numbers"}.get(form, "values")
        raise DecodingError(f"it holds {kind} of {bits} bits; save it with 8 or 16 bits")
    if samples > 8:
        raise DecodingError(f"it has {samples} channels; save it as gray or RGB")
    extra = tags.get(_EXTRA, (0,))[0]
    turn, planes = tags.get(_TURN, (1,))[0], tags.get(_PLANES, (1,))[0]
    width, height = (tags.get(tag, (0,))[0] for tag in (_WIDTH, _HEIGHT))
    return TiffLayout(
        height=width if turn in range(5, 9) else height,
        width=height if turn in range(5, 9) else width,
        turn=turn if turn in range(1, 9) else 1,
        bits=bits,
        samples=samples,
        photometric=photometric,
        planes=planes,
        opacity=extra if extra in (_PREMULTIPLIED, _OPACITY) else 0,
    )


def deep_pixels(data: bytes, stored: TiffLayout, opencv: NDArray[Any] | None) -> NDArray[Any]:
    """Gray, gray with opacity as RGBA, RGB or RGBA of 16 bits; opacity not multiplied in.

    Args:
        data: The file.
        stored: Its layout.
        opencv: What OpenCV made of it.

    Raises:
        DecodingError: If there is no picture or its layout is not understood.
    """
    colors = 3 if stored.photometric == _RGB else 1
    if not stored.gray and stored.photometric != _RGB:
        raise DecodingError("its 16 bits are neither gray nor RGB; save it as one of them")
    if stored.samples not in (colors, colors + 1):
        raise DecodingError(f"it has {stored.samples} channels; save it as gray or RGB")
    mixed = stored.planes != _SEPARATE and stored.samples != 2
    values = opencv if mixed or stored.samples == 1 else turned(_by_tifffile(data), stored.turn)
    if values is None:
        raise DecodingError(CUT)
    values = values.reshape(*values.shape[:2], -1)
    if stored.photometric == _WHITE_IS_ZERO:
        values = np.dstack([~values[..., :1], values[..., 1:]])
    shown, rest = values[..., :colors], values[..., colors:]
    if not (stored.opacity and rest.shape[2]):
        return shown if colors == 3 else shown[..., 0]
    if stored.opacity == _PREMULTIPLIED:
        shown = _divided(shown, rest)
    return np.dstack([*([shown] if colors == 3 else [shown] * 3), rest])


def notes(file: File) -> Metadata:
    """Camera data, profile and XML of a file; what cannot be read or rewritten is left out."""
    found = PillowImage.Exif()
    try:
        file.seek(0)
        found.load_from_fp(file)
        icc, xmp = (found.get(tag, b"") for tag in (_ICC, _XMP))
        kept = PillowImage.Exif()
        for tag, value in _camera_data(found).items():
            kept[tag] = value
        exif = kept.tobytes().removeprefix(b"Exif\0\0") if len(kept) else b""
    except Exception:  # whatever Pillow raises for values of other types than their tags may have
        return Metadata()
    profile, notes = (value if isinstance(value, bytes) else b"" for value in (icc, xmp))
    return Metadata(exif=exif, icc=profile, xmp=notes)


def encoded_tiff(values: NDArray[Any], metadata: Metadata) -> bytes:
    """A file without loss, packed by deflate, which every reader of the last decades knows.

    Args:
        values: (height, width, channels): gray, gray and opacity, RGB or RGBA; 8 or 16 bits.
        metadata: What to write beside them; chunks of PNG have no place here.
    """
    height, width, samples = values.shape
    rows = max(1, _STRIP // (width * samples * values.itemsize))
    strips = [_packed(values[top : top + rows]) for top in range(0, height, rows)]
    sizes = [len(strip) for strip in strips]
    folder = {
        _WIDTH: width,
        _HEIGHT: height,
        _BITS: (8 * values.itemsize,) * samples,
        _COMPRESSION: _DEFLATE,
        _PHOTOMETRIC: _RGB if samples > 2 else _BLACK_IS_ZERO,
        _TURN: 1,
        _STRIP_PLACES: tuple(int(place) for place in np.cumsum([0, *sizes[:-1]])),
        _SAMPLES: samples,
        _STRIP_ROWS: rows,
        _STRIP_SIZES: tuple(sizes),
        _PREDICTOR: _DIFFERENCES,
    }
    if samples in (2, 4):
        folder[_EXTRA] = _OPACITY
    for tag, content in ((_ICC, metadata.icc), (_XMP, metadata.xmp)):
        if content:
            folder[tag] = content
    exif = PillowImage.Exif()
    try:
        exif.load(b"Exif\0\0" + metadata.exif)
        head = _folder_bytes(folder | _camera_data(exif))
    except Exception:  # camera data that Pillow reads but cannot write
        head = _folder_bytes(folder)
    return b"".join([head, *strips])


def _packed(strip: NDArray[Any]) -> bytes:
    """Each pixel less the one before it in its row."""
    steps = strip.astype(strip.dtype.newbyteorder("<"))
    steps[:, 1:] -= strip[:, :-1]
    return zlib.compress(steps.tobytes(), 4)


def _folder_bytes(tags: Mapping[int, Any]) -> bytes:
    start = b"II*\0\x08\0\0\0"
    folder = TiffImagePlugin.ImageFileDirectory_v2(ifh=start)
    folder.tagtype |= {_STRIP_PLACES: 4, _STRIP_SIZES: 4, _ICC: 7, _XMP: 1}
    for tag, value in tags.items():
        folder[tag] = value
    return start + folder.tobytes(8)


def _camera_data(exif: PillowImage.Exif) -> dict[int, Any]:
    """What does not describe how the pixels are stored, with its sub-folders."""
    tags: dict[int, Any] = {tag: exif[tag] for tag in _NOTES & exif.keys()}
    for folder in (_EXIF_FOLDER, _GPS_FOLDER):
        if inside := dict(exif.get_ifd(folder)):
            tags[folder] = inside
    return tags


def _tags(file: File, size: int) -> dict[int, tuple[int, ...]]:
    """The whole numbers of the first folder, after a look at the sizes of everything in it."""
    file.seek(0)
    head = file.read(16)
    order, big = ("<" if head[:2] == b"II" else ">"), head[2:4] in (b"+\0", b"\0+")
    found: dict[int, tuple[int, ...]] = {}
    try:
        place: int = struct.unpack_from(order + ("Q" if big else "L"), head, 8 if big else 4)[0]
        file.seek(place)
        count = struct.unpack(order + ("Q" if big else "H"), file.read(8 if big else 2))[0]
        width = 20 if big else 12
        if count > 2**12:
            raise DecodingError(CUT)
        entries = file.read(width * count)
        for entry in range(0, width * count, width):
            tag, kind = struct.unpack_from(order + "HH", entries, entry)
            number = struct.unpack_from(order + ("Q" if big else "L"), entries, entry + 4)[0]
            room = entries[entry + width - (8 if big else 4) : entry + width]
            length = number * _SIZES.get(kind, 1)
            _refuse_tag(tag, number=number, length=length, inside=length <= len(room), size=size)
            if kind in _INTEGERS and number <= 8:
                if length > len(room):
                    file.seek(struct.unpack(order + ("Q" if big else "L"), room)[0])
                    room = file.read(length)
                found[tag] = struct.unpack(f"{order}{number}{_INTEGERS[kind]}", room[:length])
    except (struct.error, OSError, OverflowError) as error:
        raise DecodingError(CUT) from error
    return {tag: values for tag, values in found.items() if values}


def _refuse_tag(tag: int, *, number: int, length: int, inside: bool, size: int) -> None:
    if tag in (_STRIP_PLACES, _TILE_PLACES) and number > _PIECE_LIMIT:
        raise DecodingError(f"it is cut into {number} pieces; the limit is {_PIECE_LIMIT}")
    if length > PARTS_LIMIT:
        raise DecodingError(f"its tag {tag} holds {length} bytes; save it without layers")
    if not inside and length > size:
        raise DecodingError(CUT)


def _by_tifffile(data: bytes) -> NDArray[Any]:
    from tifffile import TiffFile  # heavy, and rarely needed

    with TiffFile(io.BytesIO(data)) as file:
        page = file.pages[0]
        try:
            values: NDArray[Any] = page.asarray(maxworkers=1)
        except ValueError as error:
            if "imagecodecs" not in str(error):
                raise
            raise DecodingError("save it with its channels interleaved, or as PNG") from error
    return values.transpose(1, 2, 0) if page.axes == "SYX" else values


def _divided(shown: NDArray[Any], opacity: NDArray[Any]) -> NDArray[Any]:
    """Pixels whose opacity is no longer multiplied in; none where nothing is to be seen."""
    ratio = 65535 / np.maximum(opacity, 1).astype(np.float64)
    return np.where(opacity > 0, np.rint(shown * ratio), 0).clip(0, 65535).astype(np.uint16)
