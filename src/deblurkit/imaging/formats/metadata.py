"""What travels with a picture's pixels: camera data, colour profile, notes.

Bytes are carried as they are. Camera data (EXIF) and notes (XMP) change where they would be wrong
beside pixels that were turned upright and restored: orientation, sizes, previews, and whatever
announces gain maps or videos.

Source: "Portable Network Graphics (PNG) Specification (Third Edition)", W3C, 2025, sec. 11;
ICC.1:2022, sec. 7.2 and annex B; Adobe, "XMP Specification Part 3", 2020, sec. 1.1; "JPEG File
Interchange Format", ECMA TR/98, 2009.
"""

import struct
import zlib
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from deblurkit.imaging.formats.containers import PARTS_LIMIT, Container
from deblurkit.imaging.formats.exif import (
    Resolution,
    exif_orientation,
    exif_resolution,
    upright_exif,
)
from deblurkit.imaging.formats.iptc import PHOTOSHOP, iptc_of_resources, raw_profile_of
from deblurkit.imaging.formats.tiff.directories import Value
from deblurkit.imaging.formats.xmp import restored_xmp, xmp_orientation

PNG_XMP = b"XML:com.adobe.xmp\0"  # begins the content of the iTXt chunk
_JPEG_EXIF, _JPEG_ICC, _JFIF = b"Exif\0\0", b"ICC_PROFILE\0", b"JFIF\0"
_JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_PNG_ONLY = frozenset(
    {b"cHRM", b"cICP", b"gAMA", b"iTXt", b"pHYs", b"sRGB", b"tEXt", b"zTXt"}  # no home elsewhere
)
_JFIF_METRES = {1: 0.0254, 2: 0.01}  # in an inch and a centimetre, by the number of the unit


@dataclass(frozen=True)
class Metadata:
    """Bytes that belong to a picture; empty where the file has none.

    Args:
        exif: Camera data: a TIFF structure, without any prefix.
        icc: Colour profile; the pixels are in its space.
        xmp: Notes and history in XML.
        chunks: Kind and content of chunks that only PNG has, such as gamma and text.
        iptc: Captions and rights of the press.
        comment: A remark, as the file has it.
        resolution: Pixels in a metre, along the width and the height.
        tags: Number and values of tags that only TIFF has, such as those of maps.
    """

    exif: bytes = b""
    icc: bytes = b""
    xmp: bytes = b""
    chunks: tuple[tuple[bytes, bytes], ...] = ()
    iptc: bytes = b""
    comment: bytes = b""
    resolution: Resolution | None = None
    tags: tuple[tuple[int, Value], ...] = ()


def metadata_of(container: Container) -> Metadata:
    """What a PNG, JPEG or WebP file carries; what cannot be understood is left out."""
    parts = container.parts
    if container.format == "PNG":
        metadata = _of_png(parts)
    elif container.format == "JPEG":
        metadata = _of_jpeg(parts)
    else:
        chunks = dict(parts)
        exif = chunks.get(b"EXIF", b"").removeprefix(_JPEG_EXIF)
        metadata = Metadata(exif=exif, icc=chunks.get(b"ICCP", b""), xmp=chunks.get(b"XMP ", b""))
    resolution = metadata.resolution or exif_resolution(metadata.exif)
    return replace(metadata, resolution=resolution)


def orientation(metadata: Metadata) -> int:
    """How the pixels must be turned, 1 to 8 as in EXIF; 1 (not at all) where nothing is said.

    Camera data go before notes in XML, as in other readers.
    """
    return exif_orientation(metadata.exif) or xmp_orientation(metadata.xmp) or 1


def turned(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Pixels of shape (height, width, ...) turned upright; ``orientation`` as in EXIF, 1 to 8."""
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels


def upright(metadata: Metadata, turn: int, *, height: int, width: int) -> Metadata:
    """Metadata of the same picture once turned upright and restored.

    Args:
        metadata: As read.
        turn: How the picture was turned, as in EXIF, 1 to 8.
        height: Of the upright picture, pixels.
        width: Likewise.
    """
    resolution = metadata.resolution
    if resolution is not None and turn >= 5:
        resolution = resolution[::-1]
    return replace(
        metadata,
        exif=upright_exif(metadata.exif, height, width),
        xmp=restored_xmp(metadata.xmp),
        resolution=resolution,
    )


def fits_profile(icc: bytes, channels: int) -> bool:
    """Whether a profile is of pictures with so many channels."""
    return icc[16:20] == (b"GRAY" if channels == 1 else b"RGB ")


def _of_png(parts: tuple[tuple[bytes, bytes], ...]) -> Metadata:
    exif = icc = xmp = iptc = raw_exif = b""
    resolution, chunks = None, []
    for kind, content in parts:
        raw = raw_profile_of(content) if kind == b"zTXt" else None
        if kind == b"eXIf":
            exif = content.removeprefix(_JPEG_EXIF)
        elif kind == b"iCCP":
            icc = _unpacked(content.partition(b"\0")[2][1:])
        elif kind == b"iTXt" and content.startswith(PNG_XMP):
            xmp = _xmp_of_text(content)
        elif raw is not None and raw[0] in (b"exif", b"APP1") and raw[1].startswith(_JPEG_EXIF):
            raw_exif = raw[1].removeprefix(_JPEG_EXIF)
        elif raw is not None and raw[0] == b"iptc":
            iptc = iptc_of_resources(raw[1]) or raw[1]
        elif kind == b"pHYs" and len(content) == 9 and content[8] == 1:
            across, down = struct.unpack(">LL", content[:8])
            resolution = (float(across), float(down)) if across and down else None
        elif kind in _PNG_ONLY:
            chunks.append((kind, content))
    return Metadata(
        exif=exif or raw_exif,
        icc=icc,
        xmp=xmp,
        chunks=tuple(chunks),
        iptc=iptc,
        resolution=resolution,
    )


def _xmp_of_text(content: bytes) -> bytes:
    # Two flags, then a language and a translated keyword that end with a zero each.
    flags = content[len(PNG_XMP) : len(PNG_XMP) + 2]
    text = content[len(PNG_XMP) + 2 :].split(b"\0", 2)[-1]
    return _unpacked(text) if flags[:1] == b"\1" else text


def _unpacked(packed: bytes) -> bytes:
    stream = zlib.decompressobj()
    try:
        data = stream.decompress(packed, PARTS_LIMIT)
    except zlib.error:
        return b""
    return data if stream.eof else b""


def _of_jpeg(parts: tuple[tuple[bytes, bytes], ...]) -> Metadata:
    first = [content for kind, content in parts if kind == b"\xe1"]
    exif = [s.removeprefix(_JPEG_EXIF) for s in first if s.startswith(_JPEG_EXIF)]
    xmp = [s.removeprefix(_JPEG_XMP) for s in first if s.startswith(_JPEG_XMP)]
    second = [content for kind, content in parts if kind == b"\xe2"]
    icc = sorted(s.removeprefix(_JPEG_ICC) for s in second if s.startswith(_JPEG_ICC))
    # Pieces of a profile begin with their number and how many there are.
    whole = [piece[:2] for piece in icc] == [bytes((n + 1, len(icc))) for n in range(len(icc))]
    resources = [
        content.removeprefix(PHOTOSHOP)
        for kind, content in parts
        if kind == b"\xed" and content.startswith(PHOTOSHOP)
    ]
    return Metadata(
        exif=b"".join(exif),
        icc=b"".join(piece[2:] for piece in icc) if whole else b"",
        xmp=xmp[0] if xmp else b"",
        iptc=iptc_of_resources(b"".join(resources)),
        comment=b"\n".join(content for kind, content in parts if kind == b"\xfe").strip(b"\0"),
        resolution=_jfif_resolution(parts),
    )


def _jfif_resolution(parts: tuple[tuple[bytes, bytes], ...]) -> Resolution | None:
    for kind, content in parts:
        if kind == b"\xe0" and content.startswith(_JFIF) and len(content) >= 12:
            metres = _JFIF_METRES.get(content[7])
            across, down = struct.unpack(">HH", content[8:12])
            if metres is not None and across and down:
                return across / metres, down / metres
    return None
