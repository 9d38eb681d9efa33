"""Protocols up to a shift: Levin's and Lai's pictures, blurred by one kernel each."""

from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from deblurkit.contracts import Images
from deblurkit.errors import InputError
from deblurkit.imaging.formats.files import as_tensor, read_image
from deblurkit.metrics.parts.levels import (
    FULL_RANGE,
    PEAK,
    Plane,
    plane,
    psnr_of_levels,
    studio_luma,
)
from deblurkit.metrics.parts.protocol import Protocol, Score
from deblurkit.metrics.parts.shifts import Aligned, aligned
from deblurkit.metrics.parts.similarity import ssim_wang


class Levin(Protocol):
    """PSNR and SSIM of gray pictures where they fit best; neither clamped nor quantised.

    >>> sharp = torch.rand(1, 3, 32, 32)
    >>> Levin(border=4, reach=2)(sharp.roll(1, dims=-1), sharp)["psnr"] > 60  # moved by a pixel
    tensor(True)

    Args:
        border: Pixels of the sharp picture that are left out on each side.
        reach: Largest shift, in pixels; steps are quarters of one.

    Source: Levin et al., "Understanding and evaluating blind deconvolution algorithms", CVPR 2009,
    sec. 5; Ren et al., "SelfDeblur", CVPR 2020, the authors' evaluation.
    """

    higher_is_better = True
    scores = ("psnr", "ssim_wang")
    aligns = True

    def __init__(self, *, border: int, reach: int, **options: Any) -> None:
        super().__init__(**options)
        self.border, self.reach = border, reach

    def measure(self, restored: Images, sharp: Images) -> Score:
        """Scores of one picture."""
        fit = aligned(full_luma(restored), full_luma(sharp), border=self.border, reach=self.reach)
        return scores_of(fit)


class Lai(Protocol):
    """As Levin's, of MATLAB's Y (16 to 235): by about 1.3 dB higher than of full-range luminance.

    >>> sharp = torch.rand(1, 3, 32, 32)
    >>> Lai(border=4, reach=2)(sharp.roll(1, dims=-1), sharp)["psnr_y"] > 60  # moved by a pixel
    tensor(True)

    Args:
        border: Pixels of the sharp picture that are left out on each side.
        reach: Largest shift, in pixels; steps are quarters of one.

    Source: Lai et al., "A comparative study for single image blind deblurring", CVPR 2016;
    Ren et al., "SelfDeblur", CVPR 2020, the authors' evaluation.
    """

    higher_is_better = True
    scores = ("psnr_y", "ssim_wang")
    aligns = True

    def __init__(self, *, border: int, reach: int, **options: Any) -> None:
        super().__init__(**options)
        self.border, self.reach = border, reach

    def measure(self, restored: Images, sharp: Images) -> Score:
        """Scores of one picture."""
        fit = aligned(
            studio_luma(restored), studio_luma(sharp), border=self.border, reach=self.reach
        )
        scores = scores_of(fit)
        return {"psnr_y": scores["psnr"], "ssim_wang": scores["ssim_wang"]}


class LevinErrorRatio(Protocol):
    """Error of a blind result over that of deconvolution with the true kernel, both aligned.

    ``error_ratio_ssd`` divides sums of squared differences, as Levin et al. do; ``success_2`` and
    ``success_3`` say whether it is at most 2 or 3, so their means are the shares that papers plot.
    ``error_ratio_spectral`` divides largest singular values, as the code of SelfDeblur does.

    >>> from deblurkit.imaging.formats.files import as_pixels, write_image
    >>> sharp = torch.rand(1, 3, 32, 32)
    >>> write_image("known/im1.png", as_pixels(0.9 * sharp[0]))  # with the true kernel
    >>> protocol = LevinErrorRatio(known="known", border=4, reach=2)
    >>> scores = protocol(0.8 * sharp, sharp, names=["im1"])  # an error twice as large
    >>> round(scores["error_ratio_ssd"].item(), 1), scores["success_3"].item()
    (4.0, 0.0)

    Args:
        known: Folder of what deconvolution with the true kernels gave, ``<name>.png``.
        border: Pixels of the sharp picture that are left out on each side.
        reach: Largest shift, in pixels; steps are quarters of one.

    Raises:
        InputError: If the folder is not given.

    Source: Levin et al., CVPR 2009, sec. 5; Ren et al., "SelfDeblur", CVPR 2020.
    """

    higher_is_better = None
    scores = ("error_ratio_ssd", "error_ratio_spectral", "success_2", "success_3")
    directions = MappingProxyType(
        {
            "error_ratio_ssd": "min",
            "error_ratio_spectral": "min",
            "success_2": "max",
            "success_3": "max",
        }
    )
    aligns = True

    def __init__(self, *, known: str | None, border: int, reach: int, **options: Any) -> None:
        super().__init__(**options)
        if known is None:
            raise InputError(
                "give the results with the true kernels: protocol.levin_error_ratio.known=<folder>"
            )
        self.known, self.border, self.reach = Path(known), border, reach

    def measure(self, restored: Images, sharp: Images) -> Score:
        """Scores of one picture.

        Raises:
            InputError: If there is no result with the true kernel of this size and name.
        """
        best = read_image(self.known / f"{self.name}.png") if self.name else None
        if best is None:
            raise InputError("error ratios need names of pictures: update(..., names=[name])")
        known = as_tensor(best)[None]
        if known.shape[-2:] != sharp.shape[-2:]:
            raise InputError(
                f"{self.known / f'{self.name}.png'} has another size than the sharp picture: "
                "deconvolve the same pictures with the true kernels"
            )
        blind, ideal = (self.error(picture, sharp) for picture in (restored, known))
        ssd = blind.square().sum() / ideal.square().sum()
        norms = (torch.linalg.matrix_norm(error, 2) for error in (blind, ideal))
        return {
            "error_ratio_ssd": ssd,
            "error_ratio_spectral": next(norms) / next(norms),
            "success_2": (ssd <= 2).float(),
            "success_3": (ssd <= 3).float(),
        }

    def error(self, restored: Images, sharp: Images) -> Tensor:
        """Difference to the sharp picture where it is least."""
        fit = aligned(full_luma(restored), full_luma(sharp), border=self.border, reach=self.reach)
        return torch.from_numpy(fit.restored - fit.sharp)


def full_luma(picture: Images) -> Plane:
    """Full-range luminance in grey levels; that of a gray picture is its own."""
    return plane(picture, weights=FULL_RANGE) * PEAK


def scores_of(fit: Aligned) -> dict[str, Tensor]:
    """PSNR and SSIM of aligned pictures."""
    restored, sharp = (np.ascontiguousarray(levels) for levels in (fit.restored, fit.sharp))
    return {
        "psnr": psnr_of_levels(restored, sharp),
        "ssim_wang": torch.tensor(ssim_wang(restored, sharp)),
    }
