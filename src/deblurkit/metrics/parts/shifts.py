"""Scores up to a shift: blind deconvolution may move a picture, and its kernel the other way."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from deblurkit.errors import InputError
from deblurkit.metrics.parts.levels import Plane

PHASES = 4  # per pixel: shifts are quarters of one

Errors = NDArray[np.float64]


class Aligned(NamedTuple):
    """An estimate where it fits best, and the part of the reference that it is compared with."""

    restored: Plane
    sharp: Plane
    rows: float  # of the shift, pixels
    columns: float


def aligned(restored: Plane, sharp: Plane, *, border: int, reach: int) -> Aligned:
    """Move an estimate by quarters of a pixel, bilinearly, to the least sum of squared errors.

    Args:
        restored: The estimate, any unit.
        sharp: The reference, of the same size and unit.
        border: Pixels of the reference that are left out on each side; at least ``reach``.
        reach: Largest shift along either axis, in pixels.

    Raises:
        InputError: If nothing is left of the picture inside its border.

    Source: Levin et al., "Understanding and evaluating blind deconvolution algorithms", CVPR 2009,
    sec. 5; Ren et al., "SelfDeblur", CVPR 2020, the authors' evaluation.
    Differs from the authors' code: all sums of squared errors come from one cross-correlation and
    five running sums, not from as many resamplings; of equal errors the first is taken.
    """
    height, width = sharp.shape
    if min(height, width) <= 2 * border or border < reach:
        raise InputError(
            f"a search of {reach} pixels leaves out {border} on each side: {width}x{height} pixels "
            "are too few, or the border is narrower than the search"
        )
    truth = sharp[border : height - border, border : width - border]
    skirt = border - reach
    roomy = restored[skirt : height - skirt, skirt : width - skirt]
    errors = squared_errors(roomy, truth, reach=reach)
    row, column = map(int, np.unravel_index(errors.argmin(), errors.shape))
    moved = resampled(roomy, row=row, column=column, size=truth.shape)
    return Aligned(moved, truth, row / PHASES - reach, column / PHASES - reach)


def resampled(roomy: Plane, *, row: int, column: int, size: tuple[int, ...]) -> Plane:
    """Part of a picture that begins at quarters of pixels, interpolated bilinearly."""
    (top, below), (left, right) = divmod(row, PHASES), divmod(column, PHASES)
    moved = np.zeros(size)
    for down, share in ((0, 1 - below / PHASES), (1, below / PHASES)):
        for across, part in ((0, 1 - right / PHASES), (1, right / PHASES)):
            if share and part:
                begin, start = top + down, left + across
                moved += share * part * roomy[begin : begin + size[0], start : start + size[1]]
    return moved


def squared_errors(roomy: Plane, truth: Plane, *, reach: int) -> Errors:
    """Sum of squared errors of each shift, without one resampling.

    The resampled picture is a sum of four shifted ones. Its product with the reference is a sum of
    their products, and its square one of the products of neighbours: all of them are correlations
    at whole pixels.

    Returns:
        (4 * 2 * reach + 1, the same), from -reach to reach in both directions.
    """
    shifts = 2 * reach + 1
    products = correlation(roomy, truth)[:shifts, :shifts]
    framed = np.pad(roomy, 1)  # neighbours beyond the last shift get no weight
    inner = framed[1:, 1:]
    squares = {
        (0, 0): windowed(inner * inner, truth.shape),
        (0, 1): windowed(inner[:, :-1] * inner[:, 1:], truth.shape),
        (1, 0): windowed(inner[:-1] * inner[1:], truth.shape),
        (1, 1): windowed(inner[:-1, :-1] * inner[1:, 1:], truth.shape),
        (1, -1): windowed(inner[:-1, 1:] * inner[1:, :-1], truth.shape),
    }
    errors = np.empty((PHASES * 2 * reach + 1,) * 2)
    for below in range(PHASES):
        for right in range(PHASES):
            chosen = errors[below::PHASES, right::PHASES]
            chosen[:] = of_phase(products, squares, below / PHASES, right / PHASES)[
                : chosen.shape[0], : chosen.shape[1]
            ]
    return errors + float((truth * truth).sum())


def of_phase(
    products: Errors, squares: dict[tuple[int, int], Errors], below: float, right: float
) -> Errors:
    """Squares less twice the products, at all whole shifts plus one fraction."""
    count = len(products)
    weights = {
        (down, across): (below if down else 1 - below) * (right if across else 1 - right)
        for down in (0, 1)
        for across in (0, 1)
    }
    padded = np.pad(products, ((0, 1), (0, 1)))
    total = np.zeros((count, count))
    for (down, across), weight in weights.items():
        total -= 2 * weight * padded[down : down + count, across : across + count]
        for (other_down, other_across), other in weights.items():
            step = (other_down - down, other_across - across)
            sign = -1 if step < (0, 0) else 1
            key = (sign * step[0], sign * step[1])
            top = min(down, other_down)
            left = min(across, other_across)
            sums = squares[key][top : top + count, left : left + count]
            total[: sums.shape[0], : sums.shape[1]] += weight * other * sums
    return total


def windowed(values: Plane, size: tuple[int, ...]) -> Errors:
    """Sums over every window of a size."""
    sums = np.pad(values.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    rows, columns = size
    return (
        sums[rows:, columns:]
        - sums[:-rows, columns:]
        - sums[rows:, :-columns]
        + sums[:-rows, :-columns]
    )


def correlation(roomy: Plane, truth: Plane) -> Errors:
    """Sum of products of the reference with every window of a picture, by Fourier transform."""
    spectrum = np.fft.rfft2(roomy) * np.fft.rfft2(truth, roomy.shape).conj()
    products: Errors = np.fft.irfft2(spectrum, roomy.shape)
    return products
