"""How many pictures gained how much, as a drawing."""

import math
from collections.abc import Sequence
from typing import NamedTuple

WIDTH, HEIGHT = 400, 190  # of the drawing, in its own units
LEFT, RIGHT, TOP, BOTTOM = 34, 8, 12, 26  # margins
MOST_BARS = 20
MOST_LABELS = 7
STEPS = (1, 2, 5)  # of an axis, times powers of ten


class Bar(NamedTuple):
    """A bar: pictures with a value from ``low`` up to ``high``."""

    low: str
    high: str
    pictures: int
    x: float
    y: float
    width: float
    height: float
    worse: bool  # than nothing


class Tick(NamedTuple):
    """A mark of an axis, and where it is."""

    label: str
    place: float


class Histogram(NamedTuple):
    """What a template draws."""

    bars: list[Bar]
    across: list[Tick]
    up: list[Tick]
    zero: float | None  # where nothing changed, if it is in sight
    left_out: int  # values that are not finite


def histogram(values: Sequence[float]) -> Histogram | None:
    """Bars over round numbers; zero is always a border between two. None without a finite value."""
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return None
    low, high = min(finite), max(finite)
    step = round_step((high - low) / MOST_BARS)
    first = math.floor(low / step)
    count = max(math.floor(high / step) - first + 1, 1)
    heights = [0] * count
    for value in finite:
        heights[min(math.floor(value / step) - first, count - 1)] += 1
    unit = round_up(max(heights))
    positions = [LEFT + (WIDTH - LEFT - RIGHT) * number / count for number in range(count + 1)]
    digits = max(-math.floor(math.log10(step)), 0)
    borders = [f"{(first + number) * step:.{digits}f}" for number in range(count + 1)]
    every = max(round(round_step((count + 1) / MOST_LABELS)), 1)
    shown = [number for number in range(count + 1) if (first + number) % every == 0]
    return Histogram(
        bars=bars(heights, positions, borders, top=2 * unit, negative=-first),
        across=[Tick(borders[number], positions[number]) for number in shown],
        up=[Tick(str(unit * number), height(number / 2)) for number in range(3)],
        zero=positions[-first] if 0 <= -first <= count else None,
        left_out=len(values) - len(finite),
    )


def bars(
    heights: Sequence[int],
    positions: Sequence[float],
    borders: Sequence[str],
    *,
    top: int,
    negative: int,
) -> list[Bar]:
    """The bars that are not empty.

    Args:
        heights: Pictures in each.
        positions: Borders of the bars in the drawing.
        borders: What they stand for.
        top: Pictures at the upper end.
        negative: How many of the bars lie below zero.
    """
    drawn = []
    for number, count in enumerate(heights):
        if count:
            x, y = positions[number], height(count / top)
            width, tall = positions[number + 1] - x - 1, HEIGHT - BOTTOM - y
            ends = borders[number], borders[number + 1]
            drawn.append(Bar(*ends, count, x + 0.5, y, width, tall, number < negative))
    return drawn


def height(share: float) -> float:
    """Where a share of the upper end is drawn."""
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def round_step(least: float) -> float:
    """The smallest round number that is not below this one, at least a hundredth."""
    if least <= 0.01:
        return 0.01
    power = 10.0 ** math.floor(math.log10(least))
    return next(step * power for step in (*STEPS, 10) if step * power >= least)


def round_up(most: int) -> int:
    """Half of a round number of pictures, at least as large as half of these."""
    return next(
        step * 10**power for power in range(20) for step in STEPS if 2 * step * 10**power >= most
    )
