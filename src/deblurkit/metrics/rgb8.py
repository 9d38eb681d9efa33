"""The default protocol: torchmetrics' own PSNR and SSIM of 8-bit RGB pictures."""

from typing import Any

import torch
from torchmetrics.functional.image import structural_similarity_index_measure

from deblurkit.contracts import Images
from deblurkit.errors import InputError
from deblurkit.imaging.psnr import psnr
from deblurkit.metrics.parts.protocol import Protocol, Score, rounded
from deblurkit.metrics.parts.similarity import RADIUS


class RGB8(Protocol):
    """PSNR and Gaussian-window SSIM of pictures rounded to 8 bit, all three channels.

    PSNR is in dB, infinite for equal pictures; SSIM is at most 1, the mean over channels and over
    all pixels: borders are mirrored, where others leave five pixels out. In single precision
    photographs miss the exact SSIM by less than 1e-5, but even areas by up to 3e-3.

    >>> restored, sharp = torch.zeros(1, 3, 16, 16), torch.full((1, 3, 16, 16), 0.2)
    >>> round(RGB8()(restored, sharp)["psnr"].item(), 2)  # 20 log 5
    13.98

    Source: Wang et al., "Image quality assessment", IEEE TIP 2004 (SSIM, window 11, sigma 1.5).
    """

    higher_is_better = True
    scores = ("psnr", "ssim")

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)

    def measure(self, restored: Images, sharp: Images) -> Score:
        """Scores of one picture."""
        restored, sharp = rounded(restored), rounded(sharp)
        return {"psnr": psnr(restored, sharp), "ssim": ssim(restored, sharp)}


def ssim(restored: Images, sharp: Images) -> torch.Tensor:
    """Mean over pictures of each picture's SSIM; computed in fp32 also under mixed precision.

    Raises:
        InputError: If the pictures are smaller than half of the window, so that their borders
            cannot be mirrored.
    """
    height, width = sharp.shape[-2:]
    if min(height, width) <= RADIUS:
        raise InputError(
            f"SSIM needs pictures whose sides have at least {RADIUS + 1} pixels, but one is "
            f"{width}x{height}: leave it out"
        )
    with torch.autocast(restored.device.type, enabled=False):
        score = structural_similarity_index_measure(restored.float(), sharp.float(), data_range=1.0)
    assert isinstance(score, torch.Tensor)  # a tuple only if maps are asked for
    return score
