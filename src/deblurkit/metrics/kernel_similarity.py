"""How near an estimated kernel comes to the true one, wherever both were placed."""

import torch
from jaxtyping import Float
from torch import Tensor

from deblurkit.contracts import Kernels

TrueKernels = Float[Tensor, "batch 1 true_size true_size"]


def kernel_similarity(estimated: Kernels, true: TrueKernels) -> Float[Tensor, " batch"]:
    r"""Maximum of the normalised cross-correlation over all shifts by whole pixels.

    .. math:: \max_s \frac{\sum_u \hat k(u + s) \, k(u)}{\|\hat k\| \, \|k\|}

    Args:
        estimated: One per picture, of any side; acts by convolution.
        true: Their counterparts, of any side; acts by convolution.

    Returns:
        One number per picture, at most 1, which only the same kernel or a moved one reaches.

    >>> kernel = torch.zeros(1, 1, 5, 5)
    >>> kernel[0, 0, 2, 1:4] = 1 / 3
    >>> kernel_similarity(kernel.roll(1, -2), kernel).round(decimals=4).tolist()
    [1.0]

    Source: Hu and Yang, "Good Regions to Deblur", ECCV 2012.
    """
    return _overlap(estimated, true) / (_energy(estimated) * _energy(true)).sqrt()


def kernel_mse(estimated: Kernels, true: TrueKernels) -> Float[Tensor, " batch"]:
    """Least sum of squared differences over all shifts, per pixel of the true kernel.

    Args:
        estimated: One per picture, of any side; sums to 1 and acts by convolution.
        true: Their counterparts, of any side; sums to 1 and acts by convolution.

    Returns:
        One number per picture, in squared weights.

    >>> kernel = torch.zeros(1, 1, 3, 3)
    >>> kernel[0, 0, 1, 1] = 1
    >>> kernel_mse(kernel.roll(1, -1), kernel).tolist()
    [0.0]
    """
    squares = _energy(estimated) + _energy(true) - 2 * _overlap(estimated, true)
    return squares.clamp(min=0) / true.shape[-1] ** 2


def kernel_scores(estimated: Kernels, true: TrueKernels) -> dict[str, float]:
    """Both numbers for the kernel of one picture, by name."""
    true = true.to(estimated)
    return {
        "kernel_similarity": float(kernel_similarity(estimated, true)),
        "kernel_mse": float(kernel_mse(estimated, true)),
    }


def _energy(kernels: Tensor) -> Tensor:
    return kernels.double().square().sum(dim=(1, 2, 3))


def _overlap(estimated: Tensor, true: Tensor) -> Tensor:
    """Largest sum of products over all shifts."""
    side = estimated.shape[-1] + true.shape[-1] - 1
    spectra = [torch.fft.rfft2(kernels.double(), s=(side, side)) for kernels in (estimated, true)]
    products = torch.fft.irfft2(spectra[0] * spectra[1].conj(), s=(side, side))
    return products.amax(dim=(1, 2, 3))
