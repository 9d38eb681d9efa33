"""Ways to compute what a network restores: their pictures differ by rounding."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import nn

from deblurkit.contracts import BlurredBatch, Restoration
from deblurkit.methods.frame.base import RestorationMethod
from deblurkit.methods.frame.network import NetworkMethod
from deblurkit.processor import has_bf16
from deblurkit.restoring.chain import Restore


@runtime_checkable
class ComputePath(Protocol):
    """A way to compute a network's restoration.

    >>> isinstance(EXACT, ComputePath), str(EXACT)
    (True, 'float32')
    """

    def __str__(self) -> str:
        """Its name for users: in a log, in a table, in the journal of a batch."""
        ...

    def available(self) -> bool:
        """Whether this machine has what it takes: instructions, packages."""
        ...

    def restoration(self, method: NetworkMethod, /) -> Restore:
        """A method's restoration, computed this way."""
        ...


@dataclass(frozen=True)
class Unaltered:
    """The method's own restoration, in whatever precision and layout it is called.

    Args:
        name: Of that precision.
    """

    name: str

    def __str__(self) -> str:
        return self.name

    def available(self) -> bool:
        """On every machine."""
        return True

    def restoration(self, method: NetworkMethod, /) -> Restore:
        """Nothing is added."""
        return method.restoration


@dataclass(frozen=True)
class Eager:
    """Operator by operator, in a precision and a layout.

    The network's weights are laid out anew for each restoration and back behind it, which costs
    next to nothing: whoever holds the method finds it as it was.

    >>> str(Eager(torch.bfloat16, torch.channels_last))
    'bfloat16, channels last'

    Args:
        precision: Of convolutions and products of matrices; what is added up stays in float32.
        layout: Of feature maps and weights.
    """

    precision: torch.dtype
    layout: torch.memory_format

    def __str__(self) -> str:
        last = ", channels last" if self.layout is torch.channels_last else ""
        return f"{str(self.precision).removeprefix('torch.')}{last}"

    def available(self) -> bool:
        """Whether the processor multiplies such numbers; others take many times as long."""
        return self.precision is torch.float32 or has_bf16()

    def restoration(self, method: NetworkMethod, /) -> Restore:
        """A method's restoration inside this precision and layout."""
        return EagerRestoration(method, self)

    @contextmanager
    def computing(self, network: nn.Module) -> Iterator[None]:
        """Compute so inside; afterwards the network is as it was."""
        before = layout_of(network)
        lay_out(network, self.layout)
        exact = self.precision is torch.float32
        try:
            with nullcontext() if exact else torch.autocast("cpu", self.precision):
                yield
        finally:
            lay_out(network, before)


class EagerRestoration:
    """Restores with a method in a precision and a layout.

    Args:
        method: What restores.
        path: Which precision and layout.
    """

    def __init__(self, method: NetworkMethod, path: Eager) -> None:
        self.method, self.path = method, path

    def __call__(self, batch: BlurredBatch) -> Restoration:
        """Restore a batch; pictures come back in float32."""
        blurred = batch["blurred"].contiguous(memory_format=self.path.layout)
        with self.path.computing(self.method.network):
            restoration = self.method.restoration({**batch, "blurred": blurred})
        return {**restoration, "restored": restoration["restored"].float().contiguous()}


def lay_out(network: nn.Module, layout: torch.memory_format) -> None:
    """Hold a network's weights in a layout; they can be trained on, wherever this is called."""
    with torch.inference_mode(False):
        network.to(memory_format=layout)  # type: ignore[call-overload]


def layout_of(network: nn.Module) -> torch.memory_format:
    """In which a network holds its weights."""
    for weight in network.parameters():
        if weight.ndim == 4 and not weight.is_contiguous():
            return torch.channels_last
    return torch.contiguous_format


EXACT = Unaltered("float32")


def computed(method: RestorationMethod, path: ComputePath) -> Restore:
    """A method's restoration along a path; whatever is no network has its own only."""
    return path.restoration(method) if isinstance(method, NetworkMethod) else method.restoration
