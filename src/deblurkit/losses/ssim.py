"""Structural similarity as a loss: differentiable, of whole pictures with dark borders."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import conv2d

from deblurkit.contracts import Images, Scalar

RADIUS, SIGMA = 5, 1.5  # of the window, pixels
C1, C2 = 0.01**2, 0.03**2  # for intensities in [0, 1]


def ssim(restored: Images, sharp: Images) -> Scalar:
    """Mean structural similarity under a Gaussian window of 11 pixels and sigma 1.5.

    Beyond its border a picture is black, so every pixel counts. Scores of tables are others:
    they leave the border out or repeat it. It is at least float32, also under autocast: variances
    are small differences of means.

    >>> picture = torch.rand(1, 3, 16, 16)
    >>> round(ssim(picture, picture).item(), 3)
    1.0

    Args:
        restored: Intensities in [0, 1]; any number of channels, each on its own.
        sharp: Same shape and range.

    Returns:
        Scalar, at most 1, which equal pictures have.

    Source: Wang et al., "Image Quality Assessment: From Error Visibility to Structural
    Similarity", IEEE Transactions on Image Processing 2004, eq. 13; the zeros beyond the border as
    in the loss of Ren et al., "Neural Blind Deconvolution Using Deep Priors", CVPR 2020.
    """
    wide = torch.promote_types(torch.promote_types(restored.dtype, sharp.dtype), torch.float32)
    pair = (restored, sharp)
    first, second = (maps.reshape(-1, 1, *maps.shape[-2:]).to(wide) for maps in pair)
    maps = torch.cat([first, second, first * first, second * second, first * second])
    with torch.autocast(maps.device.type, enabled=False):
        mean_first, mean_second, square_first, square_second, product = _windowed(maps).chunk(5)
    both, squares = mean_first * mean_second, mean_first.square() + mean_second.square()
    variances = square_first + square_second - squares
    similarity = (2 * both + C1) * (2 * (product - both) + C2)
    return (similarity / ((squares + C1) * (variances + C2))).mean()


def dissimilarity(restored: Images, sharp: Images) -> Scalar:
    """One minus ``ssim``: a distance, 0 for equal pictures.

    >>> picture = torch.rand(1, 3, 16, 16)
    >>> dissimilarity(picture, picture).abs() < 1e-5
    tensor(True)
    """
    return 1 - ssim(restored, sharp)


def _windowed(
    maps: Float[Tensor, "maps 1 height width"],
) -> Float[Tensor, "maps 1 height width"]:
    """Means under the window, one axis after the other."""
    offsets = torch.arange(-RADIUS, RADIUS + 1, dtype=maps.dtype, device=maps.device)
    taps = torch.exp(-0.5 * (offsets / SIGMA).square())
    taps = taps / taps.sum()
    rows = conv2d(maps, taps.view(1, 1, -1, 1), padding=(RADIUS, 0))
    return conv2d(rows, taps.view(1, 1, 1, -1), padding=(0, RADIUS))
