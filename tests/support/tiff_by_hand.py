"""TIFF files entry by entry, for layouts that no encoder here writes."""

import io
import struct
from collections.abc import Sequence

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

SHORT, LONG = 3, 4
Entries = dict[int, tuple[int, Sequence[int]]]  # tag to type and values


def tiff_by_hand(entries: Entries, *strips: bytes) -> bytes:
    """A classic little-endian file of one directory.

    Args:
        entries: Without those of the strips' positions and sizes.
        strips: Packed pixels.
    """
    position, positions = 8, []
    for strip in strips:
        positions.append(position)
        position += len(strip)
    entries = entries | {273: (LONG, positions), 279: (LONG, [len(strip) for strip in strips])}
    position += position % 2
    outside_at, outside, fields = position + 2 + 12 * len(entries) + 4, b"", []
    for tag, (kind, values) in sorted(entries.items()):
        data = struct.pack(f"<{len(values)}{'HL'[kind == LONG]}", *values)
        if len(data) > 4:
            outside, data = outside + data, struct.pack("<L", outside_at + len(outside))
        fields.append(struct.pack("<HHL", tag, kind, len(values)) + data.ljust(4, b"\0"))
    head = b"II*\0" + struct.pack("<L", position)
    body = (head + b"".join(strips)).ljust(position, b"\0")
    return body + struct.pack("<H", len(entries)) + b"".join(fields) + bytes(4) + outside


def packed_by_pillow(content: bytes, rows: int, name: str) -> bytes:
    """Bytes as libtiff packs them, in one strip, by the name of Pillow's compression."""
    stream = io.BytesIO()
    pixels = np.frombuffer(content, np.uint8).reshape(rows, -1)
    Image.fromarray(pixels).save(stream, "TIFF", compression=name, tiffinfo={278: rows})
    stream.seek(0)
    with tifffile.TiffFile(stream) as file:
        page = file.pages[0]
        assert len(page.dataoffsets) == 1
        start, length = page.dataoffsets[0], page.databytecounts[0]
    return stream.getvalue()[start : start + length]


def plain_entries(values: NDArray[np.generic], compression: int, *, extra: int | None) -> Entries:
    """What describes gray or RGB pixels (height, width, channels) in one strip."""
    height, width, channels = values.shape
    entries: Entries = {
        256: (LONG, [width]),
        257: (LONG, [height]),
        258: (SHORT, [8 * values.itemsize] * channels),
        259: (SHORT, [compression]),
        262: (SHORT, [2 if channels > 2 else 1]),
        277: (SHORT, [channels]),
        278: (LONG, [height]),
    }
    return entries if extra is None else entries | {338: (SHORT, [extra])}
