"""A method's restoration as a program of ``torch.export``, for pictures of any size."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch.export import Dim, ExportedProgram
from torch.fx.experimental import _config as symbolic

from deblurkit.errors import InputError, sentence
from deblurkit.exporting.free_size import FreeSize
from deblurkit.methods.frame.base import RestorationMethod
from deblurkit.methods.frame.network import NetworkMethod

INPUT, OUTPUT = "blurred", "restored"  # names in the graph
WORDS = 300  # characters of what a failed export says
# They tell of their steps, and of packages that are not needed.
LOUD = ("torch.onnx", "torch.export", "torch._export", "onnxscript", "onnx_ir")


def with_network(method: RestorationMethod) -> NetworkMethod:
    """A method, if it restores with one pass of a network that sees the picture only.

    Raises:
        InputError: If there is no such network, so nothing to export.
    """
    if isinstance(method, NetworkMethod):
        return method
    raise InputError(
        f"{type(method).__name__} solves each picture anew and has no trained network, so there "
        "is nothing to export; deblurkit-export takes weights= of a trained network"
    )


def exported_program(method: NetworkMethod, *, size: tuple[int, int]) -> ExportedProgram:
    """Trace a method's restoration of one picture; height and width stay free.

    Args:
        method: On the CPU.
        size: Height and width of the picture that is traced, pixels. It must not matter: what
            follows from it is a guard, which the program's module checks at every call.

    Raises:
        InputError: If torch cannot trace the network, with the operator that stands in the way.
    """
    picture = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(0))
    free = {INPUT: {2: Dim.DYNAMIC, 3: Dim.DYNAMIC}}
    try:
        # Sides of one pixel are like all others: torch would look at them for itself.
        alike = symbolic.patch(backed_size_oblivious=True)  # type: ignore[attr-defined]
        with quiet(), torch.no_grad(), alike, method.in_eval_mode():
            return torch.export.export(FreeSize(method), (picture,), dynamic_shapes=free)
    except Exception as error:  # of torch's tracer, of any kind
        raise InputError(
            f"{type(method).__name__} cannot be exported; torch.export says: "
            f"{sentence(error):.{WORDS}}"
        ) from error


@contextmanager
def quiet() -> Iterator[None]:
    """Let torch's exporters speak of errors only."""
    loggers = [logging.getLogger(name) for name in LOUD]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
