"""What stands beside the pixels of a TIFF page, and what of it no result can keep.

Source: "TIFF Revision 6.0", Aldus, 1992; "OGC GeoTIFF Standard 1.1", 2019, sec. 7; the pages of
GDAL, ImageJ and the Open Microscopy Environment on their own tags and descriptions.
"""

import re
import struct
from typing import NamedTuple

from deblurkit.imaging.formats.exif import (
    RESOLUTION_UNIT,
    X_RESOLUTION,
    Y_RESOLUTION,
    resolution_of,
)
from deblurkit.imaging.formats.iptc import iptc_of_resources
from deblurkit.imaging.formats.metadata import Metadata
from deblurkit.imaging.formats.tiff.directories import Directory, Tags, Value, packed

DESCRIPTION, XMP, IPTC, ICC, EXIF_FOLDER, GPS_FOLDER = 270, 700, 33723, 34675, 34665, 34853
_RESOURCES = 34377
_HEAD = b"II*\0\x08\0\0\0"
# Camera data of the first folder that do not describe how the pixels are stored.
CAMERA = frozenset(
    {DESCRIPTION, 271, 272, X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT, 305, 306, 315}
    | {316, 18246, 18249, 33432, 0x9C9B, 0x9C9C, 0x9C9D, 0x9C9E, 0x9C9F}
)
MAP = frozenset({33550, 33922, 34264, 34735, 34736, 34737})  # where on the earth the pixels are
_GDAL = frozenset({42112, 42113})
# Names of the page, its position on paper, and the range of values, by which nothing is scaled.
_CARRIED = frozenset({269, 280, 281, 285, 286, 287, 297}) | MAP | _GDAL
# How the pixels are stored, and what is read otherwise.
_REWRITTEN = frozenset(
    {254, 255, *range(256, 270), 273, 274, *range(277, 280), 284, *range(288, 294), 301}
    | {*range(317, 326), *range(330, 348), *range(512, 522), *range(529, 533), 559}
    | {XMP, IPTC, ICC, EXIF_FOLDER, GPS_FOLDER, _RESOURCES}
)
_OF_PLANES = re.compile(rb'\s*(?:ImageJ=|\{"shape"|shape=\()|.*?<(?:\w+:)?OME\b', re.S)
_IMAGEJ_PLANES = re.compile(rb"ImageJ=.*?\nimages=(\d{1,9})", re.S)
_IMAGEJ = frozenset({50838, 50839})  # its own labels and tables of colours
_INTEROPERABILITY = 40965  # a folder within the folder of EXIF
_SAID = 2**12  # bytes of a description within which it says what it is
_LISTED = 6  # tags in one sentence


class Beside(NamedTuple):
    """What stands beside the pixels of a page.

    Args:
        metadata: What is carried on.
        left_out: What is not, in words.
    """

    metadata: Metadata
    left_out: tuple[str, ...]


def beside(directory: Directory, *, pages: int, complete: bool) -> Beside:
    """Camera data, profile and notes of a page; what cannot be read is left out.

    Args:
        directory: Of the page.
        pages: How many of them the file has.
        complete: Whether the result has all of them, of the same size, and the file nothing else.
    """
    tags = _tags(directory, CAMERA)
    left_out = []
    description = directory.data(DESCRIPTION)[:_SAID]
    planes = _IMAGEJ_PLANES.match(description)
    hidden = int(planes[1]) - pages if planes else 0
    if hidden > 0:
        left_out.append(f"{hidden} further planes, which stand in no directory of the file")
    if _OF_PLANES.match(description) and (
        not complete or hidden > 0 or b"FileName=" in description
    ):
        del tags[DESCRIPTION]
        left_out.append("a description of planes that are not in the result")
    others = sorted(directory.entries.keys() - CAMERA - _CARRIED - _REWRITTEN - _IMAGEJ)
    if others:
        more = f" and {len(others) - _LISTED} others" if len(others) > _LISTED else ""
        left_out.append(f"TIFF tags {', '.join(map(str, others[:_LISTED]))}{more}")
    metadata = Metadata(
        exif=_exif(directory, tags),
        icc=directory.data(ICC),
        xmp=directory.data(XMP).rstrip(b"\0"),
        iptc=directory.data(IPTC) or iptc_of_resources(directory.data(_RESOURCES)),
        resolution=resolution_of(directory),
        tags=tuple(_tags(directory, _CARRIED).items()),
    )
    return Beside(metadata, tuple(left_out))


def camera_tags(exif: Directory) -> dict[int, "Value | Tags"]:
    """Camera data as a TIFF file keeps them, with their folders."""
    tags: dict[int, Value | Tags] = dict(_tags(exif, CAMERA))
    for folder in (EXIF_FOLDER, GPS_FOLDER):
        for below in exif.below(folder):
            inside: dict[int, Value | Tags] = dict(_tags(below, frozenset(below.entries)))
            inside.pop(_INTEROPERABILITY, None)
            for further in below.below(_INTEROPERABILITY):
                inside[_INTEROPERABILITY] = _tags(further, frozenset(further.entries))
            if inside:
                tags[folder] = inside
    return tags


def _exif(directory: Directory, tags: dict[int, Value]) -> bytes:
    folders = {tag: value for tag, value in camera_tags(directory).items() if tag not in CAMERA}
    try:
        return _HEAD + packed({**tags, **folders}, len(_HEAD)) if tags or folders else b""
    except struct.error:
        return b""


def _tags(directory: Directory, wanted: frozenset[int]) -> dict[int, Value]:
    values = {tag: directory.value(tag) for tag in sorted(wanted & directory.entries.keys())}
    return {tag: value for tag, value in values.items() if value is not None}
