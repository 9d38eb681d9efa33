"""The task of ``deblurkit-export``: trained weights as a file that other programs restore with."""

import hashlib
import logging
from collections.abc import Callable
from importlib.util import find_spec
from typing import NamedTuple

import torch
from omegaconf import DictConfig
from torch import Tensor
from torch.export import ExportedProgram

from deblurkit.commands.shared.method import chosen_method
from deblurkit.commands.shared.results import new_file
from deblurkit.errors import InputError, sentence
from deblurkit.exporting.descriptions import description, words
from deblurkit.exporting.onnx_files import onnx_model, with_words
from deblurkit.exporting.programs import exported_program, with_network
from deblurkit.exporting.proof import Difference, compared, sizes
from deblurkit.exporting.reading import is_exported, require_free_size, require_plain
from deblurkit.exporting.runtimes import ONNXRuntime, OpenVINO, Runtime
from deblurkit.exporting.torch_files import loaded, saved
from deblurkit.methods.frame.network import NetworkMethod
from deblurkit.storage import replacing
from deblurkit.weights import shipped

log = logging.getLogger(__name__)


class Export(NamedTuple):
    """A method on its way into a file.

    Args:
        method: What restores.
        program: Its restoration, traced.
        guarded: Whether its weights are those of the install, which are guarded.
        opset: Of an ONNX file.
    """

    method: NetworkMethod
    program: ExportedProgram
    guarded: bool
    opset: int


class Format(NamedTuple):
    """A kind of file.

    Args:
        suffix: Of its name.
        write: Makes its content, and compares that with the library.
    """

    suffix: str
    write: Callable[[Export], tuple[bytes, list[Difference]]]


def onnx_file(export: Export) -> tuple[bytes, list[Difference]]:
    """Content of an ONNX file, compared as ONNX Runtime runs it."""
    name = type(export.method).__name__
    model = onnx_model(export.program, opset=export.opset, name=name)
    content = model.SerializeToString()
    differences = compared(
        by(ONNXRuntime(content)), export.method, graph=f"the ONNX graph by {ONNXRuntime.title}"
    )
    runtimes = [ONNXRuntime.title, *openvino_too(content, export.method)]
    require_plain(model)  # as whoever reads it again does
    require_free_size(model.graph)
    described = description(export.method, guarded=export.guarded, runtimes=runtimes)
    said = words(described, differences, graph=f"ONNX, opset {export.opset}")
    return with_words(model, said), differences


def by(runtime: Runtime) -> Callable[[Tensor], Tensor]:
    """A runtime, for tensors."""
    return lambda picture: torch.from_numpy(runtime(picture.numpy()))


def openvino_too(content: bytes, method: NetworkMethod) -> list[str]:
    """The title of OpenVINO, where it is installed and restores as the library does."""
    if find_spec("openvino") is None:
        return []
    try:
        compared(by(OpenVINO(content)), method, graph="the ONNX graph by OpenVINO")
    except Exception as error:  # runtimes' own classes are not public
        reason = sentence(error).removesuffix("; nothing is written")
        log.warning("%.300s; deblurkit restores with ONNX Runtime", reason)
        return []
    return [OpenVINO.title]


def torch_file(export: Export) -> tuple[bytes, list[Difference]]:
    """Content of a file of ``torch.export``, compared as it is read again."""
    described = description(export.method, guarded=export.guarded, runtimes=())
    module = loaded(saved(export.program, {})).module()
    differences = compared(module, export.method, graph="the program of torch.export")
    said = words(described, differences, graph=f"torch.export, torch {torch.__version__}")
    return saved(export.program, said), differences


FORMATS = {"onnx": Format(".onnx", onnx_file), "torch": Format(".pt2", torch_file)}


def export(cfg: DictConfig) -> str:
    """Export a method's network, prove the file and write it.

    Args:
        cfg: The command's config: ``weights``, ``format``, ``output`` and ``opset``.

    Returns:
        SHA-256 of the written file.

    Raises:
        InputError: If there is no network, it cannot be exported, the file would restore
            otherwise than the library does, or ``output`` exists. Nothing is written then.
    """
    kind = FORMATS.get(str(cfg.format))
    if kind is None:
        raise InputError(f"format is one of {', '.join(FORMATS)}, got {cfg.format}")
    output = new_file(str(cfg.output or ""), kind.suffix)
    if is_exported(str(cfg.weights)):
        raise InputError(f"{cfg.weights} is an exported network already; give its weights")
    method = with_network(chosen_method(cfg))
    name = type(method).__name__
    program = exported_program(method, size=sizes(method)["traced"])
    prepared = Export(method, program, cfg.weights in shipped(), int(cfg.opset))
    content, differences = kind.write(prepared)
    for each in differences:
        log.info(
            *("%s, %d x %d pixels: largest difference from the library %.2g of 1", each.name),
            *(*each.size, each.error),
        )
    with replacing(output) as stream:
        stream.write(content)
    digest = hashlib.sha256(content).hexdigest()
    log.info("%s: %s of weights=%s, %.1f MB", output, name, cfg.weights, len(content) / 1e6)
    log.info("sha256 %s", digest)
    return digest
