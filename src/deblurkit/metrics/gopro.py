"""Protocols of tables on GoPro, HIDE and other pairs that are aligned pixel by pixel."""

from collections.abc import Sequence
from typing import Any

import torch

from deblurkit.contracts import Images
from deblurkit.errors import InputError
from deblurkit.metrics.parts.levels import (
    Quantisation,
    Rounded,
    gray_levels,
    interleaved,
    psnr_of_levels,
)
from deblurkit.metrics.parts.protocol import Protocol, Score
from deblurkit.metrics.parts.similarity import (
    GAUSS_RGB,
    MATLAB_RGB,
    ssim_gray,
    ssim_wang,
    ssims_rgb,
)


class GoPro(Protocol):
    """PSNR over all RGB values and both SSIMs that tables on GoPro print.

    PSNR is in dB, infinite for equal pictures. ``ssim_matlab_rgb`` averages over colours too and
    is by 0.02 to 0.09 larger than ``ssim_gauss_rgb``: never compare the two.

    >>> restored, sharp = torch.zeros(1, 3, 16, 16), torch.full((1, 3, 16, 16), 0.2)
    >>> scores = GoPro(quantisation=Rounded(), size=None)(restored, sharp)
    >>> round(scores["psnr"].item(), 2)  # 20 log 5
    13.98

    Args:
        quantisation: Grey levels, 0 to 255, of the restored picture.
        size: Height and width in pixels of the pictures that the table is made of, if it is about
            one size only.

    Source: Nah et al., "Deep multi-scale CNN for dynamic scene deblurring", CVPR 2017, sec. 4;
    Wang et al., "Image quality assessment", IEEE TIP 2004.
    """

    higher_is_better = True
    scores = ("psnr", "ssim_matlab_rgb", "ssim_gauss_rgb")

    def __init__(
        self, *, quantisation: Quantisation, size: Sequence[int] | None, **options: Any
    ) -> None:
        super().__init__(**options)
        self.quantisation, self.size = quantisation, size

    def measure(self, restored: Images, sharp: Images) -> Score:
        """Scores of one picture.

        Raises:
            InputError: If the protocol is about pictures of another size.
        """
        height, width = sharp.shape[-2:]
        if self.size is not None and [height, width] != list(self.size):
            raise InputError(
                f"this protocol is about pictures of {self.size[1]}x{self.size[0]} pixels, not "
                f"{width}x{height}: choose data of that size, or protocol=gopro"
            )
        seen = interleaved(self.quantisation(restored)), interleaved(Rounded()(sharp))
        matlab, gauss = ssims_rgb(*seen, MATLAB_RGB, GAUSS_RGB)
        return {
            "psnr": psnr_of_levels(*seen),
            "ssim_matlab_rgb": torch.tensor(matlab),
            "ssim_gauss_rgb": torch.tensor(gauss),
        }


class Gray(Protocol):
    """PSNR and SSIM of 8-bit gray pictures, as MATLAB's ``rgb2gray``, ``psnr`` and ``ssim``.

    >>> restored, sharp = torch.zeros(1, 3, 16, 16), torch.full((1, 3, 16, 16), 0.2)
    >>> round(Gray()(restored, sharp)["psnr_gray"].item(), 2)  # 20 log 5
    13.98
    """

    higher_is_better = True
    scores = ("psnr_gray", "ssim_gray")

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)

    def measure(self, restored: Images, sharp: Images) -> Score:
        """Scores of one picture."""
        seen = gray_levels(restored), gray_levels(sharp)
        return {
            "psnr_gray": psnr_of_levels(*seen),
            "ssim_gray": torch.tensor(ssim_gray(*seen)),
        }


class Wang(Protocol):
    """PSNR and SSIM of 8-bit gray pictures; for the SSIM they are shrunk to about 256 pixels.

    >>> picture = torch.rand(1, 3, 16, 16)
    >>> round(Wang()(picture, picture)["ssim_wang"].item(), 4)
    1.0

    Source: Wang et al., "Image quality assessment", IEEE TIP 2004; the authors' script of 2009.
    """

    higher_is_better = True
    scores = ("psnr_gray", "ssim_wang")

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)

    def measure(self, restored: Images, sharp: Images) -> Score:
        """Scores of one picture."""
        seen = gray_levels(restored), gray_levels(sharp)
        return {
            "psnr_gray": psnr_of_levels(*seen),
            "ssim_wang": torch.tensor(ssim_wang(*seen)),
        }
