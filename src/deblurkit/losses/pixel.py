"""Distances between two batches of pictures, pixel by pixel."""

import torch
from torch import Tensor
from torch.nn import functional

from deblurkit.contracts import Images, Scalar


def l1(restored: Images, sharp: Images) -> Scalar:
    r"""Mean absolute error.

    .. math:: \frac{1}{N} \sum_i |\hat{x}_i - x_i|

    >>> l1(torch.zeros(1, 3, 8, 8), torch.full((1, 3, 8, 8), 0.5))
    tensor(0.5000)

    Args:
        restored: Prediction of the network, intensities in [0, 1].
        sharp: Ground truth, same shape and range.

    Returns:
        Scalar, in intensity units: a mean over the batch too, where papers often write a sum.

    Source: Zhao et al., "Loss Functions for Image Restoration with Neural Networks", IEEE
    Transactions on Computational Imaging 2017, arXiv:1511.08861, sec. III-A.
    """
    first, second = widened(restored, sharp)
    return functional.l1_loss(first, second)


def charbonnier(restored: Images, sharp: Images, *, epsilon: float = 1e-3) -> Scalar:
    r"""Mean Charbonnier distance: a smooth L1 that is differentiable at zero.

    .. math:: \frac{1}{N} \sum_i \sqrt{(\hat{x}_i - x_i)^2 + \epsilon^2}

    >>> picture = torch.rand(1, 3, 8, 8)
    >>> charbonnier(picture, picture)
    tensor(0.0010)

    Args:
        restored: Prediction of the network, intensities in [0, 1].
        sharp: Ground truth, same shape and range.
        epsilon: Half-width of the quadratic zone, in intensity units; 1e-3 is a quarter of
            a grey level of an 8-bit picture.

    Returns:
        Scalar, in intensity units; its minimum is ``epsilon``, not zero.

    Raises:
        ValueError: If ``epsilon`` is not positive.

    Source: Charbonnier et al., ICIP 1994; ``epsilon`` as in Lai et al., CVPR 2017.
    """
    if epsilon <= 0:
        raise ValueError(f"epsilon must be positive, got {epsilon}")
    first, second = widened(restored, sharp)
    return torch.sqrt((first - second).square() + epsilon**2).mean()


def widened(*maps: Tensor) -> list[Tensor]:
    """The same values, all at least float32: a sum of halves keeps two or three digits.

    Under autocast networks answer in half precision, and a distance of two such answers is not
    widened by itself.
    """
    return [values.to(torch.promote_types(values.dtype, torch.float32)) for values in maps]
