"""Kernels with a formula: straight motion, defocus, Gaussian; and mixtures of families."""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from deblurkit.contracts import Kernels
from deblurkit.data.blur.parts.family import (
    Interval,
    KernelBatch,
    KernelFamily,
    check_side,
    interval,
    uniform,
)
from deblurkit.data.blur.parts.splat import splat
from deblurkit.errors import InputError
from deblurkit.imaging.blur.kernels import normalized, padded


class Line:
    """Straight motion at constant speed.

    Args:
        size: Side of the kernels, odd, in pixels.
        length: Interval of the length of the motion, in pixels; at most ``size - 1``.
        angle: Interval of the direction, in degrees; 0 is horizontal, 90 upwards.
    """

    def __init__(self, *, size: int, length: Interval, angle: Interval = (0.0, 180.0)) -> None:
        self.size = check_side(size)
        self.length = interval("length", length, least=0.0, most=size - 1.0)
        self.angle = interval("angle", angle, least=-360.0, most=360.0)

    def draw(self, count: int, generator: torch.Generator) -> KernelBatch:
        """Draw ``count`` kernels; parameters: ``length`` in pixels, ``angle`` in degrees."""
        length = uniform(self.length, count, generator)
        angle = uniform(self.angle, count, generator)
        kernels = lines(length, angle, size=self.size)
        return KernelBatch(kernels, {"length": length, "angle": angle})


class Defocus:
    """Uniform disks: a lens that is out of focus.

    Args:
        size: Side of the kernels, odd, in pixels.
        radius: Interval of the radius, in pixels; at most ``size / 2``.
    """

    def __init__(self, *, size: int, radius: Interval) -> None:
        self.size = check_side(size)
        self.radius = interval("radius", radius, least=0.0, most=size / 2)

    def draw(self, count: int, generator: torch.Generator) -> KernelBatch:
        """Draw ``count`` kernels; parameters: ``radius`` in pixels."""
        radius = uniform(self.radius, count, generator)
        return KernelBatch(disks(radius, size=self.size), {"radius": radius})


class Gaussian:
    """Round Gaussian kernels, integrated over each pixel.

    Args:
        size: Side of the kernels, odd, in pixels.
        sigma: Interval of the standard deviation, in pixels; at most ``size / 6``, so that
            less than a hundredth of the mass is cut off.
    """

    def __init__(self, *, size: int, sigma: Interval) -> None:
        self.size = check_side(size)
        self.sigma = interval("sigma", sigma, least=0.0, most=size / 6)

    def draw(self, count: int, generator: torch.Generator) -> KernelBatch:
        """Draw ``count`` kernels; parameters: ``sigma`` in pixels."""
        sigma = uniform(self.sigma, count, generator)
        return KernelBatch(gaussians(sigma, size=self.size), {"sigma": sigma})


class FamilyMixture:
    """Each kernel from one of several families.

    Its kernels have the side of the largest family; smaller ones are framed by zeros.

    Args:
        families: What to choose from.
        weights: How often, in proportion; none: each equally often.
    """

    def __init__(
        self, *, families: Sequence[KernelFamily], weights: Sequence[float] | None = None
    ) -> None:
        self.families = list(families)
        self.weights = [1.0] * len(self.families) if weights is None else list(weights)
        if not self.families or len(self.weights) != len(self.families):
            raise InputError("a mixture needs some families, and one weight for each.")
        if min(self.weights) < 0 or sum(self.weights) <= 0:
            raise InputError(f"weights must be positive or zero, got {self.weights}.")
        self.size = max(family.size for family in self.families)

    def draw(self, count: int, generator: torch.Generator) -> KernelBatch:
        """Draw ``count`` kernels; parameters: ``family``, its number, and the families' own."""
        device = generator.device
        weights = torch.tensor(self.weights, dtype=torch.float64, device=device)
        chosen = torch.multinomial(weights, count, replacement=True, generator=generator)
        kernels = torch.empty(count, 1, self.size, self.size, device=device)
        parameters = {"family": chosen.double()}
        for number, family in enumerate(self.families):
            rows = (chosen == number).nonzero().flatten()
            if len(rows):
                batch = family.draw(len(rows), generator)
                kernels[rows] = padded(batch.kernels, self.size)
                for name, values in batch.parameters.items():
                    # A mixture may hold mixtures: the inner choice keeps a name of its own.
                    own = f"{number}.{name}" if name.endswith("family") else name
                    column = parameters.setdefault(own, torch.full_like(weights[chosen], math.nan))
                    column[rows] = values
        return KernelBatch(kernels, parameters)


def lines(length: Float[Tensor, " batch"], angle: Float[Tensor, " batch"], *, size: int) -> Kernels:
    """Draw straight strokes through the middle, antialiased.

    Args:
        length: In pixels, at most ``size - 1``.
        angle: In degrees; 0 is horizontal, 90 upwards.
        size: Side of the kernels, odd, in pixels.
    """
    samples = 8 * size  # several per pixel, or the stroke would show a rhythm
    along = torch.linspace(-0.5, 0.5, samples, dtype=length.dtype, device=length.device)
    turn = torch.deg2rad(angle)
    direction = torch.stack([turn.cos(), -turn.sin()], dim=-1)  # rows count downwards
    paths = (length[:, None] * direction)[:, None, :] * along[:, None] + size // 2
    weights = torch.full_like(paths[..., 0], 1 / samples)
    return normalized(splat(paths, weights, size=size)).float()


def disks(radius: Float[Tensor, " batch"], *, size: int) -> Kernels:
    """Draw uniform disks; a pixel on the rim counts by how far it lies inside.

    Args:
        radius: In pixels, at most ``size / 2``; 0 is no blur.
        size: Side of the kernels, odd, in pixels.
    """
    offsets = torch.arange(size, dtype=radius.dtype, device=radius.device) - size // 2
    distance = torch.hypot(offsets[:, None], offsets[None, :])
    inside = (radius[:, None, None] + 0.5 - distance).clamp(0, 1)
    return normalized(inside[:, None]).float()


def gaussians(sigma: Float[Tensor, " batch"], *, size: int) -> Kernels:
    """Integrate a round Gaussian over each pixel.

    Args:
        sigma: Standard deviation in pixels; 0 is no blur.
        size: Side of the kernels, odd, in pixels.
    """
    edges = torch.arange(size + 1, dtype=sigma.dtype, device=sigma.device) - size / 2
    steps = torch.erf(edges / (math.sqrt(2) * sigma[:, None]).clamp(min=1e-6))
    profile = steps.diff(dim=-1)
    return normalized((profile[:, :, None] * profile[:, None, :])[:, None]).float()
