"""The kernel between a sharp picture and its blurred version, and what makes it plausible."""

import cv2
import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from jaxtyping import Bool, Float
from torch import Tensor

from deblurkit.contracts import Kernels
from deblurkit.imaging.blur.conjugate_gradients import conjugate_gradients
from deblurkit.imaging.blur.deconvolution import Framed, differences, kernel_spectra
from deblurkit.imaging.blur.kernels import centred, normalized


def fitted_kernels(
    sharp: Framed,
    blurred: Framed,
    start: Kernels,
    *,
    inside: Bool[Tensor, "framed_height framed_width"],
    ridge: float,
    steps: int,
) -> Kernels:
    r"""Kernels that turn the sharp pictures' differences into the blurred ones'.

    .. math:: \min_k \sum_d \|m (k * \nabla_d x - \nabla_d y)\|^2 + \gamma \|k\|^2

    over kernels of the start's size, by conjugate gradients.

    >>> sharp, inside = torch.rand(1, 1, 32, 32), torch.ones(32, 32, dtype=torch.bool)
    >>> moved, start = sharp.roll(1, dims=-1), torch.zeros(1, 1, 5, 5)  # to the right by a pixel
    >>> kernel = fitted_kernels(sharp, moved, start, inside=inside, ridge=1e-3, steps=30)
    >>> divmod(int(kernel.argmax()), 5)  # row and column of its largest weight
    (2, 3)

    Args:
        sharp: Pictures in a frame, one channel.
        blurred: Their blurred versions in the same frame.
        start: Where the search begins.
        inside: The mask m: where the blurred pictures were seen.
        ridge: Weight gamma.
        steps: Of conjugate gradients.

    Returns:
        Kernels that may be negative and sum to anything.

    Source: Cho and Lee, "Fast Motion Deblurring", SIGGRAPH Asia 2009, sec. 3: the differences and
    conjugate gradients.
    """
    side, size = start.shape[-1], (sharp.shape[-2], sharp.shape[-1])
    spectra = torch.fft.rfft2(differences(sharp))
    within = inside & inside.roll(-1, -2) & inside.roll(-1, -1)  # differences between seen pixels

    def correlated(fields: Tensor) -> Tensor:
        products = (spectra.conj() * torch.fft.rfft2(fields * within)).sum(dim=0)
        moved = torch.fft.irfft2(products, s=size).roll((side // 2, side // 2), (-2, -1))
        return moved[..., :side, :side]

    def applied(kernels: Tensor) -> Tensor:
        blurs = torch.fft.irfft2(spectra * kernel_spectra(kernels, size), s=size)
        return correlated(blurs) + ridge * kernels

    return conjugate_gradients(
        applied,
        correlated(differences(blurred)),
        start=start,
        filtered=lambda residual: residual,
        product=lambda first, second: (first * second).sum(dim=(-2, -1), keepdim=True),
        steps=steps,
    )


def plausible(kernels: Kernels, *, faint: float, islet: float) -> Kernels:
    """Kernels without negative weights, faint ones and islets; centred, with the sum 1.

    Where nothing is left, as for flat pictures, the kernel is one pixel and blurs nothing.

    >>> kernel = torch.tensor([[0.0, -0.1, 0.0], [0.0, 0.9, 0.01], [0.0, 0.0, 0.0]])[None, None]
    >>> plausible(kernel, faint=0.05, islet=0.1)[0, 0]
    tensor([[0., 0., 0.],
            [0., 1., 0.],
            [0., 0., 0.]])

    Args:
        kernels: Of any sum.
        faint: Weights below this share of the largest one are cleared.
        islet: Connected weights whose sum is below this share of all are cleared.

    Source: Pan et al., "Deblurring Text Images via L0-Regularized Intensity and Gradient Prior",
    CVPR 2014, the authors' code.
    """
    kernels = kernels.clamp(min=0)
    kernels = kernels * (kernels >= faint * kernels.amax(dim=(-2, -1), keepdim=True))
    point = torch.zeros_like(kernels)
    point[..., kernels.shape[-2] // 2, kernels.shape[-1] // 2] = 1
    kernels = torch.where(kernels.sum(dim=(-2, -1), keepdim=True) > 0, kernels, point)
    return centred(kernels * ~_islets(kernels, islet=islet))


def resized(kernels: Kernels, size: int) -> Float[Tensor, "batch 1 new_size new_size"]:
    """Kernels at another resolution, of the side ``size``; they sum to 1 again.

    >>> kernel = resized(torch.full((1, 1, 5, 5), 1 / 25), 9)
    >>> kernel.shape, round(kernel.sum().item(), 4)
    (torch.Size([1, 1, 9, 9]), 1.0)
    """
    changed = F.interpolate(kernels, size=(size, size), mode="bicubic", antialias=True)
    return normalized(changed.clamp(min=0))


def _islets(kernels: Tensor, *, islet: float) -> Tensor:
    """True where a weight belongs to an islet."""
    islets = np.zeros(kernels.shape, dtype=bool)
    for index, kernel in enumerate(kernels[:, 0].cpu().numpy()):
        count, labels = cv2.connectedComponents((kernel > 0).astype(np.uint8), connectivity=8)
        sums = np.bincount(labels.ravel(), kernel.ravel(), count)
        small = sums < islet * kernel.sum()
        small[[0, sums.argmax()]] = False  # label 0 is the background, the largest part stays
        islets[index, 0] = small[labels]
    return torch.from_numpy(islets).to(kernels.device)
