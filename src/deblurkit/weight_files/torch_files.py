"""What ``torch.save`` writes: an archive, or in older releases a row of pickles."""

import struct
import zipfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from deblurkit.errors import InputError, sentence
from deblurkit.weight_files.mapped import Careful, Mapped
from deblurkit.weight_files.pickles import SIZE, ForeignError, read_pickle

MAGIC = 0x1950A86A20F9469CFC6C  # of the row of pickles
HEADER = struct.Struct("<4s22xHH")  # of a member: signature, lengths of its name and of an extra


def read_torch(path: str | Path) -> Any:
    """Read what ``torch.save`` wrote, without calling anything in it.

    Tensors are on the CPU and come from the disk when they are used.

    Raises:
        OSError: If the file cannot be opened.
        InputError: If it holds more than tensors and plain values, or is damaged.
    """
    try:
        file = Mapped(Path(path))
        if file.part(0, 4) == b"PK\x03\x04":
            return _read_archive(file)
        return _read_row(file)
    except OSError:
        raise
    except ForeignError as error:
        raise InputError(
            f"{path} was refused: it holds more than tensors and plain values ({error}), so "
            "reading it could run foreign code; ask its author for safetensors"
        ) from error
    except Exception as error:  # whatever damaged bytes lead to
        raise InputError(f"{path} is damaged or no checkpoint: {sentence(error)}") from error


def _read_archive(file: Mapped) -> Any:
    with zipfile.ZipFile(Careful(file)) as archive:
        members = archive.infolist()
    extents = {member.filename: _extent(member, file) for member in members}
    if len(extents) < len(members):
        raise ValueError("two members of its archive have one name")
    ends = sorted((start, start + size) for start, size in extents.values())
    if any(end > start for (_, end), (start, _) in pairwise(ends)):
        raise ValueError("members of its archive overlap")
    roots = [name.removesuffix("data.pkl") for name in extents if name.endswith("/data.pkl")]
    if len(roots) != 1 or roots[0].count("/") != 1:
        raise ValueError("its archive is none of torch.save")
    root, storages = roots[0], {}
    if (order := extents.get(f"{root}byteorder")) and file.part(*order) != b"little":
        raise ValueError("its numbers are stored from the large end")

    def storage(reference: tuple[Any, ...]) -> Tensor:
        dtype, key, _, count = reference[:4]
        if key not in storages:
            start, size = extents[f"{root}data/{key}"]
            if count * dtype.itemsize > size:
                raise ValueError(f"its storage {key} is shorter than it claims")
            storages[key] = file.values(start, size // dtype.itemsize, dtype)
        if storages[key].dtype != dtype:
            raise ValueError(f"its storage {key} is of two kinds")
        return storages[key][:count]

    start, size = extents[f"{root}data.pkl"]
    if size > SIZE:
        raise ValueError("it describes more than any weights do")
    return read_pickle(file.part(start, size), storage)[0]


def _extent(member: zipfile.ZipInfo, file: Mapped) -> tuple[int, int]:
    """Where a member's bytes begin, and how many there are."""
    parts = member.filename.split("/")
    if ".." in parts or "" in parts or "\\" in member.filename:
        raise ValueError(f"its archive holds the path {member.filename[:80]!r}")
    size = member.file_size
    if member.compress_type != zipfile.ZIP_STORED or member.compress_size != size:
        raise ValueError(f"its archive holds {member.filename[:80]!r} compressed")
    signature, name, extra = HEADER.unpack(file.part(member.header_offset, HEADER.size))
    start = member.header_offset + HEADER.size + name + extra
    if signature != b"PK\x03\x04" or start + size > len(file):
        raise ValueError(f"its archive is cut at {member.filename[:80]!r}")
    return start, size


def _read_row(file: Mapped) -> Any:
    """Magic number, protocol, system, content, keys of the storages; then the storages."""
    kinds: dict[Any, tuple[torch.dtype, int]] = {}

    def measured(reference: tuple[Any, ...]) -> Tensor:
        dtype, key, _, count = reference[:4]
        if kinds.setdefault(key, (dtype, count)) != (dtype, count):
            raise ValueError(f"its storage {key} is of two kinds")
        return _part(torch.empty(count, dtype=dtype, device="meta"), reference)

    start, starts, values = 0, [], []
    for _ in range(5):
        starts.append(start)
        value, size = read_pickle(file.part(start, SIZE), measured)
        values.append(value)
        if values[0] != MAGIC:
            raise ValueError("it is no file of torch.save")
        start += size
    storages: dict[Any, Tensor] = {}
    for key in values[4]:
        dtype, count = kinds[key]
        if file.part(start, 8) != struct.pack("<q", count):
            raise ValueError(f"its storage {key} is not as long as it claims")
        storages[key] = file.values(start + 8, count, dtype)
        start += 8 + count * dtype.itemsize
    content = file.part(starts[3], SIZE)
    return read_pickle(content, lambda reference: _part(storages[reference[1]], reference))[0]


def _part(storage: Tensor, reference: tuple[Any, ...]) -> Tensor:
    """What a row of pickles takes of a storage; releases before 0.4 stored parts of tensors so."""
    if len(reference) < 5 or reference[4] is None:
        return storage
    _, offset, count = reference[4]
    return storage[offset : offset + count]
