"""Directories of a TIFF structure: of a file, classic or BigTIFF, or of camera data (EXIF).

Files are not trusted: lengths are looked at before anything is read.

Source: "TIFF Revision 6.0", Aldus, 1992, sec. 2; BigTIFF as libtiff 4 defines it.
"""

import struct
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from deblurkit.imaging.formats.containers import CUT, PARTS_LIMIT, DecodingError, File

BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED = 1, 2, 3, 4, 5, 7
STRIP_POSITIONS, TILE_POSITIONS, SUBDIRECTORIES = 273, 324, 330
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
SIZES |= {16: 8, 17: 8, 18: 8}  # bytes of a value, by its type
_SWAPPED = {3: 2, 8: 2, 4: 4, 5: 4, 9: 4, 10: 4, 11: 4, 13: 4, 12: 8, 16: 8, 17: 8, 18: 8}
_INTEGERS = {1: "u1", 3: "<u2", 4: "<u4", 13: "<u4", 16: "<u8", 18: "<u8"}
_PIECE_LIMIT = 2**16  # strips or tiles
_ENTRY_LIMIT, _DIRECTORY_LIMIT = 2**12, 2**14


class Value(NamedTuple):
    """Values of a tag.

    Args:
        kind: Their type, by the format's number.
        values: How many there are.
        data: Their bytes, little-endian.
    """

    kind: int
    values: int
    data: bytes


class Entry(NamedTuple):
    """Where a directory keeps the values of a tag.

    Args:
        kind: Their type.
        values: How many there are.
        position: Of the values in the file.
        slot: Position of the entry itself.
    """

    kind: int
    values: int
    position: int
    slot: int


class Form(NamedTuple):
    """How numbers are written in a file.

    Args:
        order: ``"<"`` or ``">"``.
        big: Whether positions have 64 bits.
    """

    order: str
    big: bool

    @property
    def position(self) -> struct.Struct:
        """Of positions, and of counts of values."""
        return struct.Struct(self.order + ("Q" if self.big else "L"))


class Directory:
    """Tags of one picture; values are read when they are asked for.

    Args:
        file: The whole structure.
        position: Of the directory.
        form: How numbers are written.

    Raises:
        DecodingError: If it does not fit into the file or claims more than is honest.
    """

    def __init__(self, file: File, position: int, *, form: Form) -> None:
        self.file, self.form, self.position = file, form, position
        size, width = file.seek(0, 2), 20 if form.big else 12
        try:
            file.seek(position)
            counted = struct.Struct(form.order + ("Q" if form.big else "H"))
            count: int = counted.unpack(file.read(counted.size))[0]
            if count > _ENTRY_LIMIT:
                raise DecodingError(CUT)
            content = file.read(width * count)
            start = position + counted.size
            tags = [
                self._entry(content, start, at, size=size) for at in range(0, len(content), width)
            ]
            if len(tags) != count:
                raise DecodingError(CUT)
            following = file.read(form.position.size)
        except (struct.error, OSError, OverflowError) as error:
            raise DecodingError(CUT) from error
        self.entries: dict[int, Entry] = {tag: entry for tag, entry in tags if entry.values}
        whole = len(following) == form.position.size  # some programs leave out the last zero
        self.following: int = form.position.unpack(following)[0] if whole else 0

    def _entry(self, content: bytes, start: int, at: int, *, size: int) -> tuple[int, Entry]:
        tag, kind = struct.unpack_from(self.form.order + "HH", content, at)
        count = self.form.position.unpack_from(content, at + 4)[0]
        room = self.form.position.size
        length, position = count * SIZES.get(kind, 1), start + at + 4 + room
        inside = length <= room
        _refuse_tag(tag, count=count, length=length, inside=inside, size=size)
        if not inside:
            position = self.form.position.unpack_from(content, at + 4 + room)[0]
        return tag, Entry(kind, count, position, start + at)

    def value(self, tag: int) -> Value | None:
        """Values of a tag; none where it is missing, of no known type, or behind the file's end."""
        entry = self.entries.get(tag)
        if entry is None or entry.kind not in SIZES or entry.position >= 2**63:
            return None
        length = entry.values * SIZES[entry.kind]
        self.file.seek(entry.position)
        data = self.file.read(length)
        if len(data) < length:
            return None
        if self.form.order == ">" and entry.kind in _SWAPPED:
            numbers = np.frombuffer(data, f">u{_SWAPPED[entry.kind]}")
            data = numbers.astype(numbers.dtype.newbyteorder("<")).tobytes()
        return Value(entry.kind, entry.values, data)

    def numbers(self, tag: int, default: tuple[int, ...] = ()) -> tuple[int, ...]:
        """Whole numbers of a tag; the default where it is missing or holds none."""
        value = self.value(tag)
        if value is None or value.kind not in _INTEGERS:
            return default
        return tuple(np.frombuffer(value.data, _INTEGERS[value.kind]).tolist())

    def number(self, tag: int, default: int) -> int:
        """The first of them."""
        return self.numbers(tag, (default,))[0]

    def data(self, tag: int) -> bytes:
        """Bytes of a tag, empty where it is missing."""
        value = self.value(tag)
        return b"" if value is None else value.data

    def ratio(self, tag: int) -> float:
        """The first ratio of a tag; 0 where it is missing or no number."""
        value = self.value(tag)
        if value is None or value.kind != RATIONAL:
            return 0.0
        over, under = struct.unpack_from("<LL", value.data)
        return over / under if under else 0.0

    def below(self, tag: int = SUBDIRECTORIES) -> Iterator["Directory"]:
        """Directories that a tag points to; what cannot be read is left out."""
        for position in self.numbers(tag)[:64]:
            try:
                yield Directory(self.file, position, form=self.form)
            except DecodingError:
                continue


def first_directory(file: File) -> Directory:
    """The first directory of a structure.

    Raises:
        DecodingError: If there is none.
    """
    file.seek(0)
    head = file.read(16)
    form = Form("<" if head[:2] == b"II" else ">", head[2:4] in (b"+\0", b"\0+"))
    try:
        position: int = form.position.unpack_from(head, 8 if form.big else 4)[0]
    except struct.error as error:
        raise DecodingError(CUT) from error
    return Directory(file, position, form=form)


def chain(file: File) -> list[Directory]:
    """The directories of a file, each of which names the position of the next.

    Raises:
        DecodingError: If one cannot be read, or they are without end.
    """
    directories = [first_directory(file)]
    positions = {directories[0].position}
    while directories[-1].following:
        following = directories[-1].following
        if following in positions or len(positions) >= _DIRECTORY_LIMIT:
            raise DecodingError("its list of pages has no end")
        positions.add(following)
        directories.append(Directory(file, following, form=directories[-1].form))
    return directories


Tags = Mapping[int, "Value | Tags"]  # a directory of its own in the place of values


def packed(tags: Tags, start: int, *, following: int = 0) -> bytes:
    """A directory of a classic little-endian file with all its values.

    Args:
        tags: Values, or the tags of a directory that the tag points to.
        start: Where it will stand, even.
        following: Position of the next directory; 0 for the last.

    Raises:
        struct.error: If a position has more than 32 bits.
    """
    size = 2 + 12 * len(tags) + 4
    entries, outside = [struct.pack("<H", len(tags))], bytearray()
    for tag in sorted(tags):
        value = tags[tag]
        position = struct.pack("<L", start + size + len(outside))
        if isinstance(value, Mapping):
            outside += packed(value, start + size + len(outside))
            value = Value(LONG, 1, position)
        elif len(value.data) > 4:
            outside += value.data + bytes(len(value.data) % 2)
        field = position if len(value.data) > 4 else value.data.ljust(4, b"\0")
        entries.append(struct.pack("<HHL", tag, value.kind, value.values) + field)
    return b"".join([*entries, struct.pack("<L", following), outside])


def shorts(*numbers: int) -> Value:
    """Whole numbers of 16 bits."""
    return Value(SHORT, len(numbers), struct.pack(f"<{len(numbers)}H", *numbers))


def longs(*numbers: int) -> Value:
    """Whole numbers of 32 bits."""
    return Value(LONG, len(numbers), struct.pack(f"<{len(numbers)}L", *numbers))


def _refuse_tag(tag: int, *, count: int, length: int, inside: bool, size: int) -> None:
    if tag in (STRIP_POSITIONS, TILE_POSITIONS) and count > _PIECE_LIMIT:
        raise DecodingError(f"it is cut into {count} pieces; the limit is {_PIECE_LIMIT}")
    if length > PARTS_LIMIT:
        raise DecodingError(f"its tag {tag} holds {length} bytes; save it without layers")
    if not inside and length > size:
        raise DecodingError(CUT)
