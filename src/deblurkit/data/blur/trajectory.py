"""Random camera shake: many trajectories at once, and the kernels they expose.

Source: Kupyn et al., "DeblurGAN", CVPR 2018, arXiv:1711.07064, algorithm 1, after Boracchi and
Foi, "Modeling the performance of image restoration from motion blur", TIP 2012.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from deblurkit.data.blur.parts.family import (
    Interval,
    KernelBatch,
    check_side,
    choice,
    interval,
    uniform,
)
from deblurkit.data.blur.parts.splat import AT_ONCE, splat
from deblurkit.errors import InputError


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


def shake_draws(anxiety: Tensor, samples: int, generator: torch.Generator) -> ShakeDraws:
    """Draw what trajectories of ``samples`` points need, to be walked in the anxieties' dtype."""
    count, steps = len(anxiety), samples - 1
    device = generator.device
    pull, jerk, tremor, heading = (
        uniform((0.0, 1.0), count, generator).to(anxiety) for _ in range(4)
    )
    each_step = torch.rand(2, steps, count, generator=generator, device=device)
    push = torch.randn(steps, 2, count, generator=generator, device=device)
    chance, turn = each_step
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
    step = length / steps  # the walk itself is done in units of one step
    tremor = 10 * draws.anxiety * draws.tremor
    pull = 0.7 * draws.anxiety * draws.pull * step
    turns = _turns(draws)
    angle = 2 * math.pi * draws.heading
    speed = torch.where(draws.anxiety > 0, draws.anxiety / step, 1.0)
    velocity = speed * torch.stack([angle.cos(), angle.sin()])
    path = velocity.new_empty(steps + 1, 2, count)
    path[0] = 0
    change, norm = torch.empty_like(velocity), torch.empty_like(speed)
    (horizontal, vertical), (across, down) = change, velocity
    points = path.unbind()
    pushes = (push for stretch in draws.push.split(64) for push in stretch * tremor)
    for moment, push in enumerate(pushes):
        # The numbers are few: making memory and views would take longer than the arithmetic.
        torch.addcmul(push, pull, points[moment], value=-1, out=change)
        if moment in turns:
            cos, sin = turns[moment]
            change.addcmul_(cos, velocity)
            horizontal.addcmul_(sin, down, value=-1)
            vertical.addcmul_(sin, across)
        change += velocity
        torch.hypot(horizontal, vertical, out=norm)
        torch.div(change, norm, out=velocity)
        torch.add(points[moment], velocity, out=points[moment + 1])
    return path.mul_(step).permute(2, 0, 1)


def _turns(draws: ShakeDraws) -> dict[int, tuple[Tensor, Tensor]]:
    """By step, real and imaginary part of the factors on the velocity; zero for most paths."""
    turning = draws.chance < 0.2 * draws.jerk * draws.anxiety
    steps = turning.any(dim=1).nonzero().flatten()  # a path turns less than once on average
    angle = math.pi + (draws.turn[steps].to(draws.anxiety) - 0.5)
    strength = 2 * turning[steps]
    factors = zip((strength * angle.cos()).unbind(), (strength * angle.sin()).unbind(), strict=True)
    return dict(zip(steps.tolist(), factors, strict=True))


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
        draws = shake_draws(anxiety.float(), self.samples, generator)  # memory is what takes time
        paths = shake_paths(draws, length=self.length).mul_(scale[:, None, None])
        kernels, shrink = exposed(paths, fraction.float(), size=self.size)
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
    # A few at a time: fresh memory costs more than the arithmetic.
    count = max(1, AT_ONCE // paths.shape[1])
    parts = zip(paths.split(count), fraction.split(count), strict=True)
    kernels, shrink = zip(*(_exposed(path, share, size) for path, share in parts), strict=True)
    return torch.cat(kernels), torch.cat(shrink)


def _exposed(paths: Tensor, fraction: Tensor, size: int) -> tuple[Tensor, Tensor]:
    samples = paths.shape[1]
    paths = paths.permute(0, 2, 1).contiguous()
    moments = torch.arange(samples, dtype=paths.dtype, device=paths.device)
    weights = (fraction[:, None] * samples - moments).clamp_(0, 1)  # the last one may be cut
    weights /= weights.sum(dim=1, keepdim=True)
    centre = torch.einsum("bas,bs->ba", paths, weights)
    seen = (paths - centre[:, :, None]).mul_((weights > 0)[:, None])
    reach = seen.abs().amax(dim=(1, 2)).clamp_(min=1e-12)
    shrink = (size // 2 / reach).clamp_(max=1.0)
    placed = seen.mul_(shrink[:, None, None]).add_(size // 2)
    return splat(placed.float().permute(0, 2, 1), weights.float(), size=size), shrink
