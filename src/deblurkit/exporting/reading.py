"""ONNX files of ``deblurkit-export``, read as data and looked at before anything runs them.

A graph is no program, but a runtime opens the files that it names, fills the memory that it asks
for, and hands what it does not know to whatever has that name. So a graph may hold what
an exported network holds: its weights inside, ONNX's own operators, no inner graphs.
"""

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from deblurkit.errors import InputError, sentence
from deblurkit.exporting.descriptions import KEY
from deblurkit.exporting.needed import needed
from deblurkit.trust import parts

SUFFIX = ".onnx"
SIZE = 2**31 - 1  # bytes; protobuf takes no more
NODES, TENSORS = 50_000, 50_000  # of one graph
LONGEST = 2**20  # pixels; of borders and steps
ALONE = 2**26  # values that a graph may make of its constants alone
FAR = 10**6  # pixels, and bytes per pixel
DOMAINS = frozenset({"", "ai.onnx"})
GROWING = frozenset({"ConstantOfShape", "Expand", "Tile", "Pad", "Range", "Resize", "Upsample"})
FOREIGN = "deblurkit-export writes files that pad and crop for themselves and say what they are of"


class ExportedFile(NamedTuple):
    """An exported network as it was read.

    Args:
        content: The bytes of the file.
        described: What it says about itself: ``method``, ``recipe``, ``origin``, ``multiple``,
            ``reach``, ``memory``, ``guarded`` and ``runtimes``, titles of those that were seen to
            restore as the library does.
    """

    content: bytes
    described: dict[str, Any]


def is_exported(path: str | Path) -> bool:
    """Whether a file is called as exported networks are."""
    return str(path).lower().endswith(SUFFIX)


def read_exported(path: Path) -> ExportedFile:
    """Read an exported network, without running it.

    Args:
        path: An existing file.

    Raises:
        InputError: If it cannot be read, is damaged, was not written by ``deblurkit-export``, or
            holds what no exported network does.
    """
    onnx = needed("onnx", extra="onnx", use=str(path))
    try:
        if path.stat().st_size > SIZE:
            raise InputError(f"{path} is larger than an ONNX file can be, {SIZE} bytes")
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    model = onnx.ModelProto()
    try:
        model.ParseFromString(content)
        words = {entry.key: entry.value for entry in model.metadata_props}
        if not model.HasField("graph") or not model.graph.node:
            raise ValueError("it holds no graph")
    except Exception as error:  # whatever damaged bytes lead to
        raise InputError(f"{path} is damaged or no ONNX file: {sentence(error):.200}") from error
    try:
        described = description_in(words)
        require_plain(model)
        require_free_size(model.graph)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    return ExportedFile(content, described)


def description_in(words: Mapping[str, str]) -> dict[str, Any]:
    """What an exported network says about itself, checked.

    Raises:
        InputError: If it says nothing, or something else.
    """
    if KEY not in words:
        raise InputError(f"it was not written by deblurkit-export; {FOREIGN}")
    try:
        described = json.loads(words[KEY])
        recipe, origin = described["recipe"], described.get("origin")
        parts({"recipe": recipe, "origin": origin})
        numbers = [described[key] for key in ("reach", "memory", "multiple")]
        whole = all(type(number) is int for number in numbers[described["reach"] is None :])
        if not isinstance(recipe, dict) or not isinstance(origin, dict | None) or not whole:
            raise ValueError("it describes no method")
        if any(not 0 <= (number or 0) <= FAR for number in numbers) or numbers[-1] < 1:
            raise ValueError("it looks farther, or takes more memory, than any network")
        if type(described["guarded"]) is not bool or not described["method"].isidentifier():
            raise ValueError("it describes no method")
        if not isinstance(described["runtimes"], list):
            raise ValueError("it names no runtimes")
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise InputError(f"its description is damaged: {sentence(error):.200}") from error
    return {**described, "method": described["method"][:100]}


def require_plain(model: Any) -> None:
    """Look at the whole graph.

    Raises:
        InputError: If it holds what no exported network does.
    """
    graph = model.graph
    if len(graph.node) > NODES or len(graph.initializer) > TENSORS:
        raise InputError(f"it has more than {NODES} nodes or {TENSORS} tensors")
    if model.functions or model.training_info or graph.sparse_initializer:
        raise InputError(
            "it holds functions, a training or sparse tensors; exported networks do not"
        )
    for node in graph.node:
        if node.domain not in DOMAINS:
            raise InputError(
                f"it uses {node.op_type:.80} of {node.domain:.80}, which is not ONNX's own"
            )
        for attribute in node.attribute:
            if attribute.HasField("g") or attribute.graphs:
                raise InputError(f"it holds a graph inside {node.op_type:.80}")
            if any(abs(number) > LONGEST for number in attribute.ints):
                raise InputError(f"{node.op_type:.80} asks for borders or steps of no picture")
    for tensor in tensors(graph):
        if tensor.data_location or tensor.external_data:
            raise InputError(
                f"its tensor {tensor.name:.80} lies in another file; exported networks are one file"
            )
    require_small_constants(graph)


def tensors(graph: Any) -> Iterator[Any]:
    """Every tensor that a graph holds."""
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors


def require_small_constants(graph: Any) -> None:
    """Look at what a runtime computes while it opens a graph: whatever needs no picture.

    Raises:
        InputError: If that may be large.
    """
    from onnx.numpy_helper import to_array

    values = {tensor.name: tensor for tensor in graph.initializer}
    constant = {*values, ""}
    for node in graph.node:
        if not constant.issuperset(node.input):
            continue
        constant.update(node.output)
        if node.op_type in GROWING:
            inputs = [values[name] for name in node.input if name in values]
            numbers = [to_array(tensor) for tensor in inputs if math.prod(tensor.dims) <= 16]
            known = len(inputs) == len([name for name in node.input if name])
            if not known or any(abs(float(array.prod())) > ALONE for array in numbers):
                raise InputError(f"{node.op_type} makes values without end of constants")


def require_free_size(graph: Any) -> None:
    """Look at what goes in and comes out.

    Raises:
        InputError: If it is not one picture of any size.
    """
    if len(graph.input) != 1 or len(graph.output) != 1:
        raise InputError("it does not take one picture and answer one")
    kind = graph.input[0].type.tensor_type
    dims = kind.shape.dim
    if len(dims) != 4 or kind.elem_type != 1 or [dim.dim_value for dim in dims[:2]] != [1, 3]:
        raise InputError("it does not take a picture (1, 3, height, width) of float32 numbers")
    for side, dim in zip(("height", "width"), dims[2:], strict=True):
        name = dim.dim_param
        if not name.isidentifier():
            asked = str(dim.dim_value or name or "nothing")
            raise InputError(
                f"it takes pictures of one {side} or of multiples only ({asked:.80}); {FOREIGN}"
            )
