"""Do the pairs belong together? Asked before any training, on a few of them.

A public run of a well known method sat at 9 to 15 dB for days because its pairs were wrong; halves
of a picture, another order of files or a crop that one side lacks show within seconds.
"""

import csv
import logging
import math
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from deblurkit.data.likeness import spread
from deblurkit.data.sources.base import Pictures, Pixels, Source
from deblurkit.errors import InputError
from deblurkit.imaging.colour import REC601
from deblurkit.imaging.formats.files import eight_bit

PSNR_ERROR = 15.0  # dB; honest training pairs lie above 20, unrelated photographs at 4 to 13
PSNR_WARNING = 18.0  # dB
SHIFT = 2.0  # pixels
SAME_SCENE = 0.8  # share of the coarse picture that its partner explains; of other scenes 0.3
COARSE = 4  # pixels of a coarse one's side
SMOOTH = 2.0, 8.0  # coarse pixels, deviations; broader changes of brightness tell no place
STEPS = 5
TELLING = 96  # pixels of a side; coarse pictures of smaller ones are explained by anything
_CORRELATED = 0.1  # response of a phase correlation; unrelated pictures stay below 0.05
_ENOUGH = 8  # pairs; fewer say little about a shift, since a kernel's peak is off its centre

_log = logging.getLogger(__name__)


class Comparison(NamedTuple):
    """What one pair shows.

    Args:
        name: Of the pair.
        psnr: Of blurred against sharp, in dB; infinite if both are equal.
        down: How far the blurred picture lies below the sharp one, in pixels.
        right: How far it lies to the right, in pixels.
        response: Share of the correlation in its peak, about 0 to 1.
        explained: Share of the coarse blurred picture that the sharp one explains, at most 1.
        own: Whether deblurkit-blur notes that it made this pair.
    """

    name: str
    psnr: float
    down: float
    right: float
    response: float
    explained: float
    own: bool = False


def check_pairs(source: Source, *, strict: bool, samples: int = 32, side: int = 512) -> None:
    """Compare the centres of some pairs; refuse or report what cannot be a blurred picture.

    Two things are looked at: the mean PSNR, and a shift that all pairs share. The shift is that of
    coarse pictures, which follow the centre of mass of a kernel; a correlation of the pictures
    themselves would follow its densest spot, up to 30 pixels off in Lai's honest pairs. One pair's
    shift proves nothing, since kernels may be off their centre, but they do not agree on a
    direction and faults do. Strong blur and noise are no fault where the coarse pictures show one
    scene, and of pairs that deblurkit-blur lists as its own only certain faults are told.

    Args:
        source: Gives ``blurred`` and ``sharp``.
        strict: Whether a fault is an error, as for training; else it is only logged, since honest
            evaluation sets lie as low as 11 dB.
        samples: How many pairs, spread evenly over the source.
        side: Of the square in the centre that is compared, in pixels.

    Raises:
        InputError: If ``strict`` and the mean PSNR of pairs that show different scenes is below
            ``PSNR_ERROR``, the pairs share a shift of more than ``SHIFT``, or all are equal; in
            any case if the sizes of a pair differ.
        PictureError: If a file cannot be read.
    """
    errors, warnings = pair_faults(source, samples=samples, side=side)
    for message in warnings:
        _log.warning(message)
    if strict and errors:
        raise InputError(errors[0])
    for message in errors:
        _log.warning(message)


def pair_faults(
    source: Source, *, samples: int = 32, side: int = 512
) -> tuple[list[str], list[str]]:
    """Sentences that a training must not ignore, and those that it may; see ``check_pairs``.

    Raises:
        InputError: If the sizes of a pair differ.
        PictureError: If a file cannot be read.
    """
    comparisons = [_compared(source, index, side) for index in spread(len(source), samples)]
    errors, warnings = _faults(comparisons)
    return errors, [] if all(pair.own for pair in comparisons) else warnings


def compare(blurred: Pixels, sharp: Pixels, *, name: str) -> Comparison:
    """Compare two pictures of one size."""
    difference = blurred.astype(np.float32) - sharp.astype(np.float32)
    error = float(np.mean(difference**2)) / 255**2
    window = cv2.createHanningWindow(blurred.shape[1::-1], cv2.CV_32F)
    sharp_light, blurred_light = _luminance(sharp), _luminance(blurred)
    down, right, explained = _coarse(sharp_light, blurred_light)
    # After that, since OpenCV multiplies the window into the pictures themselves.
    correlated, response = cv2.phaseCorrelate(sharp_light, blurred_light, window)
    if min(sharp_light.shape) < TELLING:
        (right, down), explained = correlated, 0.0
    decibels = -10 * math.log10(error) if error else math.inf
    return Comparison(name, decibels, down, right, response, explained)


def _coarse(sharp: NDArray[np.float32], blurred: NDArray[np.float32]) -> tuple[float, float, float]:
    """Shift downwards and to the right, in pixels, of the coarse pictures, and what it explains.

    There every kernel is short, and a blurred picture is the sharp one's Taylor series: its
    gradient's factor is the kernel's centre of mass, that of its second derivatives the extent.
    The series is good for short ways only, so it is taken in steps.
    """
    small, target = (_coarse_picture(light) for light in (sharp, blurred))
    limit = min(small.shape) / 4
    moved, explained = np.zeros(2), 0.0
    for _ in range(STEPS):
        step, explained = _series(_moved(small, moved), target)
        moved = np.clip(moved + step, -limit, limit)
    down, right = (COARSE * moved).tolist()
    return down, right, explained


def _series(
    small: NDArray[np.float64], target: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """Shift that turns one coarse picture into the other, and the share of it that is explained."""
    window = np.outer(*(np.hanning(extent) for extent in small.shape))
    rows, columns = np.gradient(small)
    (row_row, row_column), (_, column_column) = np.gradient(rows), np.gradient(columns)
    terms = (small, rows, columns, row_row, row_column, column_column)
    system = np.stack([(term * window).ravel() for term in terms], axis=1)
    values = (target * window).ravel()
    factors = np.linalg.lstsq(system, values, rcond=None)[0]
    variation = float(np.sum(values**2))
    unexplained = float(np.sum((values - system @ factors) ** 2))
    if variation < 1e-6 or abs(factors[0]) < 1e-3:
        return np.zeros(2), float(variation < 1e-6)
    return -factors[1:3] / factors[0], 1 - unexplained / variation


def _moved(small: NDArray[np.float64], way: NDArray[np.float64]) -> NDArray[np.float64]:
    matrix = np.array([[1.0, 0.0, way[1]], [0.0, 1.0, way[0]]])
    size = small.shape[1::-1]
    moved = cv2.warpAffine(
        small, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
    )
    return np.asarray(moved, dtype=np.float64)


def _coarse_picture(light: NDArray[np.float32]) -> NDArray[np.float64]:
    """The means of squares, smoothed; the last rows and columns may be left out."""
    height, width = (max(extent // COARSE, 4) for extent in light.shape)
    whole = light[: height * COARSE, : width * COARSE]
    small = cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA)
    fine, broad = (cv2.GaussianBlur(small, (0, 0), deviation) for deviation in SMOOTH)
    return np.asarray(fine - broad, dtype=np.float64)


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
    own = _made_by_us(source.files(index).get("blurred"))
    return compare(blurred, sharp, name=name)._replace(own=own)


def _made_by_us(blurred: Path | None) -> bool:
    """Whether the table beside ``blurred/`` that deblurkit-blur writes lists a file."""
    for folder in blurred.parents if blurred is not None else ():
        if folder.name == "blurred":
            name = blurred.relative_to(folder).with_suffix("").as_posix() if blurred else ""
            return name in _listed(folder.parent / "parameters.csv")
    return False


@lru_cache(maxsize=4)
def _listed(table: Path) -> frozenset[str]:
    try:
        with table.open(encoding="utf-8", newline="") as stream:
            return frozenset(row.get("name") or "" for row in csv.DictReader(stream))
    except (OSError, UnicodeError, csv.Error):
        return frozenset()


def _luminance(pixels: Pixels) -> NDArray[np.float32]:
    return (pixels @ np.array(REC601, np.float32)).astype(np.float32)


def _faults(comparisons: list[Comparison]) -> tuple[list[str], list[str]]:
    """Sentences that a training must not ignore, and those that it may."""
    errors, warnings = [], []
    apart = [pair.psnr for pair in comparisons if not math.isinf(pair.psnr)]
    psnr = math.fsum(apart) / len(apart) if apart else math.inf
    worst = min(comparisons, key=lambda pair: pair.psnr)
    low = (
        f"the PSNR of blurred against sharp pictures is {psnr:.1f} dB on average over "
        f"{len(apart)} pairs and {worst.psnr:.1f} dB for {worst.name}: "
        f"check that both files of a pair show the same scene"
    )
    if psnr < PSNR_ERROR and np.median([pair.explained for pair in comparisons]) < SAME_SCENE:
        return [low], []  # shifts of unrelated pictures mean nothing
    if psnr < PSNR_WARNING:
        warnings.append(low)
    if math.isinf(worst.psnr):
        errors.append(
            f"blurred and sharp pictures are equal, {worst.name} for one: check the folders' names"
        )
    elif len(apart) < len(comparisons):
        equal = next(pair.name for pair in comparisons if math.isinf(pair.psnr))
        warnings.append(
            f"{len(comparisons) - len(apart)} of {len(comparisons)} blurred pictures looked at are "
            f"equal to their sharp ones, {equal} for one"
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
