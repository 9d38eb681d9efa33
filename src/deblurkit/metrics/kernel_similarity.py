"""How near an estimated kernel comes to the true one, wherever both were placed."""

import torch
from jaxtyping import Float
from torch import Tensor

from deblurkit.contracts import Kernels

TrueKernels = Float[Tensor, "batch 1 true_size true_size"]


def kernel_similarity(estimated: Kernels, true: TrueKernels) -> Float[Tensor, " batch"]:
    r"""Maximum of the normalised cross-correlation over all shifts by whole pixels.

    .. math:: \max_s \frac{\sum_u \hat k(u + s) \, k(u)}{\|\hat k\| \, \|k\|}

    >>> kernel = torch.tensor([[0.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.0, 0.0, 0.0]])[None, None]
    >>> round(kernel_similarity(kernel.roll(1, dims=-1), kernel).item(), 4)  # moved by a pixel
    1.0

    Args:
        estimated: One per picture, of any side; acts by convolution.
        true: Their counterparts, of any side; acts by convolution.

    Returns:
        One number per picture, at most 1, which only the same kernel or a moved one reaches.

    Source: Hu and Yang, "Good Regions to Deblur", ECCV 2012.
    """
    return _overlap(estimated, true) / (_energy(estimated) * _energy(true)).sqrt()


def kernel_mse(estimated: Kernels, true: TrueKernels) -> Float[Tensor, " batch"]:
    """Least sum of squared differences over all shifts, per pixel of the true kernel.

    >>> kernel = torch.tensor([[0.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.0, 0.0, 0.0]])[None, None]
    >>> point = torch.tensor([[[[1.0]]]])
    >>> round(kernel_mse(point, kernel).item(), 4)  # (1 + 0.5 - 2 * 0.5) / 9
    0.0556

    Args:
        estimated: One per picture, of any side; sums to 1 and acts by convolution.
        true: Their counterparts, of any side; sums to 1 and acts by convolution.

    Returns:
        One number per picture, in squared weights.
    """
    squares = _energy(estimated) + _energy(true) - 2 * _overlap(estimated, true)
    return squares.clamp(min=0) / true.shape[-1] ** 2


def kernel_scores(estimated: Kernels, true: TrueKernels) -> dict[str, float]:
    """Both numbers for the kernel of one picture, by name.

    >>> kernel = torch.tensor([[0.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.0, 0.0, 0.0]])[None, None]
    >>> {name: round(score, 4) for name, score in kernel_scores(kernel, kernel).items()}
    {'kernel_similarity': 1.0, 'kernel_mse': 0.0}
    """
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
