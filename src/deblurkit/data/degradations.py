"""Does a degradation leave a picture where it was? Measured on a pattern whose place is known.

A blurred picture that is moved against its sharp one teaches a network to move pictures, and all
scores fall with it; nothing in the losses shows why.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deblurkit.data.sources.base import Pixels
from deblurkit.errors import InputError

PERIOD = 61  # of the pattern's waves, pixels: prime, so that no blocks of a codec fall into step
SIDE = 4 * PERIOD  # of the pattern; the outermost half period is not looked at
LEVEL, AMPLITUDE = 128.0, 30.0  # grey levels; of each of two waves
GRAIN = 2.0  # grey levels, deviation; without it, coarse steps of levels would look like a shift
DRAWS = 24
SHIFT = 0.35  # pixels; half a pixel along one axis, less what is not certain
BRIGHTNESS = 0.5  # grey levels
_FAINT = 0.1  # of the amplitude; what is left of the pattern tells no place below it
_SURE = 2.0  # standard errors
_AGREED = 0.125  # one part of nine may say what it likes


class Effect(NamedTuple):
    """What a degradation does to the pattern.

    Attributes:
        shift: Of every fourth draw this much or more, in pixels, as far as that is certain: what
            hides a part of the picture in some draws is no shift.
        largest: Of any draw, in pixels.
        brightness: Mean change over all draws, in grey levels; 0 where that may be chance.
    """

    shift: float
    largest: float
    brightness: float


@lru_cache(maxsize=1)
def pattern() -> Pixels:
    """A square of two crossed waves with grain, gray; not to be changed."""
    wave = np.cos(2 * np.pi * np.arange(SIDE) / PERIOD)
    grain = np.random.default_rng(0).normal(0, GRAIN, (SIDE, SIDE))
    levels = LEVEL + AMPLITUDE * (wave[:, None] + wave[None, :]) + grain
    return np.repeat(np.rint(levels).clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)


def effect(degrade: Callable[[Pixels, int], NDArray[Any]], *, draws: int = DRAWS) -> Effect:
    """Measure a degradation on some draws.

    Args:
        degrade: Gets the pattern and the number of a draw, and answers a picture like it.
        draws: How many.

    Raises:
        InputError: If an answer is not of 8 bits or of another size.
    """
    shifts, changes = [], []
    for draw in range(draws):
        picture = degrade(pattern().copy(), draw)
        if picture.dtype != np.uint8 or picture.shape != (SIDE, SIDE, 3):
            raise InputError(
                f"it answers {picture.dtype} of shape {picture.shape} for uint8 of "
                f"{(SIDE, SIDE, 3)}: leave out what converts, crops or resizes"
            )
        gray = picture.mean(axis=2, dtype=np.float64)
        shifts.append(shift(gray))
        changes.append(float(gray[_INSIDE, _INSIDE].mean() - pattern()[_INSIDE, _INSIDE].mean()))
    error = float(np.std(changes)) / np.sqrt(draws)
    change = float(np.mean(changes))
    common = change if abs(change) > 2 * _SURE * error else 0.0
    return Effect(float(np.quantile(shifts, 0.75)), max(shifts), common)


def shift(picture: NDArray[np.float64]) -> float:
    """How far a degraded pattern lies from its place, in pixels, as far as that is certain.

    Nine parts are asked each for itself, and all but one of them must agree: noise, light that
    falls from one side and patches move none of them or only some.

    Args:
        picture: One channel of the pattern, after whatever was done to it.
    """
    own = _parts(pattern()[..., 0].astype(np.float64))
    ends = np.array([_part_shift(*part) for part in zip(_parts(picture), own, strict=True)])
    ends = ends[np.isfinite(ends).all(axis=(1, 2))]
    if len(ends) < 3:
        return 0.0  # nothing is left of the pattern that could tell
    low = np.quantile(ends[..., 0], _AGREED, axis=0)
    high = np.quantile(ends[..., 1], 1 - _AGREED, axis=0)
    certain = np.clip(low, 0, None) + np.clip(-high, 0, None)  # one of the two is 0
    return float(np.hypot(*certain))


_INSIDE = slice(PERIOD // 2, SIDE - PERIOD // 2)


def _parts(picture: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Squares of one period away from the border, which blur may continue as it likes."""
    starts = range(PERIOD // 2, SIDE - PERIOD, PERIOD)
    return [
        picture[row : row + PERIOD, column : column + PERIOD] for row in starts for column in starts
    ]


def _part_shift(
    part: NDArray[np.float64], original: NDArray[np.float64]
) -> list[tuple[float, float]]:
    """Least and largest shift downwards and to the right, in pixels; not finite without a wave."""
    return [_turned(part.mean(axis=axis), original.mean(axis=axis)) for axis in (1, 0)]


def _turned(profile: NDArray[np.float64], original: NDArray[np.float64]) -> tuple[float, float]:
    """Between which two lengths the wave of a profile lags behind, in pixels."""
    steps = np.arange(PERIOD)
    turns = 2 * np.pi * steps / PERIOD
    # A slope is fitted with the wave: light that falls from one side is no shift.
    terms = np.stack([np.ones(PERIOD), steps, np.cos(turns), np.sin(turns)], axis=1)
    profiles = np.stack([profile, original], axis=1)
    factors = np.linalg.lstsq(terms, profiles, rcond=None)[0]
    wave, before = factors[2] + 1j * factors[3]
    angle = float(np.angle(wave / before))
    if abs(wave) < _FAINT * AMPLITUDE or abs(angle) > np.pi / 2:
        return np.nan, np.nan  # turned round it is another brightness, and no way
    left_over = (profiles - terms @ factors)[:, 0]  # noise, or a change that is no shift
    error = _SURE * left_over.std() * np.sqrt(2 / PERIOD) / abs(wave)
    low, high = (float(end * PERIOD / (2 * np.pi)) for end in (angle - error, angle + error))
    return low, high
