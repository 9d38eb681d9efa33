"""The trajectory kernels as they were published: for comparison, not for training.

They are displaced by several pixels and sum to the exposed fraction, not to 1. Given the same
random numbers, trajectories agree with the authors' formulas to 1e-12 and kernels to 6e-15.

Source: Kupyn et al., "DeblurGAN", CVPR 2018, arXiv:1711.07064, and the authors' code.
Differs from the authors' code: what leaves the canvas is lost there is an index error; their
normalisation of the blurred picture by its minimum and maximum is left out.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from deblurkit.data.blur.parts.splat import splat


def published_placement(
    paths: Float[Tensor, "batch samples 2"], *, canvas: int
) -> Float[Tensor, "batch samples 2"]:
    """Move paths to the middle of the canvas by whole pixels, measured by their bounding box.

    Args:
        paths: Column and row of each sample, in pixels, starting at the origin.
        canvas: Side of the canvas, in pixels.
    """
    placed = paths - paths.amin(dim=1, keepdim=True)
    placed = placed - placed[:, :1].remainder(1.0) + 1
    return placed + ((canvas - placed.amax(dim=1, keepdim=True)) / 2).ceil()


def published_kernels(
    placed: Float[Tensor, "batch samples 2"], *, canvas: int, fractions: Sequence[float]
) -> Float[Tensor, "batch fractions canvas canvas"]:
    """Expose placed paths up to each fraction; a kernel sums to its fraction.

    Sample t stands for the time from t - 1 to t, so that the first one is never exposed.

    Args:
        placed: Column and row of each sample, in pixels.
        canvas: Side of the kernels, in pixels.
        fractions: Growing shares of the path.
    """
    samples = placed.shape[1]
    moments = torch.arange(samples, dtype=placed.dtype, device=placed.device)
    kernels, total, begin = [], placed.new_zeros(len(placed), 1, canvas, canvas), 0.0
    for fraction in fractions:
        first, last = begin * samples, fraction * samples
        overlap = (moments.clamp(max=last) - (moments - 1).clamp(min=first)).clamp(min=0)
        lit = overlap.nonzero().flatten()
        stretch = slice(int(lit[0]), int(lit[-1]) + 1)
        weights = overlap[stretch].expand(len(placed), -1)
        total = total + splat(placed[:, stretch], weights, size=canvas)
        kernels.append(total / samples)
        begin = fraction
    return torch.cat(kernels, dim=1)
