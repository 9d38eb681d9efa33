"""Captions and rights of the press (IPTC), and the places in which formats keep them.

Source: "IPTC - NAA Information Interchange Model 4.2"; "Adobe Photoshop File Formats
Specification", 2019, image resources; ImageMagick's raw profiles in PNG text.
"""

import re
import zlib

from deblurkit.imaging.formats.containers import PARTS_LIMIT

PHOTOSHOP = b"Photoshop 3.0\0"  # begins the segment of JPEG
_RESOURCE, _IPTC = b"8BIM", 0x0404
_RAW_PROFILE = re.compile(rb"\s*(\w+)\s+(\d{1,9})\s+([0-9a-fA-F\s]*)")


def iptc_of_resources(resources: bytes) -> bytes:
    """The records in a list of Photoshop's image resources; empty where there are none."""
    position = 0
    while resources[position : position + 4] == _RESOURCE:
        kind = int.from_bytes(resources[position + 4 : position + 6], "big")
        name = resources[position + 6] if position + 6 < len(resources) else 0
        start = position + 6 + (name + 2) // 2 * 2  # the name's length and the name, padded
        length = int.from_bytes(resources[start : start + 4], "big")
        if kind == _IPTC:
            content = resources[start + 4 : start + 4 + length]
            return content if len(content) == length else b""
        position = start + 4 + length + length % 2
    return b""


def resources_of_iptc(iptc: bytes) -> bytes:
    """The list of image resources that holds the records."""
    head = _RESOURCE + _IPTC.to_bytes(2, "big") + bytes(2) + len(iptc).to_bytes(4, "big")
    return head + iptc + bytes(len(iptc) % 2)


def raw_profile_of(content: bytes) -> tuple[bytes, bytes] | None:
    """Name and bytes of a profile in hexadecimal digits, out of a chunk of PNG's packed text.

    Args:
        content: Of a ``zTXt`` chunk.
    """
    keyword, _, packed = content.partition(b"\0")
    if not keyword.startswith(b"Raw profile type "):
        return None
    stream = zlib.decompressobj()
    try:
        text = stream.decompress(packed[1:], PARTS_LIMIT)
    except zlib.error:
        return None
    match = _RAW_PROFILE.match(text)
    if match is None or not stream.eof:
        return None
    digits = b"".join(match[3].split())
    if len(digits) != 2 * int(match[2]):
        return None
    return keyword.removeprefix(b"Raw profile type "), bytes.fromhex(digits.decode())


def raw_profile(name: bytes, profile: bytes) -> bytes:
    """Content of such a chunk."""
    digits = profile.hex().encode()
    lines = b"\n".join(digits[at : at + 72] for at in range(0, len(digits), 72))
    text = b"\n%s\n%8d\n%s\n" % (name, len(profile), lines)
    return b"Raw profile type %s\0\0" % name + zlib.compress(text)
