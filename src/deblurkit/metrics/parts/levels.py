"""Grey levels, 0 to 255, as different protocols see a picture: of RGB or of one channel."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from deblurkit.contracts import Images
from deblurkit.imaging.colour import REC601

PEAK = 255.0
FULL_RANGE = REC601
MATLAB_GRAY = (0.2989360213, 0.5870430745, 0.1140209043)  # rgb2gray; sums to 1
STUDIO = (65.481, 128.553, 24.966)  # rgb2ycbcr's Y in grey levels above 16, of intensities

Levels = NDArray[np.float32]  # (height, width, 3), 0 to 255
Plane = NDArray[np.float64]  # (height, width), 0 to 255
Quantisation = Callable[[Images], Tensor]


class Rounded:
    """What a file of 8 bits holds if levels are rounded; 0 to 255.

    >>> Rounded()(torch.full((1, 1, 1, 1), 0.5)).item()  # of 127.5
    128.0
    """

    def __call__(self, pictures: Images) -> Images:
        """Levels of pictures in [0, 1]; what lies outside is clamped."""
        return pictures.float().clamp(0, 1).mul_(PEAK).round_()


class Truncated:
    """What a file of 8 bits holds if fractions of levels are cut off; 0 to 255.

    A level that single precision misses by no more than its own error counts as reached.

    >>> Truncated()(torch.full((1, 1, 1, 1), 0.5)).item()  # of 127.5
    127.0
    """

    def __call__(self, pictures: Images) -> Images:
        """Levels of pictures in [0, 1]; what lies outside is clamped."""
        return pictures.float().clamp(0, 1).mul_(PEAK).add_(1e-4).floor_()


class Exact:
    """Clamped, not quantised; 0 to 255.

    >>> Exact()(torch.full((1, 1, 1, 1), 0.5)).item()
    127.5
    """

    def __call__(self, pictures: Images) -> Images:
        """Levels of pictures in [0, 1]; what lies outside is clamped."""
        return pictures.float().clamp(0, 1).mul_(PEAK)


def interleaved(levels: Images) -> Levels:
    """The only picture of a batch as height, width, channel, on the CPU."""
    merged: Levels = cv2.merge([*levels[0].float().cpu().numpy()])
    return merged


def plane(picture: Images, *, weights: tuple[float, float, float]) -> Plane:
    """Weighted sum of the channels of the only picture of a batch, in double precision."""
    return interleaved(picture).astype(np.float64) @ np.array(weights)


def gray_levels(picture: Images) -> Plane:
    """Rounded grey levels of rounded RGB levels, as MATLAB's ``rgb2gray`` of an 8-bit picture."""
    return np.floor(plane(Rounded()(picture), weights=MATLAB_GRAY) + 0.5)


def studio_luma(picture: Images) -> Plane:
    """Y of MATLAB's ``rgb2ycbcr`` of intensities, 16 to 235, not rounded."""
    return 16 + plane(picture, weights=STUDIO)


def psnr_of_levels(restored: NDArray[np.floating[Any]], sharp: NDArray[np.floating[Any]]) -> Tensor:
    """PSNR over all values, peak 255, in dB; infinite for equal pictures."""
    squares = torch.tensor(cv2.norm(restored, sharp, cv2.NORM_L2SQR), dtype=torch.float64)
    return 10 * (PEAK**2 * sharp.size / squares).log10()
