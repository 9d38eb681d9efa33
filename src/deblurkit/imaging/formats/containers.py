"""How picture files are built: their format, and what stands beside the pixels.

Nothing is decoded here. Files are not trusted: what a file says about itself is read piece by
piece, and a piece that does not fit into the file or is larger than any honest one is refused
before memory is set aside for it.
"""

import io
from collections.abc import Callable, Iterator
from typing import NamedTuple

from deblurkit.imaging.formats.foreign import foreign_kind, is_avif

FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP", "AVIF")  # nothing else is tried
CUT = "it is truncated or damaged"

PARTS_LIMIT = 2**24  # bytes beside the pixels; camera data, profiles and previews are far smaller
TIFF_SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_SIGNATURES = {
    "BMP": (b"BM",),
    "GIF": (b"GIF87a", b"GIF89a"),
    "JPEG": (b"\xff\xd8\xff",),
    "PNG": (b"\x89PNG\r\n\x1a\n",),
    "PPM": tuple(b"P" + sign for sign in (b"1", b"2", b"3", b"4", b"5", b"6")),
    "TIFF": TIFF_SIGNATURES,
}
_PIXEL_CHUNKS = frozenset({b"IDAT", b"fdAT"})
_PIXEL_FOURCCS = frozenset({b"ALPH", b"VP8 ", b"VP8L"})
WEBP_FRAME, GIF_FRAME, _GIF_EXTENSION = b"ANMF", b",", b"!"
_START_OF_SCAN, _END = 0xDA, 0xD9  # markers of JPEG
_BARE_MARKERS = frozenset({0x01, *range(0xD0, 0xD8)})  # without a length
_HEAD = 132  # bytes that tell a format
_SCAN_LIMIT = 200  # encoders write some ten

File = io.BufferedReader | io.BytesIO
Part = tuple[bytes, bytes]  # its kind as in the file, and its content


class DecodingError(ValueError):
    """The bytes are no picture that can be decoded; the message is the reason."""


class Container(NamedTuple):
    """What a file is before anything is decoded.

    Args:
        format: One of ``FORMATS``, by content.
        size: Of the file, bytes.
        parts: What a PNG, JPEG or WebP file holds beside the pixels, in its order; of a GIF or
            WebP file also an empty one for each frame.
    """

    format: str
    size: int
    parts: tuple[Part, ...]


def opened_container(file: File) -> Container:
    """Look through a file without reading its pixels.

    Raises:
        DecodingError: If it is empty, of no known format, cut, or mostly something else.
    """
    size = file.seek(0, 2)
    if not size:
        raise DecodingError("it is empty")
    kind = _format(_at(file, 0, _HEAD))
    walk = _WALKS.get(kind)
    return Container(kind, size, tuple(_bounded(walk(file, size), size)) if walk else ())


def jpeg_end(data: bytes) -> int:
    """Where a JPEG picture ends; other pictures and videos may follow in the same file.

    OpenCV 4 fills what is missing with gray in silence; each scan passes over all pixels again.

    Raises:
        DecodingError: If there is no end, or there are more scans than any encoder writes.
    """
    *_, (_, start, _) = _segments(io.BytesIO(data))
    end = data.find(bytes((0xFF, _END)), start)
    if end < 0:
        raise DecodingError(CUT)
    if data.count(bytes((0xFF, _START_OF_SCAN)), start, end) > _SCAN_LIMIT:
        raise DecodingError(f"it has more than {_SCAN_LIMIT} scans")
    return end + 2


def webp_size(file: File) -> tuple[int, int]:
    """Width and height in pixels of a WebP file, from its first chunk.

    Raises:
        DecodingError: If that chunk is of no known kind.
    """
    head = _at(file, 12, 18)
    kind, content = head[:4], head[8:]
    if kind == b"VP8X":
        return int.from_bytes(content[4:7], "little") + 1, int.from_bytes(
            content[7:10], "little"
        ) + 1
    if kind == b"VP8L" and content[0] == 0x2F:
        bits = int.from_bytes(content[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and content[3:6] == b"\x9d\x01\x2a":
        width, height = (int.from_bytes(content[i : i + 2], "little") & 0x3FFF for i in (6, 8))
        return width, height
    raise DecodingError(CUT)


def _format(head: bytes) -> str:
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if is_avif(head):
        return "AVIF"
    for kind, signatures in _SIGNATURES.items():
        if head.startswith(signatures):
            return kind
    foreign = foreign_kind(head)
    raise DecodingError(foreign.sentence if foreign else f"it is no {', '.join(FORMATS)} picture")


def _at(file: File, position: int, length: int) -> bytes:
    file.seek(position)
    return file.read(length)


def _bounded(parts: Iterator[Part | None], size: int) -> Iterator[Part]:
    """The parts that are kept, unless they are too many or too large together."""
    total, most = 0, 2**14 + size // 2**12  # encoders cut pixels into chunks of 8 kB and more
    for count, part in enumerate(parts):
        total += 0 if part is None else len(part[1])
        if count > most:
            raise DecodingError(f"it is cut into more than {most} parts")
        if total > PARTS_LIMIT:
            raise DecodingError(f"it holds more than {PARTS_LIMIT} bytes beside its pixels")
        if part is not None:
            yield part


def _part(file: File, size: int, kind: bytes, *, position: int, length: int) -> Part:
    """One part as it stands in the file; a length that cannot be true is not read."""
    if position + length > size:
        raise DecodingError(CUT)
    if length > PARTS_LIMIT:
        raise DecodingError(
            f"it holds {length} bytes beside its pixels and the limit is {PARTS_LIMIT}"
        )
    return kind, _at(file, position, length)


def _png_parts(file: File, size: int) -> Iterator[Part | None]:
    position, kind = 8, b""
    while kind != b"IEND":
        head = _at(file, position, 8)
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        if len(head) < 8 or position + 12 + length > size:
            raise DecodingError(CUT)
        pixels = kind in _PIXEL_CHUNKS
        yield None if pixels else _part(file, size, kind, position=position + 8, length=length)
        position += 12 + length


def _webp_parts(file: File, size: int) -> Iterator[Part | None]:
    end = 8 + int.from_bytes(_at(file, 4, 4), "little")
    if end > size:
        raise DecodingError(CUT)
    position = 12
    while position + 8 <= end:
        head = _at(file, position, 8)
        kind, length = head[:4], int.from_bytes(head[4:], "little")
        if position + 8 + length > size:
            raise DecodingError(CUT)
        if kind == WEBP_FRAME:
            yield kind, b""  # counted, not kept
        elif kind in _PIXEL_FOURCCS:
            yield None
        else:
            yield _part(file, size, kind, position=position + 8, length=length)
        position += 8 + length + length % 2


def _gif_parts(file: File, size: int) -> Iterator[Part | None]:
    """A part without content for each picture; an animation ends where it is cut."""
    if size < 13:
        raise DecodingError(CUT)
    position = 13 + _gif_colors(_at(file, 10, 1))
    while (sign := _at(file, position, 1)) in (_GIF_EXTENSION, GIF_FRAME):
        yield (GIF_FRAME, b"") if sign == GIF_FRAME else None
        head = 11 + _gif_colors(_at(file, position + 9, 1)) if sign == GIF_FRAME else 2
        position += head
        while length := int.from_bytes(_at(file, position, 1), "big"):
            position += 1 + length
        position += 1


def _gif_colors(flags: bytes) -> int:
    """Bytes of a table of colours."""
    number = int.from_bytes(flags, "big")
    return 3 << (number & 7) + 1 if number & 0x80 else 0


def _jpeg_parts(file: File, size: int) -> Iterator[Part | None]:
    for marker, position, length in _segments(file):
        beside = length > 0 and marker != _START_OF_SCAN
        yield (
            _part(file, size, bytes([marker]), position=position, length=length) if beside else None
        )


def _segments(file: File) -> Iterator[tuple[int, int, int]]:
    """Marker, position and length of each segment up to the head of the first scan.

    A thumbnail with scans of its own lies inside a segment.
    """
    position, marker = 2, 0
    while marker != _START_OF_SCAN:
        head = _at(file, position, 4)
        if len(head) < 4 or head[0] != 0xFF or head[1] == _END:
            raise DecodingError(CUT)
        marker, filling = head[1], head[1] == 0xFF
        bare = filling or marker in _BARE_MARKERS
        length = 0 if bare else int.from_bytes(head[2:], "big") - 2
        if length < 0:
            raise DecodingError(CUT)
        yield marker, position + 4, length
        position += (1 if filling else 2) if bare else 4 + length


_WALKS: dict[str, Callable[[File, int], Iterator[Part | None]]] = {
    "GIF": _gif_parts,
    "JPEG": _jpeg_parts,
    "PNG": _png_parts,
    "WEBP": _webp_parts,
}
