"""Gaussian pyramids of pictures, for methods that work from coarse to fine."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from deblurkit.contracts import Images

RADIUS = 3  # pixels; four standard deviations, rounded
DEVIATION = 2 / 3  # pixels; a third of the step to the next level

HalfImages = Float[Tensor, "batch channels half_height half_width"]


def gaussian_pyramid(pictures: Images, *, levels: int) -> list[Tensor]:
    """Versions of a batch at full, half, quarter, ... size.

    Each is the one before, smoothed and averaged over 2 x 2 pixels.

    >>> [tuple(level.shape) for level in gaussian_pyramid(torch.rand(1, 3, 16, 24), levels=3)]
    [(1, 3, 16, 24), (1, 3, 8, 12), (1, 3, 4, 6)]

    Args:
        pictures: Of sides divisible by 2 as often as there are levels after the first.
        levels: How many versions, at least 1.

    Returns:
        The finest, which is ``pictures`` itself, comes first.

    Source: Burt and Adelson, "The Laplacian Pyramid as a Compact Image Code", IEEE Transactions on
    Communications 1983; deviation, border and resampling as in scikit-image's `pyramid_gaussian`,
    with which Nah et al., CVPR 2017, arXiv:1612.02177, train in their PyTorch code.
    """
    versions = [pictures]
    for _ in range(1, levels):
        versions.append(_halved(versions[-1]))
    return versions


def _halved(pictures: Images) -> HalfImages:
    offsets = torch.arange(-RADIUS, RADIUS + 1, dtype=pictures.dtype, device=pictures.device)
    taps = torch.exp(-(offsets**2) / (2 * DEVIATION**2))
    taps = taps / taps.sum()
    smooth = pictures.flatten(0, 1)[:, None]
    for axis in (2, 3):
        shape = [1, 1, 1, 1]
        shape[axis] = len(taps)
        smooth = functional.conv2d(_mirrored(smooth, axis=axis), taps.view(shape))
    batch, channels = pictures.shape[:2]
    return functional.avg_pool2d(smooth, 2).unflatten(0, (batch, channels))[:, :, 0]


def _mirrored(maps: Tensor, *, axis: int) -> Tensor:
    """Continue maps over their border, the border pixel twice, however short they are."""
    extent = maps.shape[axis]
    positions = torch.arange(-RADIUS, extent + RADIUS, device=maps.device)
    positions = positions % positions.new_full((), 2 * extent)
    return maps.index_select(axis, torch.minimum(positions, 2 * extent - 1 - positions))
