"""Camera data (EXIF): what they say about orientation and resolution, and what is made true.

Source: "Exchangeable image file format for digital still cameras: Exif Version 2.32", CIPA
DC-008, 2019, sec. 4.6.
"""

import io
import struct
from collections.abc import Iterator

from deblurkit.imaging.formats.containers import DecodingError
from deblurkit.imaging.formats.tiff.directories import Directory, first_directory

_ORIENTATION, _EXIF_FOLDER = 0x0112, 0x8769
_WIDTHS, _HEIGHTS = frozenset({0x0100, 0xA002}), frozenset({0x0101, 0xA003})
_NUMBERS = {1: "B", 3: "H", 4: "L"}  # types of an entry's values: whole numbers
_SHORT, _LONG = 3, 4
X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT = 282, 283, 296
_METRES = {2: 0.0254, 3: 0.01}  # in an inch and a centimetre, by the number of the unit

Resolution = tuple[float, float]  # pixels in a metre, along the width and the height


def exif_orientation(exif: bytes) -> int:
    """Orientation, 1 to 8; 0 where none is said. Some programs write it with 32 bits."""
    order = _byte_order(exif)
    for tag, kind, position in _entries(exif, _first_folder(exif)):
        if tag == _ORIENTATION and kind in _NUMBERS:
            number: int = struct.unpack_from(order + _NUMBERS[kind], exif, position)[0]
            return number if number in range(1, 9) else 0
    return 0


def exif_resolution(exif: bytes) -> Resolution | None:
    """What camera data say about pixels and metres; nothing where they are damaged."""
    try:
        return resolution_of(first_directory(io.BytesIO(exif))) if exif else None
    except DecodingError:
        return None


def resolution_of(directory: Directory) -> Resolution | None:
    """Likewise, of a directory."""
    metres = _METRES.get(directory.number(RESOLUTION_UNIT, 2))
    across, down = directory.ratio(X_RESOLUTION), directory.ratio(Y_RESOLUTION)
    return None if metres is None or not (across and down) else (across / metres, down / metres)


def upright_exif(exif: bytes, height: int, width: int) -> bytes:
    """The same camera data with the truth about orientation and size, and without a preview."""
    order, changed, folder = _byte_order(exif), bytearray(exif), _first_folder(exif)
    if folder + 2 > len(exif):
        return b""
    folders = [folder]
    for tag, kind, position in _entries(exif, folder):
        if tag == _EXIF_FOLDER and kind == _LONG:
            folders.append(struct.unpack_from(order + "L", exif, position)[0])
    truth = {_ORIENTATION: 1} | dict.fromkeys(_WIDTHS, width) | dict.fromkeys(_HEIGHTS, height)
    for start in folders:
        for tag, kind, position in _entries(exif, start):
            small = kind == _SHORT or (tag == _ORIENTATION and kind == 1)
            if tag in truth and (small or kind == _LONG):
                number = min(truth[tag], 65535) if small else truth[tag]
                struct.pack_into(order + _NUMBERS[kind], changed, position, number)
    end = folder + 2 + 12 * struct.unpack_from(order + "H", exif, folder)[0]
    if end + 4 <= len(exif):
        changed[end : end + 4] = bytes(4)  # the next folder is the preview's
    return bytes(changed)


def _byte_order(exif: bytes) -> str:
    return ">" if exif[:2] == b"MM" else "<"


def _first_folder(exif: bytes) -> int:
    known = exif[:4] in (b"II*\0", b"MM\0*") and len(exif) >= 8
    return struct.unpack_from(_byte_order(exif) + "L", exif, 4)[0] if known else len(exif)


def _entries(exif: bytes, folder: int) -> Iterator[tuple[int, int, int]]:
    """Tag, type and position of the value of each entry with one value that lies in the entry."""
    order = _byte_order(exif)
    if folder + 2 > len(exif):
        return
    count = struct.unpack_from(order + "H", exif, folder)[0]
    for entry in range(folder + 2, min(folder + 2 + 12 * count, len(exif) - 11), 12):
        tag, kind, values = struct.unpack_from(order + "HHL", exif, entry)
        if values == 1:
            yield tag, kind, entry + 8
