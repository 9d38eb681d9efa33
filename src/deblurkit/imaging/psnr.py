"""Peak signal-to-noise ratio, for protocols, callbacks and what methods log."""

from torch import Tensor

from deblurkit.contracts import Images


def psnr(restored: Images, sharp: Images) -> Tensor:
    """Mean over pictures of each picture's PSNR, in dB.

    >>> round(psnr(torch.zeros(1, 3, 8, 8), torch.full((1, 3, 8, 8), 0.1)).item(), 2)
    20.0
    """
    from torchmetrics.functional.image import peak_signal_noise_ratio  # takes a second

    return peak_signal_noise_ratio(restored, sharp, data_range=1.0, dim=(1, 2, 3))
