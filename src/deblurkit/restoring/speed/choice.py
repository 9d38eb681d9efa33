"""Which path a method takes: what is wanted, what this machine can do, and what was measured."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import inf
from types import MappingProxyType
from typing import NamedTuple

import torch

from deblurkit.errors import InputError
from deblurkit.methods.frame.base import RestorationMethod
from deblurkit.methods.frame.network import NetworkMethod
from deblurkit.processor import has_bf16
from deblurkit.restoring.speed.paths import EXACT, ComputePath, Eager
from deblurkit.restoring.speed.table import WITH_BF16, WITHOUT

LOST = 0.05  # dB; the most that a path may lose against the exact one with weights of a training
DISTANCE = 45.0  # dB; PSNR between both paths' pictures, where there are no such weights
GAIN = 1.05  # ratio; below it a path is no faster than the clock's noise
LAST = torch.channels_last
PATHS: Mapping[str, ComputePath] = MappingProxyType(
    {
        str(path): path
        for path in (
            EXACT,
            Eager(torch.float32, LAST),
            Eager(torch.bfloat16, torch.contiguous_format),
            Eager(torch.bfloat16, LAST),
        )
    }
)
UNMEASURED = (PATHS["bfloat16, channels last"], PATHS["float32, channels last"])


class Measured(NamedTuple):
    """A path of a network, as a benchmark found it.

    Args:
        path: How it is computed.
        ratio: Times of the exact path and of this one.
        lost: dB of PSNR against sharp pictures, with weights of a training; None without such.
        distance: PSNR between both paths' pictures, dB.
    """

    path: ComputePath
    ratio: float
    lost: float | None
    distance: float

    @property
    def is_harmless(self) -> bool:
        """Whether nobody sees the difference."""
        return self.distance >= DISTANCE if self.lost is None else self.lost <= LOST


def measured_paths(network: object) -> list[Measured]:
    """The exact path and those that are faster on a processor like this, the fastest first.

    Of networks that were not measured there is none.
    """
    table = WITH_BF16 if has_bf16() else WITHOUT
    rows = table.get(f"{type(network).__module__}.{type(network).__name__}", ())
    paths = [Measured(PATHS[row[0]], *row[1:]) for row in rows if row[0] in PATHS]
    faster = [measured for measured in paths if measured.ratio >= GAIN]
    itself = [Measured(EXACT, ratio=1.0, lost=0.0, distance=inf)] if rows else []
    return sorted([*faster, *itself], key=lambda measured: -measured.ratio)


def harmless(paths: Sequence[Measured]) -> ComputePath:
    """The fastest path whose error is known and small; of other networks the exact one."""
    return first_available(measured.path for measured in paths if measured.is_harmless)


def exact(_: Sequence[Measured]) -> ComputePath:
    """The numbers and the layout that a method was made with."""
    return EXACT


def fastest(paths: Sequence[Measured]) -> ComputePath:
    """The fastest path, whatever it loses."""
    return first_available([measured.path for measured in paths] or UNMEASURED)


def first_available(paths: Iterable[ComputePath]) -> ComputePath:
    """The first path that this machine has; the exact one where it has none of them."""
    return next((path for path in paths if path.available()), EXACT)


Speed = Callable[[Sequence[Measured]], ComputePath]
SPEEDS: Mapping[str, Speed] = MappingProxyType({"auto": harmless, "exact": exact, "fast": fastest})


def speed_named(name: str) -> Speed:
    """What a user's word stands for.

    >>> speed_named("exact") is exact
    True

    Raises:
        InputError: If it is no such word.
    """
    if name not in SPEEDS:
        raise InputError(f"speed is {', '.join(list(SPEEDS)[:-1])} or fast, got {name}")
    return SPEEDS[name]


def has_paths(method: RestorationMethod) -> bool:
    """Whether a method is a network of torch, which can be computed in several ways."""
    return isinstance(method, NetworkMethod) and next(method.network.parameters(), None) is not None


def path_of(method: RestorationMethod, speed: Speed, *, device: str) -> ComputePath:
    """The path of a method.

    Args:
        method: What restores.
        speed: How its path is chosen.
        device: Where it restores; paths are known of ``cpu`` only.
    """
    if not isinstance(method, NetworkMethod) or not has_paths(method) or device != "cpu":
        return EXACT
    return speed(measured_paths(method.network))
