"""Do the pairs belong together? Asked before any training, on a few of them.

A public run of a well known method sat at 9 to 15 dB for days because its pairs were wrong; halves
of a picture, another order of files or a crop that one side lacks show within seconds.
"""

import logging
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from deblurkit.data.sources.base import Pictures, Pixels, Source
from deblurkit.errors import InputError
from deblurkit.imaging.colour import REC601
from deblurkit.imaging.formats.files import eight_bit

PSNR_ERROR = 15.0  # dB; honest training pairs lie above 20, unrelated photographs at 4 to 13
PSNR_WARNING = 18.0  # dB
SHIFT = 2.0  # pixels
_CORRELATED = 0.1  # response of a phase correlation; unrelated pictures stay below 0.05
_ENOUGH = 8  # pairs; fewer say little about a shift, since a kernel's peak is off its centre

_log = logging.getLogger(__name__)


class Comparison(NamedTuple):
    """What one pair shows.

    Args:
        name: Of the pair.
        psnr: Of blurred against sharp, in dB, at most 100.
        down: How far the blurred picture lies below the sharp one, in pixels.
        right: How far it lies to the right, in pixels.
        response: Share of the correlation in its peak, about 0 to 1.
    """

    name: str
    psnr: float
    down: float
    right: float
    response: float


def check_pairs(source: Source, *, strict: bool, samples: int = 32, side: int = 512) -> None:
    """Compare the centres of some pairs; refuse or report what cannot be a blurred picture.

    Two things are looked at: the mean PSNR, and a shift that all pairs share. One pair's shift
    proves nothing (the correlation follows the densest spot of its kernel, up to 30 pixels off in
    Lai's honest pairs), but kernels do not agree on a direction and faults do.

    Args:
        source: Gives ``blurred`` and ``sharp``.
        strict: Whether a fault is an error, as for training; else it is only logged, since honest
            evaluation sets lie as low as 11 dB.
        samples: How many pairs, spread evenly over the source.
        side: Of the square in the centre that is compared, in pixels.

    Raises:
        InputError: If ``strict`` and the mean PSNR is below ``PSNR_ERROR``, the pairs share a
            shift of more than ``SHIFT``, or all are equal; in any case if the sizes of a pair
            differ.
        PictureError: If a file cannot be read.
    """
    count = min(samples, len(source))
    chosen = np.linspace(0, len(source) - 1, count).round().astype(int).tolist()
    comparisons = [_compared(source, index, side) for index in chosen]
    errors, warnings = _faults(comparisons)
    for message in warnings:
        _log.warning(message)
    if strict and errors:
        raise InputError(errors[0])
    for message in errors:
        _log.warning(message)


def compare(blurred: Pixels, sharp: Pixels, *, name: str) -> Comparison:
    """Compare two pictures of one size."""
    difference = blurred.astype(np.float32) - sharp.astype(np.float32)
    error = float(np.mean(difference**2)) / 255**2
    window = cv2.createHanningWindow(blurred.shape[1::-1], cv2.CV_32F)
    (right, down), response = cv2.phaseCorrelate(_luminance(sharp), _luminance(blurred), window)
    return Comparison(name, -10 * np.log10(max(error, 1e-10)), down, right, response)


def _compared(source: Source, index: int, side: int) -> Comparison:
    height, width = source.size(index)
    top, left = max(height - side, 0) // 2, max(width - side, 0) // 2
    pair: Pictures = source.crop(index, top=top, left=left, side=side)
    blurred, sharp = eight_bit(pair["blurred"]), eight_bit(pair["sharp"])
    name = source.names[index]
    if blurred.shape != sharp.shape:
        raise InputError(
            f"blurred and sharp {name} differ in size: pairs must be aligned pixel by pixel"
        )
    return compare(blurred, sharp, name=name)


def _luminance(pixels: Pixels) -> NDArray[np.float32]:
    return (pixels @ np.array(REC601, np.float32)).astype(np.float32)


def _faults(comparisons: list[Comparison]) -> tuple[list[str], list[str]]:
    """Sentences that a training must not ignore, and those that it may."""
    errors, warnings = [], []
    psnr = float(np.mean([pair.psnr for pair in comparisons]))
    worst = min(comparisons, key=lambda pair: pair.psnr)
    low = (
        f"the PSNR of blurred against sharp pictures is {psnr:.1f} dB on average over "
        f"{len(comparisons)} pairs and {worst.psnr:.1f} dB for {worst.name}: "
        f"check that both files of a pair show the same scene"
    )
    if psnr < PSNR_ERROR:
        return [low], []  # shifts of unrelated pictures mean nothing
    if psnr < PSNR_WARNING:
        warnings.append(low)
    if worst.psnr >= 100:
        errors.append(
            f"blurred and sharp pictures are equal, {worst.name} for one: check the folders' names"
        )
    clear = [pair for pair in comparisons if pair.response > _CORRELATED]
    if 2 * len(clear) < len(comparisons):
        return errors, warnings
    shared, single = _shift_faults(clear)
    return errors + shared, warnings + single


def _shift_faults(comparisons: list[Comparison]) -> tuple[list[str], list[str]]:
    """The shift that pairs share, and the pair that leaves the others."""
    shifts = np.array([(pair.down, pair.right) for pair in comparisons])
    low, middle, high = np.quantile(shifts, [0.25, 0.5, 0.75], axis=0)
    agree = (low > SHIFT) | (high < -SHIFT)  # kernels' own peaks lie on both sides
    if agree.any():
        typical = comparisons[int(np.abs(shifts - middle).sum(axis=1).argmin())]
        sentence = (
            f"blurred pictures lie {_words(middle)} of their sharp partners (as "
            f"{typical.name} does): crop both sides alike"
        )
        return ([sentence], []) if len(comparisons) >= _ENOUGH else ([], [sentence])
    away = np.abs(shifts - middle).max(axis=1)
    worst = int(away.argmax())
    if away[worst] > SHIFT + 6 * float(np.median(away)) and len(comparisons) >= _ENOUGH:
        sentence = (
            f"blurred {comparisons[worst].name} lies {_words(shifts[worst])} of its sharp "
            f"partner, unlike the other pairs: check this pair"
        )
        return [], [sentence]
    return [], []


def _words(shift: NDArray[np.floating]) -> str:
    down, right = shift
    vertical = f"{abs(down):.0f} px {'below' if down > 0 else 'above'}"
    return f"{vertical} and {abs(right):.0f} px {'right' if right > 0 else 'left'}"
