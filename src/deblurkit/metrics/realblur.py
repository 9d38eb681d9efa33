"""Protocols of RealBlur and RSBlur: pictures of two cameras, aligned by a homography first."""

from types import MappingProxyType
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from deblurkit.contracts import Images
from deblurkit.metrics.parts.levels import PEAK, interleaved
from deblurkit.metrics.parts.protocol import Protocol, Score
from deblurkit.metrics.parts.similarity import RADIUS, cropped, moments, ssim_map

Floats = NDArray[np.float32]  # (height, width, 3)


class Warped(NamedTuple):
    """A pair where the restored picture was moved onto the sharp one; zero where not valid."""

    restored: Floats
    sharp: Floats
    valid: Floats  # 1 or 0
    failed: bool  # nothing was found, the pair is as it was


class RealBlurECC(Protocol):
    """PSNR and SSIM after a gain and a homography, over the pixels that remain.

    ``unaligned`` is 1 for a picture that could not be aligned, which is then scored as it is: its
    mean is their share, and the rows say which.

    To move a picture costs something: a perfect one that lies half a pixel beside its truth scores
    37 dB. Above that the alignment rules the score, in its last digits the version of OpenCV.

    >>> sharp = torch.rand(1, 3, 48, 48)
    >>> scores = RealBlurECC(iterations=5, smoothing=5)(0.5 * sharp, sharp)
    >>> scores["psnr"].item() > 60, scores["unaligned"].item()  # half as bright: a gain is found
    (True, 0.0)

    Args:
        iterations: Of the search for the homography.
        smoothing: Side of the Gaussian filter before it, pixels, odd.

    Source: Rim et al., "Real-world blur dataset for learning and benchmarking deblurring
    algorithms", ECCV 2020, sec. 5, the authors' evaluation; Evangelidis and Psarakis, "Parametric
    image alignment using enhanced correlation coefficient maximization", TPAMI 2008.
    Differs from the authors' code: any OpenCV, whose version changes the last digits, and a
    picture that cannot be aligned is counted where theirs stops.
    """

    higher_is_better = True
    scores = ("psnr", "ssim_gauss_rgb", "unaligned")
    directions = MappingProxyType({"unaligned": "min"})
    aligns = True

    def __init__(self, *, iterations: int, smoothing: int, **options: Any) -> None:
        super().__init__(**options)
        self.iterations, self.smoothing = iterations, smoothing

    def measure(self, restored: Images, sharp: Images) -> Score:
        """Scores of one picture."""
        pair = warped_pair(restored, sharp, iterations=self.iterations, smoothing=self.smoothing)
        return scores_of(pair)


class RSBlurECC(Protocol):
    """As `RealBlurECC`, of pictures that are clamped to [0, 1] once they are aligned.

    >>> sharp = torch.rand(1, 3, 48, 48)
    >>> scores = RSBlurECC(iterations=5, smoothing=5)(0.5 * sharp, sharp)
    >>> scores["psnr"].item() > 60, scores["unaligned"].item()  # half as bright: a gain is found
    (True, 0.0)

    Args:
        iterations: Of the search for the homography.
        smoothing: Side of the Gaussian filter before it, pixels, odd.

    Source: Rim et al., "Realistic blur synthesis for learning image deblurring", ECCV 2022, the
    authors' evaluation, evaluate_RSBlur.py.
    Differs from the authors' code: as `RealBlurECC`.
    """

    higher_is_better = True
    scores = ("psnr", "ssim_gauss_rgb", "unaligned")
    directions = MappingProxyType({"unaligned": "min"})
    aligns = True

    def __init__(self, *, iterations: int, smoothing: int, **options: Any) -> None:
        super().__init__(**options)
        self.iterations, self.smoothing = iterations, smoothing

    def measure(self, restored: Images, sharp: Images) -> Score:
        """Scores of one picture."""
        pair = warped_pair(restored, sharp, iterations=self.iterations, smoothing=self.smoothing)
        return scores_of(
            pair._replace(restored=pair.restored.clip(0, 1), sharp=pair.sharp.clip(0, 1))
        )


def warped_pair(restored: Images, sharp: Images, *, iterations: int, smoothing: int) -> Warped:
    """The only picture of two batches, aligned; what lies outside [0, 1] is clamped before."""
    return warped(
        interleaved(restored.float().clamp(0, 1)),
        interleaved(sharp),
        iterations=iterations,
        smoothing=smoothing,
    )


def scores_of(pair: Warped) -> Score:
    """PSNR and SSIM over the valid pixels, and whether nothing was aligned."""
    squares = (pair.restored - pair.sharp).astype(np.float64) ** 2
    error = torch.tensor(squares.sum() / pair.valid.sum(dtype=np.float64))
    return {
        "psnr": -10 * error.log10(),
        "ssim_gauss_rgb": torch.tensor(masked_ssim(pair)),
        "unaligned": torch.tensor(float(pair.failed)),
    }


def warped(restored: Floats, sharp: Floats, *, iterations: int, smoothing: int) -> Warped:
    """Scale a restored picture's intensities and move it onto the sharp one.

    Args:
        restored: In [0, 1].
        sharp: In [0, 1], of the same size.
        iterations: Of the search.
        smoothing: Side of the Gaussian filter before it, pixels, odd.
    """
    energy = float((restored.astype(np.float64) ** 2).sum())
    gain = float((sharp.astype(np.float64) * restored).sum()) / energy if energy else 1.0
    scaled = restored * np.float32(gain)
    as_it_is = Warped(scaled, sharp, np.ones_like(sharp), True)
    homography = np.eye(3, dtype=np.float32)
    gray = [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in (sharp, scaled)]
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, iterations, 0.0)
    try:
        _, homography = cv2.findTransformECC(  # type: ignore[call-overload]
            *gray, homography, cv2.MOTION_HOMOGRAPHY, criteria, None, smoothing
        )
    except cv2.error:
        return as_it_is
    size = (sharp.shape[1], sharp.shape[0])
    inverse = cv2.WARP_INVERSE_MAP
    moved = cv2.warpPerspective(
        scaled, homography, size, flags=cv2.INTER_CUBIC | inverse, borderMode=cv2.BORDER_REFLECT
    )
    valid = cv2.warpPerspective(
        np.ones_like(scaled), homography, size, flags=cv2.INTER_NEAREST | inverse
    )
    inside = valid[RADIUS:-RADIUS, RADIUS:-RADIUS]
    if not (np.isfinite(homography).all() and np.isfinite(moved).all() and inside.any()):
        return as_it_is
    return Warped((moved * valid).astype(np.float32), sharp * valid, valid, False)  # type: ignore[arg-type]


def masked_ssim(pair: Warped) -> float:
    """Mean over the valid pixels at least five off the border, per channel, then over channels."""
    peak = np.float32(PEAK)
    inside = slice(RADIUS, -RADIUS)
    valid = pair.valid[inside, inside]
    values = ssim_map(cropped(moments(pair.restored * peak, pair.sharp * peak))) * valid
    sums, counts = (array.sum(axis=(0, 1), dtype=np.float64) for array in (values, valid))
    return float((sums / counts).mean())
