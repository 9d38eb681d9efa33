"""What travels with a picture's pixels: camera data, colour profile, notes.

Bytes are carried as they are. Camera data (EXIF) change where they would be wrong beside pixels
that were turned upright and restored: orientation, sizes, and the preview, which is cut off.

Source: "Exchangeable image file format for digital still cameras: Exif Version 2.32", CIPA
DC-008, 2019, sec. 4.6; "Portable Network Graphics (PNG) Specification (Third Edition)", W3C, 2025,
sec. 11; ICC.1:2022, sec. 7.2 and annex B; Adobe, "XMP Specification Part 3", 2020, sec. 1.1.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from deblurkit.imaging.formats.containers import PARTS_LIMIT, Container

PNG_XMP = b"XML:com.adobe.xmp\0"  # begins the content of the iTXt chunk
_JPEG_EXIF, _JPEG_ICC = b"Exif\0\0", b"ICC_PROFILE\0"
_JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_PNG_ONLY = frozenset(
    {b"cHRM", b"cICP", b"gAMA", b"iTXt", b"pHYs", b"sRGB", b"tEXt", b"zTXt"}  # no home elsewhere
)

_ORIENTATION, _EXIF_FOLDER = 0x0112, 0x8769
_WIDTHS, _HEIGHTS = frozenset({0x0100, 0xA002}), frozenset({0x0101, 0xA003})
_SHORT, _LONG = 3, 4  # types of an entry's values


@dataclass(frozen=True)
class Metadata:
    """Bytes that belong to a picture; empty where the file has none.

    Args:
        exif: Camera data: a TIFF structure, without any prefix.
        icc: Colour profile; the pixels are in its space.
        xmp: Notes and history in XML.
        chunks: Kind and content of chunks that only PNG has, such as gamma and text.
    """

    exif: bytes = b""
    icc: bytes = b""
    xmp: bytes = b""
    chunks: tuple[tuple[bytes, bytes], ...] = ()


def metadata_of(container: Container) -> Metadata:
    """What a PNG, JPEG or WebP file carries; what cannot be understood is left out."""
    parts = container.parts
    if container.format == "PNG":
        return _of_png(parts)
    if container.format == "JPEG":
        return _of_jpeg([content for kind, content in parts if kind in (b"\xe1", b"\xe2")])
    found = dict(parts)
    exif = found.get(b"EXIF", b"").removeprefix(_JPEG_EXIF)
    return Metadata(exif=exif, icc=found.get(b"ICCP", b""), xmp=found.get(b"XMP ", b""))


def orientation(exif: bytes) -> int:
    """How the pixels must be turned, 1 to 8 as in EXIF; 1 (not at all) where nothing is said."""
    order = _byte_order(exif)
    for tag, kind, place in _entries(exif, _first_folder(exif)):
        if tag == _ORIENTATION and kind == _SHORT:
            value: int = struct.unpack_from(order + "H", exif, place)[0]
            return value if value in range(1, 9) else 1
    return 1


def turned(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Pixels of shape (height, width, ...) turned upright; ``orientation`` as in EXIF, 1 to 8."""
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels


def upright(metadata: Metadata, height: int, width: int) -> Metadata:
    """Metadata of the same picture once turned upright and restored.

    Args:
        metadata: As read.
        height: Of the upright picture, pixels.
        width: Likewise.
    """
    return Metadata(
        exif=_upright_exif(metadata.exif, height, width),
        icc=metadata.icc,
        xmp=re.sub(rb'(tiff:Orientation(?:="|>))[2-8]', rb"\g<1>1", metadata.xmp),
        chunks=metadata.chunks,
    )


def fits_profile(icc: bytes, channels: int) -> bool:
    """Whether a profile is one of gray or RGB pixels, 1 or 3 channels without opacity."""
    return icc[16:20] == (b"GRAY" if channels == 1 else b"RGB ")


def _of_png(parts: tuple[tuple[bytes, bytes], ...]) -> Metadata:
    exif = icc = xmp = b""
    chunks = []
    for kind, content in parts:
        if kind == b"eXIf":
            exif = content.removeprefix(_JPEG_EXIF)
        elif kind == b"iCCP":
            icc = _unpacked(content.partition(b"\0")[2][1:])
        elif kind == b"iTXt" and content.startswith(PNG_XMP):
            # Two flags, then a language and a translated keyword that end with a zero each.
            flags = content[len(PNG_XMP) : len(PNG_XMP) + 2]
            text = content[len(PNG_XMP) + 2 :].split(b"\0", 2)[-1]
            xmp = _unpacked(text) if flags[:1] == b"\1" else text
        elif kind in _PNG_ONLY:
            chunks.append((kind, content))
    return Metadata(exif=exif, icc=icc, xmp=xmp, chunks=tuple(chunks))


def _unpacked(packed: bytes) -> bytes:
    stream = zlib.decompressobj()
    try:
        data = stream.decompress(packed, PARTS_LIMIT)
    except zlib.error:
        return b""
    return data if stream.eof else b""


def _of_jpeg(segments: list[bytes]) -> Metadata:
    exif = [s.removeprefix(_JPEG_EXIF) for s in segments if s.startswith(_JPEG_EXIF)]
    icc = sorted(s.removeprefix(_JPEG_ICC) for s in segments if s.startswith(_JPEG_ICC))
    xmp = [s.removeprefix(_JPEG_XMP) for s in segments if s.startswith(_JPEG_XMP)]
    # Pieces of a profile begin with their number and how many there are.
    whole = [piece[:2] for piece in icc] == [bytes((n + 1, len(icc))) for n in range(len(icc))]
    return Metadata(
        exif=b"".join(exif),
        icc=b"".join(piece[2:] for piece in icc) if whole else b"",
        xmp=xmp[0] if xmp else b"",
    )


def _byte_order(exif: bytes) -> str:
    return ">" if exif[:2] == b"MM" else "<"


def _first_folder(exif: bytes) -> int:
    known = exif[:4] in (b"II*\0", b"MM\0*") and len(exif) >= 8
    return struct.unpack_from(_byte_order(exif) + "L", exif, 4)[0] if known else len(exif)


def _entries(exif: bytes, folder: int) -> Iterator[tuple[int, int, int]]:
    """Tag, type and place of the value of each entry with one value that lies in the entry."""
    order = _byte_order(exif)
    if folder + 2 > len(exif):
        return
    count = struct.unpack_from(order + "H", exif, folder)[0]
    for entry in range(folder + 2, min(folder + 2 + 12 * count, len(exif) - 11), 12):
        tag, kind, values = struct.unpack_from(order + "HHL", exif, entry)
        if values == 1:
            yield tag, kind, entry + 8


def _upright_exif(exif: bytes, height: int, width: int) -> bytes:
    """The same camera data with the truth about orientation and size, and without a preview."""
    order, changed, folder = _byte_order(exif), bytearray(exif), _first_folder(exif)
    if folder + 2 > len(exif):
        return b""
    folders = [folder]
    for tag, kind, place in _entries(exif, folder):
        if tag == _EXIF_FOLDER and kind == _LONG:
            folders.append(struct.unpack_from(order + "L", exif, place)[0])
    truth = {_ORIENTATION: 1} | dict.fromkeys(_WIDTHS, width) | dict.fromkeys(_HEIGHTS, height)
    for place_of_folder in folders:
        for tag, kind, place in _entries(exif, place_of_folder):
            if tag in truth and kind in (_SHORT, _LONG):
                value = min(truth[tag], 65535) if kind == _SHORT else truth[tag]
                struct.pack_into(order + ("H" if kind == _SHORT else "L"), changed, place, value)
    end = folder + 2 + 12 * struct.unpack_from(order + "H", exif, folder)[0]
    if end + 4 <= len(exif):
        changed[end : end + 4] = bytes(4)  # the next folder is the preview's
    return bytes(changed)
