"""Squared errors of two batches of pictures, plain and on a logarithmic scale."""

import math

from torch.nn import functional

from deblurkit.contracts import Images, Scalar
from deblurkit.losses.pixel import widened


def mse(restored: Images, sharp: Images) -> Scalar:
    """Mean squared error, a mean over the batch too, in squared intensity units.

    >>> mse(torch.zeros(1, 3, 8, 8), torch.full((1, 3, 8, 8), 0.5))
    tensor(0.2500)

    Args:
        restored: Prediction of the network, intensities in [0, 1].
        sharp: Ground truth, same shape and range.
    """
    first, second = widened(restored, sharp)
    return functional.mse_loss(first, second)


def negative_psnr(restored: Images, sharp: Images, *, epsilon: float) -> Scalar:
    r"""Minus the peak signal-to-noise ratio, taken picture by picture and averaged.

    .. math:: \frac{1}{B} \sum_b 10 \log_{10} (\mathrm{MSE}_b + \epsilon)

    >>> restored, sharp = torch.full((1, 3, 8, 8), 0.1), torch.zeros(1, 3, 8, 8)
    >>> round(negative_psnr(restored, sharp, epsilon=0.0).item(), 3)
    -20.0

    Args:
        restored: Prediction of the network, intensities in [0, 1].
        sharp: Ground truth, same shape and range.
        epsilon: Keeps the logarithm finite, in squared intensity units.

    Returns:
        Scalar, in dB; lower is better.

    Source: Chen et al., "HINet", CVPR Workshops 2021, arXiv:2105.06086, sec. 3.3; epsilon as in
    the authors' code.
    """
    first, second = widened(restored, sharp)
    errors = (first - second).square().mean(dim=(1, 2, 3))
    return 10 / math.log(10) * (errors + epsilon).log().mean()
