"""JPEG files: kinds that no decoder here reads, and what follows the picture in its file.

Source: ITU-T T.81 (1992), table B.1; ITU-T T.87 (1998); CIPA DC-007 (multi-picture format), 2009;
Google, "Motion Photo format 1.0" and "Ultra HDR Image Format v1.1"; ISO 21496-1:2025.
"""

import io
import struct

from deblurkit.imaging.formats.containers import Container, DecodingError
from deblurkit.imaging.formats.foreign import JPEG_LS
from deblurkit.imaging.formats.tiff.directories import first_directory

_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})  # markers
_RARE = {0xC3: "packed without loss", 0xCB: "packed without loss"}
_RARE |= dict.fromkeys((0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF), "hierarchical")
_RARE |= dict.fromkeys((0xC9, 0xCA), "packed arithmetically")
_HELP = "which is not read in JPEG; save it as PNG or TIFF"
_LS_FRAME = 0xF7
_CHANNELS = frozenset({1, 3, 4})
_MULTIPLE, _ISO_GAIN_MAP = b"MPF\0", b"urn:iso:std:iso:ts:21496:-1\0"
_LONG_NOTES = b"http://ns.adobe.com/xmp/extension/\0"
_PICTURES, _ENTRY = 0xB002, 16  # a tag of the multi-picture format, and bytes of its entries
_PREVIEWS = frozenset({0x010001, 0x010002})  # of the picture itself
_GAIN_MAPS = (b"ns.adobe.com/hdr-gain-map/", b"ns.apple.com/HDRGainMap/", _ISO_GAIN_MAP)
_VIDEO, _PICTURE = b"ftyp", b"\xff\xd8\xff"


def refuse_frame(container: Container) -> None:
    """Say what is not read of all that is called JPEG.

    Raises:
        DecodingError: With the kind of the file.
    """
    for kind, content in container.parts:
        marker, bits, channels = kind[0], content[0], content[5] if len(content) > 5 else 0
        if marker == _LS_FRAME:
            raise DecodingError(JPEG_LS.sentence)
        if marker not in _FRAMES:
            continue
        if bits != 8:
            raise DecodingError(f"it has {bits} bits in each channel, {_HELP}")
        if channels not in _CHANNELS:
            raise DecodingError(f"it has {channels} channels, {_HELP}")


def refuse_rare(container: Container) -> None:
    """Say why a decoder failed, if the file is of a kind that few decoders know.

    Raises:
        DecodingError: With the kind of the file.
    """
    for kind, _ in container.parts:
        if kind[0] in _RARE:
            raise DecodingError(f"it is {_RARE[kind[0]]}, {_HELP}")


def left_out_of_jpeg(container: Container, rest: bytes) -> tuple[str, ...]:
    """What a file holds beside its picture, in words.

    Args:
        container: Of the file.
        rest: What follows the picture.
    """
    second = [content for kind, content in container.parts if kind == b"\xe2"]
    first = [content for kind, content in container.parts if kind == b"\xe1"]
    multiple = [s.removeprefix(_MULTIPLE) for s in second if s.startswith(_MULTIPLE)]
    count = _pictures(multiple[0]) if multiple else int(rest.startswith(_PICTURE))
    texts = [rest, *first, *second]
    gain_map = bool(count) and any(sign in text for sign in _GAIN_MAPS for text in texts)
    count -= gain_map
    words = ["its gain map for bright screens"] if gain_map else []
    words += [f"{count} further picture{'s' * (count > 1)} in the same file"] if count > 0 else []
    words += ["its motion video"] if _VIDEO in rest else []
    if any(content.startswith(_LONG_NOTES) for content in first):
        words.append("notes in XML of more than 64 kB")
    return tuple(words)


def _pictures(multiple: bytes) -> int:
    """How many pictures follow the first one, previews aside."""
    try:
        directory = first_directory(io.BytesIO(multiple))
    except DecodingError:
        return 0
    entries = directory.data(_PICTURES)
    number = struct.Struct(directory.form.order + "L")
    kinds = [
        number.unpack_from(entries, at)[0]
        for at in range(_ENTRY, len(entries) - _ENTRY + 1, _ENTRY)
    ]
    return sum(kind & 0xFFFFFF not in _PREVIEWS for kind in kinds)
