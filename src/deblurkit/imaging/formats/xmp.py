"""Notes in XML (XMP): the orientation they tell, and what they announce that a result has not.

Source: Adobe, "XMP Specification Part 1", 2012; Google, "Motion Photo format 1.0" and "Ultra HDR
Image Format v1.1"; Apple's and Adobe's name spaces of gain maps.
"""

import re
from xml.parsers import expat

_TURN = re.compile(rb"""(tiff:Orientation(?:\s*=\s*["']|\s*>)\s*)([1-8])""")
_ALL = re.compile("")  # every name
# Names, by the beginning of their name space, that announce pictures or videos in the same file.
_ANNOUNCING = {
    "http://ns.adobe.com/hdr-gain-map/": _ALL,
    "http://ns.apple.com/HDRGainMap/": _ALL,
    "http://ns.apple.com/pixeldatainfo/": _ALL,
    "http://ns.google.com/photos/1.0/audio/": _ALL,
    "http://ns.google.com/photos/1.0/camera/": re.compile("Micro|Motion"),
    "http://ns.google.com/photos/1.0/container/": _ALL,
    "http://ns.google.com/photos/1.0/depthmap/": _ALL,
    "http://ns.google.com/photos/1.0/image/": _ALL,
    "http://ns.google.com/photos/dd/1.0/": _ALL,
    "http://ns.adobe.com/xmp/note/": re.compile("HasExtendedXMP$"),
    "http://ns.adobe.com/xap/1.0/": re.compile("Thumbnails$"),
}
_ATTRIBUTE = re.compile(rb"""\s+([\w.-]+:[\w.-]+)\s*=\s*("[^"]*"|'[^']*')""")
_TAG = re.compile(rb"""<(?:[^"'>]++|"[^"]*"|'[^']*')*+>""")
GAIN_MAP = (b"http://ns.adobe.com/hdr-gain-map/", b"http://ns.apple.com/HDRGainMap/")
MOTION = re.compile(rb"MotionPhoto|MicroVideo")


def xmp_orientation(xmp: bytes) -> int:
    """Orientation as in EXIF, 1 to 8; 0 where the notes say none."""
    match = _TURN.search(xmp)
    return int(match[2]) if match else 0


def restored_xmp(xmp: bytes) -> bytes:
    """Notes of the same picture once upright, alone in its file.

    Elements and attributes that announce gain maps, videos, depth maps or previews are cut out;
    everything else stays byte by byte. Notes that announce some and are no sound XML are dropped.
    """
    xmp = _TURN.sub(rb"\g<1>1", xmp)
    if not any(space.encode() in xmp for space in _ANNOUNCING):
        return xmp
    if b"<!" in xmp.replace(b"<!--", b""):  # document types and entities have no place in XMP
        return b""
    cuts = _Cuts(xmp)
    try:
        cuts.parser.Parse(xmp.rstrip(b"\0"), True)
    except (expat.ExpatError, UnicodeError, ValueError):
        return b""
    return cuts.cut()


class _Cuts:
    """Spans of bytes that announce what is not there."""

    def __init__(self, xmp: bytes) -> None:
        self.xmp, self.spans = xmp, list[tuple[int, int]]()
        self.prefixes: dict[str, str] = {}
        self.begun: list[int | None] = []  # of each open element, where it is cut out
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end

    def cut(self) -> bytes:
        """The notes without the spans."""
        pieces, position = [], 0
        for begin, end in sorted(self.spans):
            pieces.append(self.xmp[position:begin])
            position = max(position, end)
        return b"".join([*pieces, self.xmp[position:]])

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        for key, value in attributes.items():
            if key.startswith("xmlns:"):
                self.prefixes[key.removeprefix("xmlns:")] = value
        begin = self.parser.CurrentByteIndex
        announcing = self._announces(name)
        self.begun.append(begin if announcing else None)
        if announcing:
            end = self._end_of_tag(begin)
            if self.xmp[end - 2 : end] == b"/>":  # its end has no position of its own
                self.spans.append((begin, end))
                self.begun[-1] = None
        elif any(map(self._announces, attributes)):
            for match in _ATTRIBUTE.finditer(self.xmp, begin, self._end_of_tag(begin)):
                if self._announces(match[1].decode()):
                    self.spans.append(match.span())

    def _end(self, name: str) -> None:
        begin = self.begun.pop()
        if begin is not None:
            self.spans.append((begin, self._end_of_tag(self.parser.CurrentByteIndex)))

    def _end_of_tag(self, begin: int) -> int:
        match = _TAG.match(self.xmp, begin)
        return len(self.xmp) if match is None else match.end()

    def _announces(self, name: str) -> bool:
        prefix, _, local = name.partition(":")
        space = self.prefixes.get(prefix, "")
        declared = prefix == "xmlns"
        if declared:
            space = self.prefixes.get(local, "")
        return any(
            space.startswith(begin) and (names is _ALL if declared else names.match(local))
            for begin, names in _ANNOUNCING.items()
        )
