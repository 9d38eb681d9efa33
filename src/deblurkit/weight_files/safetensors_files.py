"""Safetensors files, checked in every number before a tensor is made."""

import json
import math
import struct
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from deblurkit.errors import InputError, sentence
from deblurkit.weight_files.mapped import Mapped

SIZE = 8 * 2**20  # of the header, bytes; one tensor takes about 120
TENSORS = 50_000  # of one file
DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}


class SafeFile(NamedTuple):
    """Tensors of a file by their names, and the words that came with them."""

    tensors: dict[str, Tensor]
    metadata: dict[str, str]


def read_safetensors(path: str | Path) -> SafeFile:
    """Read a safetensors file; its numbers come from the disk when they are used.

    Raises:
        OSError: If the file cannot be opened.
        InputError: If it is damaged, or none.

    Source: the format's description, github.com/huggingface/safetensors, "Format".
    """
    try:
        file = Mapped(Path(path))
        (size,) = struct.unpack("<Q", file.part(0, 8))
        if size > SIZE:
            raise ValueError("its header is longer than that of any weights")
        header = json.loads(file.part(8, size), object_pairs_hook=_with_each_name_once)
        metadata = header.pop("__metadata__", {})
        if not all(isinstance(word, str) for word in metadata.values()):
            raise ValueError("its metadata are no words")
        if len(header) > TENSORS:
            raise ValueError(f"it claims {len(header)} tensors")
        extents = {name: _extent(name, entry) for name, entry in header.items()}
        end = 0
        for begin, stop, *_ in sorted(extents.values(), key=lambda extent: extent[:2]):
            if begin != end:
                raise ValueError("its tensors overlap or leave gaps")
            end = stop
        if 8 + size + end != len(file):
            raise ValueError("its tensors are not as long as the file")
        tensors = {
            name: file.values(8 + size + begin, math.prod(shape), dtype).reshape(shape)
            for name, (begin, _, shape, dtype) in extents.items()
        }
    except OSError:
        raise
    except Exception as error:  # whatever damaged bytes lead to
        raise InputError(f"{path} is damaged or no safetensors file: {sentence(error)}") from error
    return SafeFile(tensors, metadata)


def _with_each_name_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) < len(pairs):
        raise ValueError("its header has one name twice")
    return entries


def _extent(name: str, entry: dict[str, Any]) -> tuple[int, int, list[int], torch.dtype]:
    """Where a tensor's bytes begin and end after the header, its shape and its kind."""
    shape, (begin, end), dtype = entry["shape"], entry["data_offsets"], DTYPES.get(entry["dtype"])
    are_whole = all(type(number) is int and 0 <= number < 2**48 for number in (*shape, begin, end))
    if dtype is None or not are_whole or len(shape) > 16:
        raise ValueError(f"{name[:80]!r} is of an unknown kind or shape")
    if end - begin != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"{name[:80]!r} has another size than its shape says")
    return begin, end, shape, dtype
