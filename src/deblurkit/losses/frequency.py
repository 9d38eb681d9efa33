"""Distances between the spectra of two batches of pictures."""

import torch

from deblurkit.contracts import Images, Scalar


def fourier_l1(restored: Images, sharp: Images) -> Scalar:
    r"""Mean absolute error of the spectra, over real and imaginary parts alike.

    With F the discrete Fourier transform of each channel, not normalised:

    .. math:: \frac{1}{2N} \sum_k |\Re F(\hat{x} - x)_k| + |\Im F(\hat{x} - x)_k|

    It grows with the square root of the number of pixels. At least float32, also under autocast.

    >>> black, white = torch.zeros(1, 3, 4, 4), torch.ones(1, 3, 4, 4)
    >>> fourier_l1(black, white)  # 16 at one of 16 frequencies, in the real part only
    tensor(0.5000)

    Args:
        restored: Prediction of the network, intensities in [0, 1].
        sharp: Ground truth, same shape and range.

    Source: Cho et al., "Rethinking Coarse-to-Fine Approach in Single Image Deblurring"
    (MIMO-UNet), ICCV 2021, arXiv:2108.05054, eq. 5; means as in the authors' code.
    """
    wide = torch.promote_types(restored.dtype, torch.float32)
    with torch.autocast(restored.device.type, enabled=False):
        spectrum = torch.fft.fft2(restored.to(wide) - sharp.to(wide))
        return torch.view_as_real(spectrum).abs().mean()
