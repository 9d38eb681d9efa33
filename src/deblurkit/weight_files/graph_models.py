"""Graph models of TensorFlow.js: a graph as JSON, and numbers in shards beside it."""

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from deblurkit.errors import InputError, sentence

TENSORS, NODES = 50_000, 200_000  # of one model
KINDS = {"float32": torch.float32, "int32": torch.int32}


class Use(NamedTuple):
    """What the graph does with a tensor.

    Args:
        operation: Such as ``Conv2D``.
        name: Of the node that does it.
        tensor: It.
    """

    operation: str
    name: str
    tensor: Tensor


class GraphModel(NamedTuple):
    """A model's tensors where its nodes read them, and the SHA-256 of its shards put together."""

    uses: list[Use]
    shards: str


def read_graph_model(model: bytes, shards: Mapping[str, bytes]) -> GraphModel:
    """Tensors of a model with those of its nodes that read them, node by node.

    Args:
        model: The file ``model.json``.
        shards: The files with its numbers, by name; they are put together as the manifest
            orders them, whatever the order here.

    Raises:
        InputError: If something is missing, too short or too long, quantised, or no such model.
    """
    together = hashlib.sha256()
    try:
        described = json.loads(model)
        tensors: dict[str, Tensor] = {}
        for group in described["weightsManifest"]:
            content = _joined(group["paths"], shards)
            together.update(content)
            _take(tensors, group["weights"], content)
        nodes = described["modelTopology"]["node"]
        if len(nodes) > NODES:
            raise ValueError(f"it claims {len(nodes)} nodes")
        uses = [
            Use(node["op"], node["name"], tensors[source])
            for node in nodes
            for source in node.get("input", ())
            if source in tensors
        ]
    except InputError:
        raise
    except Exception as error:  # whatever damaged text leads to
        reason = f"it lacks {error}" if isinstance(error, KeyError) else sentence(error)
        raise InputError(f"model.json is damaged or no graph model: {reason:.200}") from error
    return GraphModel(uses, together.hexdigest())


def _joined(names: list[str], shards: Mapping[str, bytes]) -> bytearray:
    missing = [name for name in names if name not in shards]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise InputError(f"beside model.json there is no {missing[0]:.80}{more}")
    return bytearray().join(shards[name] for name in names)


def _take(tensors: dict[str, Tensor], entries: list[dict[str, Any]], content: bytearray) -> None:
    """Tensors of one group of shards."""
    start = 0
    for entry in entries:
        name, shape, kind = entry["name"], entry["shape"], entry["dtype"]
        if "quantization" in entry:
            raise InputError(
                f"model.json says that {name:.80} is quantised, which costs quality; take weights "
                "as they were trained"
            )
        if kind not in KINDS or name in tensors or len(tensors) >= TENSORS:
            raise ValueError(f"{name[:80]!r} is there twice, or of the kind {kind!r:.40}")
        if not all(type(side) is int and 0 < side < 2**31 for side in shape):
            raise ValueError(f"{name[:80]!r} has the shape {shape!r:.80}")
        count = math.prod(shape)
        if start + 4 * count > len(content):
            raise InputError(f"the shards end within {name:.80}: one of them is too short")
        values = torch.frombuffer(content, dtype=KINDS[kind], count=count, offset=start)
        tensors[name] = values.reshape(shape)
        start += 4 * count
    if start != len(content):
        raise InputError(f"the shards hold {len(content) - start} bytes that no tensor needs")
