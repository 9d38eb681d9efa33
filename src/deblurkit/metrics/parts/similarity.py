"""Structural similarity in the variants that tables of deblurring print, of grey levels 0 to 255.

One pass of a Gaussian window, 11 pixels wide with sigma 1.5, gives several of them.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from deblurkit.errors import InputError
from deblurkit.metrics.parts.levels import PEAK, Levels, Plane

RADIUS = 5  # of the window, pixels
C1, C2 = (0.01 * PEAK) ** 2, (0.03 * PEAK) ** 2
MIDDLE = 256  # of the sum of two levels, taken off before squaring: variances lose fewer digits
ROWS = 64  # of a colour picture in one go, so that its maps stay in the processor's cache

# Low-pass filter of the biorthogonal 9/7 wavelet, and shares of the five scales.
LOW = (0.8526986790, 0.3774028556, -0.1106244044, -0.0238494650, 0.0378284555)
SHARES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)

Map = NDArray[np.floating[Any]]


class Moments(NamedTuple):
    """Local means under a window: of the sum of two pictures, of their difference, and of squares.

    SSIM needs no more: 2xy is half of (x + y)^2 - (x - y)^2, and x^2 + y^2 half of their sum.
    """

    sums: Map  # less the middle one
    differences: Map
    sums_squared: Map  # likewise
    differences_squared: Map


class Variant(NamedTuple):
    """SSIM of a colour picture: its map, and how many pixels along the border do not count."""

    map: Callable[[Moments], Map]
    border: int


def gaussian_taps() -> NDArray[np.float64]:
    """The window along one axis; sums to 1."""
    taps = np.exp(-0.5 * (np.arange(-RADIUS, RADIUS + 1) / 1.5) ** 2)
    taps /= taps.sum()
    return taps


def moments(restored: Map, sharp: Map) -> Moments:
    """Local means under the window, borders repeated, per channel; of the precision given.

    Raises:
        InputError: If the pictures are smaller than the window.
    """
    side = min(restored.shape[:2])
    if side <= 2 * RADIUS:
        raise InputError(
            f"SSIM needs pictures whose sides have at least {2 * RADIUS + 1} pixels, not {side}, "
            "after what a protocol crops or shrinks: leave this one out"
        )
    sums, differences = restored + sharp, restored - sharp
    sums -= MIDDLE
    maps = (sums, differences, sums * sums, differences * differences)
    taps = gaussian_taps()
    return Moments(*(blurred(values, taps) for values in maps))


def blurred(levels: Map, taps: NDArray[np.float64]) -> Map:
    """Filtered along both axes, borders repeated."""
    filtered: Map = cv2.sepFilter2D(levels, -1, taps, taps, borderType=cv2.BORDER_REPLICATE)  # type: ignore[assignment]
    return filtered


def cropped(local: Moments) -> Moments:
    """Only where the window lies within the picture."""
    inside = slice(RADIUS, -RADIUS)
    return Moments(*(m[inside, inside] for m in local))


def across_colours(local: Moments) -> Moments:
    """The same window along the channels too, the outer channels repeated beyond them."""
    taps = gaussian_taps()
    mix = np.zeros((3, 3))
    for channel in range(3):
        for offset, tap in zip(range(-RADIUS, RADIUS + 1), taps, strict=True):
            mix[channel, min(max(channel + offset, 0), 2)] += tap
    return Moments(*(cv2.transform(m, mix) for m in local))  # type: ignore[arg-type]


def contrast_structure(local: Moments) -> tuple[Map, Map]:
    """The luminance factor of each pixel, and the product of contrast and structure."""
    sums, differences = local.sums + MIDDLE, local.differences * local.differences
    sums *= sums  # in place: fresh memory costs more than arithmetic
    spread = local.sums_squared - local.sums * local.sums
    luminance = balance(sums, differences, 2 * C1)
    return luminance, balance(spread, local.differences_squared - differences, 2 * C2)


def balance(more: Map, less: Map, constant: float) -> Map:
    """Difference by sum, the constant added to both; overwrites the first."""
    more += constant
    ratio = more - less
    more += less
    ratio /= more
    return ratio


def ssim_map(local: Moments) -> Map:
    """SSIM of each pixel."""
    luminance, contrast = contrast_structure(local)
    luminance *= contrast
    return luminance


def volume_map(local: Moments) -> Map:
    """SSIM of each pixel under a window that reaches over colours too."""
    return ssim_map(across_colours(local))


GAUSS_RGB = Variant(ssim_map, border=RADIUS)
"""Mean over channels and the pixels at least five off the border.

Source: Wang et al., "Image quality assessment", IEEE TIP 2004; as scikit-image with
``gaussian_weights`` and without ``use_sample_covariance``.
"""

MATLAB_RGB = Variant(volume_map, border=0)
"""Mean over the full map of a window of 11 x 11 x 11: over height, width and colour.

MATLAB's ``ssim`` takes a colour picture for a volume, and most tables on GoPro print that.
"""


def ssims_rgb(restored: Levels, sharp: Levels, *variants: Variant) -> list[float]:
    """SSIM of a colour picture in several variants, from one pass of the window.

    Single precision is within 1e-6 of double.

    Raises:
        InputError: If the pictures are smaller than the window.
    """
    height, width = sharp.shape[:2]
    rows: list[list[Map]] = [[] for _ in variants]
    for local in strips(restored, sharp):
        for (ssim, border), means in zip(variants, rows, strict=True):
            means.append(ssim(local)[:, border : width - border].mean(axis=(1, 2)))
    return [
        float(np.concatenate(means)[border : height - border].mean(dtype=np.float64))
        for (_, border), means in zip(variants, rows, strict=True)
    ]


def strips(restored: Levels, sharp: Levels) -> Iterator[Moments]:
    """Local means under the window, a few rows at a time."""
    count = -(-len(sharp) // ROWS)
    for top, bottom in pairwise(len(sharp) * number // count for number in range(count + 1)):
        start = max(top - RADIUS, 0)
        seen = slice(start, bottom + RADIUS)
        local = moments(restored[seen], sharp[seen])
        yield Moments(*(m[top - start : bottom - start] for m in local))


def ssim_gray(restored: Plane, sharp: Plane) -> float:
    """Mean over the full map, borders repeated, as MATLAB's ``ssim`` of gray pictures."""
    return float(ssim_map(moments(restored, sharp)).mean())


def ssim_wang(restored: Plane, sharp: Plane) -> float:
    """Mean over the inner pixels, after the pictures were shrunk to about 256 pixels.

    Both are averaged over f x f pixels and every f-th is kept; f is the shorter side by 256,
    rounded, at least 1.

    Source: Wang et al., IEEE TIP 2004; the authors' script of 2009.
    """
    factor = max(1, int(min(sharp.shape) / 256 + 0.5))
    small = (shrunk(levels, factor=factor) for levels in (restored, sharp))
    return float(ssim_map(cropped(moments(*small))).mean())


def shrunk(levels: Plane, *, factor: int) -> Plane:
    """Means over squares of pixels, borders mirrored; every ``factor``-th is kept."""
    if factor == 1:
        return levels
    corner = (factor - 1) // 2  # MATLAB's middle of an even box is the earlier of the two
    means = cv2.blur(
        levels, (factor, factor), anchor=(corner, corner), borderType=cv2.BORDER_REFLECT
    )
    return np.ascontiguousarray(means[::factor, ::factor])


def ms_ssim_metrix(restored: Plane, sharp: Plane) -> float:
    """Multi-scale SSIM: luminance of the last scale, contrast and structure of all five.

    The means of the contrast map and of the structure map are taken one by one, then multiplied.
    Structures that are opposite on average score 0.

    Raises:
        InputError: If the pictures are smaller than the window after four halvings.

    Source: Wang et al., "Multi-scale structural similarity", Asilomar 2003; the package MeTriX MuX,
    which Koehler et al., ECCV 2012, evaluate with.
    """
    least = 2 ** (len(SHARES) - 1) * 2 * RADIUS + 1  # halving rounds up
    if min(sharp.shape) < least:
        raise InputError(
            f"multi-scale SSIM needs pictures whose sides have at least {least} pixels, not "
            f"{min(sharp.shape)}: leave this one out"
        )
    taps = np.array([*reversed(LOW), *LOW[1:]])
    taps /= taps.sum()
    score = 1.0
    for scale, share in enumerate(SHARES):
        if scale:
            restored, sharp = (halved(levels, taps) for levels in (restored, sharp))
        luminance, contrast, structure = (float(m.mean()) for m in factors(restored, sharp))
        score *= (max(contrast, 0.0) * max(structure, 0.0)) ** share
    return score * luminance ** SHARES[-1]


def halved(levels: Plane, taps: NDArray[np.float64]) -> Plane:
    """Filtered, borders mirrored; every second row and column is kept."""
    filtered = cv2.sepFilter2D(levels, -1, taps, taps, borderType=cv2.BORDER_REFLECT)
    return np.ascontiguousarray(filtered[::2, ::2], dtype=np.float64)


def factors(restored: Plane, sharp: Plane) -> tuple[Map, Map, Map]:
    """Luminance, contrast and structure of each inner pixel."""
    local = cropped(moments(restored, sharp))
    inside = slice(RADIUS, -RADIUS)
    products = (restored + sharp - MIDDLE) * (restored - sharp)
    product = blurred(products, gaussian_taps())[inside, inside]
    lead = (product - local.sums * local.differences) / 2  # of one variance over their mean
    brighter = local.sums_squared - local.sums**2
    smaller = local.differences_squared - local.differences**2
    variance = ((brighter + smaller) / 4 + lead).clip(min=0)
    truth = ((brighter + smaller) / 4 - lead).clip(min=0)
    covariance = (brighter - smaller) / 4
    deviations = np.sqrt(variance * truth)
    luminance, _ = contrast_structure(local)
    contrast = (2 * deviations + C2) / (variance + truth + C2)
    return luminance, contrast, (covariance + C2 / 2) / (deviations + C2 / 2)
