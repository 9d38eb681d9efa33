"""Random camera shake: many trajectories at once, and the kernels they expose.

Source: Kupyn et al., "DeblurGAN", CVPR 2018, arXiv:1711.07064, algorithm 1, after Boracchi and
Foi, "Modeling the performance of image restoration from motion blur", TIP 2012.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from deblurkit.data.blur.parts.family import (
    Interval,
    KernelBatch,
    check_side,
    choice,
    interval,
    uniform,
)
from deblurkit.data.blur.parts.scratch import Scratch
from deblurkit.data.blur.parts.splat import AT_ONCE, splat_in_rows
from deblurkit.data.blur.parts.walk import Turn, Walkers, walked
from deblurkit.errors import InputError

SCRATCH = Scratch()


class ShakeDraws(NamedTuple):
    """All random numbers behind a batch of trajectories, before any arithmetic.

    Attributes:
        anxiety: How far from a straight line: scale of all random pushes.
        pull: Uniform in [0, 1]; times 0.7 the strength of the pull to the start.
        jerk: Uniform in [0, 1]; times 0.2 the rate of sudden turns.
        tremor: Uniform in [0, 1]; times 10 the strength of the Gaussian pushes.
        heading: Uniform in [0, 1]; share of a full turn, the first direction.
        chance: Uniform in [0, 1], for each step: a low value is a sudden turn.
        turn: Uniform in [0, 1], for each step: direction of the turn, if there is one.
        push: Standard normal, for each step: horizontal and vertical.
    """

    anxiety: Float[Tensor, " batch"]
    pull: Float[Tensor, " batch"]
    jerk: Float[Tensor, " batch"]
    tremor: Float[Tensor, " batch"]
    heading: Float[Tensor, " batch"]
    chance: Float[Tensor, "steps batch"]
    turn: Float[Tensor, "steps batch"]
    push: Float[Tensor, "steps 2 batch"]


def shake_draws(
    anxiety: Tensor, samples: int, generator: torch.Generator, *, scratch: Scratch | None = None
) -> ShakeDraws:
    """Draw what trajectories of ``samples`` points need, to be walked in the anxieties' dtype.

    Args:
        anxiety: Of each trajectory.
        samples: Points of each.
        generator: Draws on its device.
        scratch: Where the numbers of all steps go on the CPU; fresh memory without it.
    """
    count, steps = len(anxiety), samples - 1
    device = generator.device
    pull, jerk, tremor, heading = (
        uniform((0.0, 1.0), count, generator).to(anxiety) for _ in range(4)
    )
    if scratch is None or device.type != "cpu":
        each_step = torch.empty(2, steps, count, device=device)
        push = torch.empty(steps, 2, count, device=device)
    else:
        each_step = scratch.array("each step", 2, steps, count)
        push = scratch.array("push", steps, 2, count)
    chance, turn = each_step.uniform_(generator=generator)
    push.normal_(generator=generator)
    return ShakeDraws(anxiety, pull, jerk, tremor, heading, chance, turn, push)


def shake_paths(draws: ShakeDraws, *, length: float) -> Float[Tensor, "batch samples 2"]:
    """Walk all trajectories, step by step, side by side.

    Each step has the same length; its direction changes by Gaussian pushes, by a pull to the
    start and, rarely, by a sudden turn.

    Args:
        draws: The random numbers.
        length: Length of each path, in pixels.

    Returns:
        Column and row of each sample, in pixels from the start.

    Source: Kupyn et al., CVPR 2018, algorithm 1.
    Differs from the paper: the pull points to the start, as in the authors' code; printed, it
    has the other sign.
    """
    steps, _, count = draws.push.shape
    every = torch.full((count,), steps)
    same = torch.ones(count, dtype=torch.float64)
    return shown_paths(draws, torch.arange(count), every, scale=same, length=length)


def shown_paths(
    draws: ShakeDraws,
    order: Int[Tensor, " batch"],
    steps: Int[Tensor, " batch"],
    *,
    scale: Float[Tensor, " batch"],
    length: float,
    scratch: Scratch | None = None,
) -> Float[Tensor, "batch moments 2"]:
    """Walk the trajectories of ``shake_paths`` as far as they are shown, in another order.

    Args:
        draws: The random numbers.
        order: Which path comes first, second and so on.
        steps: How far each of them is walked, in this order, from most to least.
        scale: Magnification of each, in this order.
        length: Length of a whole path, in pixels.
        scratch: Where paths in single precision go on the CPU; fresh memory without it.

    Returns:
        Column and row of each sample, in pixels from the start, as many samples as the first path
        has; after a path's own last step anything may stand there.
    """
    ordered = ShakeDraws(*(values.cpu() for values in draws))
    order, steps, scale = order.cpu(), steps.cpu(), scale.cpu()
    anxiety, pull, _, tremor, heading = (values[order] for values in ordered[:5])
    step = length / len(ordered.push)  # the walk itself is done in units of one step
    angle = 2 * math.pi * heading
    speed = torch.where(anxiety > 0, anxiety / step, 1.0)
    walkers = Walkers(
        velocity=(speed * torch.stack([angle.cos(), angle.sin()])).numpy(),
        tremor=(10 * anxiety * tremor).numpy(),
        pull=(0.7 * anxiety * pull * step).numpy(),
        columns=order.numpy(),
        steps=steps.numpy(),
        scale=(step * scale).to(anxiety).numpy(),
    )
    shape = (int(steps[0]) + 1, 2, len(order))
    if scratch is None or anxiety.dtype != torch.float32:
        path = anxiety.new_empty(shape)
    else:
        path = scratch.array("path", *shape)
    walked(walkers, ordered.push.numpy(), _turns(ordered, order), out=path.numpy())
    return path.to(draws.push.device).permute(2, 0, 1)


def _turns(draws: ShakeDraws, order: Tensor) -> dict[int, list[Turn]]:
    """By step, what turns a few of the paths."""
    turning = (draws.chance < 0.2 * draws.jerk * draws.anxiety).numpy()
    steps, columns = np.divmod(np.flatnonzero(turning), turning.shape[1])
    angle = math.pi + (draws.turn[steps, columns].to(draws.anxiety) - 0.5)
    turns: dict[int, list[Turn]] = {}  # a path turns less than once on average
    factors = ((2 * angle.cos()).tolist(), (2 * angle.sin()).tolist())
    for step, *turn in zip(
        steps.tolist(), order.argsort()[columns].tolist(), *factors, strict=True
    ):
        turns.setdefault(step, []).append(Turn(*turn))
    return turns


class CameraShake:
    """Kernels of a shaking hand: random trajectories, of which a share is exposed.

    The centre of mass of the exposed path lies exactly in the kernel's middle, so that a blurred
    picture is aligned with its sharp one. A path too wide for the kernel is shrunk to fit.

    Args:
        size: Side of the kernels, odd, in pixels.
        samples: Points on a path.
        length: Length of a whole path before scaling, in pixels.
        anxieties: Scale of the random changes of direction; one is chosen per kernel.
        scale: Interval of the magnification of the path.
        fractions: Share of the path exposed, in (0, 1]; one is chosen per kernel.

    Source: Kupyn et al., "DeblurGAN", CVPR 2018, arXiv:1711.07064, algorithm 1; anxieties and
    length as in the authors' code.
    Differs from the authors' code: kernels are centred and sum to 1 (theirs are displaced by 2
    to 5 pixels on average and sum to the fraction); ``published.py`` has their form.
    """

    def __init__(
        self,
        *,
        size: int,
        samples: int = 2000,
        length: float = 60.0,
        anxieties: Sequence[float] = (0.01, 0.009, 0.008, 0.007, 0.005, 0.003),
        scale: Interval = (1.0, 1.0),
        fractions: Sequence[float] = (0.1, 0.5, 1.0),
    ) -> None:
        if samples < 2 or length <= 0 or not anxieties or min(anxieties) < 0:
            raise InputError("a shake needs two samples, a positive length and some anxieties.")
        if not fractions or not 0 < min(fractions) <= max(fractions) <= 1:
            raise InputError(f"fractions must lie in (0, 1], got {list(fractions)}.")
        self.size, self.samples, self.length = check_side(size), samples, length
        self.anxieties, self.fractions = list(anxieties), list(fractions)
        self.scale = interval("scale", scale, least=0.0, most=math.inf)

    def draw(self, count: int, generator: torch.Generator) -> KernelBatch:
        """Draw ``count`` kernels; parameters: ``anxiety``, ``fraction``, ``scale``."""
        anxiety = choice(self.anxieties, count, generator)
        fraction = choice(self.fractions, count, generator)
        scale = uniform(self.scale, count, generator)
        draws = shake_draws(anxiety.float(), self.samples, generator, scratch=SCRATCH)
        order = fraction.argsort(descending=True)
        samples = (fraction.float() * self.samples)[order]
        steps = samples.ceil().long().clamp(2, self.samples) - 1
        paths = shown_paths(
            draws, order, steps, scale=scale[order], length=self.length, scratch=SCRATCH
        )
        kernels, shrink = _exposures(paths, samples, order, size=self.size)
        parameters = {"anxiety": anxiety, "fraction": fraction, "scale": scale * shrink}
        return KernelBatch(kernels, parameters)


def exposed(
    paths: Float[Tensor, "batch samples 2"], fraction: Float[Tensor, " batch"], *, size: int
) -> tuple[Float[Tensor, "batch 1 size size"], Float[Tensor, " batch"]]:
    """Expose the first share of each path on a kernel, centred on its centre of mass.

    Args:
        paths: Column and row of each sample, in pixels, from anywhere.
        fraction: Share of the samples that is exposed, in (0, 1].
        size: Side of the kernels, odd, in pixels.

    Returns:
        Float32 kernels of sum 1, and the factor by which each path was shrunk to fit (1: not).
    """
    order = torch.arange(len(paths), device=paths.device)
    return _exposures(paths, fraction * paths.shape[1], order, size=size)


def _exposures(
    paths: Tensor, samples: Tensor, order: Tensor, *, size: int
) -> tuple[Tensor, Tensor]:
    """Expose the first ``samples`` of each path, quickest where equal ones are neighbours.

    Kernel and shrinkage of the first path go to the first place of ``order``, and so on.
    """
    kernels = paths.new_empty(len(paths), 1, size, size, dtype=torch.float32)
    shrink = paths.new_empty(len(paths))
    values, counts = samples.unique_consecutive(return_counts=True)
    begin = 0
    for value, count in zip(values.tolist(), counts.tolist(), strict=True):
        seen = min(math.ceil(value), paths.shape[1])
        # A few at a time: fresh memory costs more than the arithmetic.
        for some in range(begin, begin + count, step := max(1, AT_ONCE // seen)):
            part = slice(some, min(some + step, begin + count))
            kernels[order[part]], shrink[order[part]] = _exposed(paths[part, :seen], value, size)
        begin += count
    return kernels, shrink


def _exposed(paths: Tensor, samples: float, size: int) -> tuple[Tensor, Tensor]:
    moments = torch.arange(paths.shape[1], dtype=paths.dtype, device=paths.device)
    weights = (samples - moments).clamp_(0, 1)  # the last one may be cut
    weights /= weights.sum()
    # Samples of all paths side by side, as walkers leave them, in memory of their own.
    placed = paths.permute(2, 1, 0).clone(memory_format=torch.contiguous_format)
    centre = torch.matmul(weights, placed)
    reach = torch.maximum(placed.amax(dim=1) - centre, centre - placed.amin(dim=1)).amax(dim=0)
    shrink = (size // 2 / reach.clamp_(min=1e-12)).clamp_(max=1.0)
    placed.mul_(shrink).add_((size // 2 - centre * shrink)[:, None])
    return splat_in_rows(placed.float(), weights.float()[:, None], size=size), shrink
