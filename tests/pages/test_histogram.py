"""Bars over round numbers."""

import math

import numpy as np
import pytest

from deblurkit.pages.histogram import (
    BOTTOM,
    HEIGHT,
    LEFT,
    MOST_BARS,
    RIGHT,
    TOP,
    WIDTH,
    Histogram,
    histogram,
    round_step,
)


def drawn(values: list[float]) -> Histogram:
    found = histogram(values)
    assert found is not None
    return found


def test_every_value_is_in_its_bar() -> None:
    values = np.random.default_rng(0).normal(0.4, 1.0, 500).tolist()
    found = drawn(values)
    assert sum(bar.pictures for bar in found.bars) == 500
    for bar in found.bars:
        low, high = float(bar.low), float(bar.high)
        assert bar.pictures == sum(low <= value < high for value in values)
        assert bar.worse == (high <= 0)
    assert len(found.bars) <= MOST_BARS + 2


@pytest.mark.parametrize(
    "values", [[1.3], [0.0, 0.0], [-3.0, 250.0], [0.001, 0.0012], [-7.5, -7.2]]
)
def test_the_drawing_stays_within_its_borders(values: list[float]) -> None:
    found = drawn(values)
    assert sum(bar.pictures for bar in found.bars) == len(values)
    for bar in found.bars:
        assert LEFT <= bar.x < bar.x + bar.width <= WIDTH - RIGHT
        assert bar.y >= TOP - 1e-9
        assert bar.y + bar.height == pytest.approx(HEIGHT - BOTTOM)
        assert bar.width > 0
        assert bar.height > 0
    assert all(LEFT <= tick.place <= WIDTH - RIGHT for tick in found.across)
    assert found.across
    assert len(found.across) <= 8
    in_sight = min(values) <= 0 <= max(values)
    assert not in_sight or found.zero is not None


def test_heights_are_in_proportion() -> None:
    found = drawn([0.5] * 6 + [1.5] * 3 + [19.9])
    tall = {bar.pictures: bar.height for bar in found.bars}
    assert tall[6] == pytest.approx(2 * tall[3])
    assert tall[6] == pytest.approx(6 * tall[1])
    assert [tick.label for tick in found.up] == ["0", "5", "10"]


def test_what_is_not_finite_is_counted_apart() -> None:
    found = drawn([1.0, math.nan, math.inf])
    assert (sum(bar.pictures for bar in found.bars), found.left_out) == (1, 2)
    assert histogram([math.nan, -math.inf]) is None


def test_steps_are_round() -> None:
    assert [round_step(value) for value in (0.011, 0.05, 0.3, 1.0, 4.1, 70.0)] == pytest.approx(
        [0.02, 0.05, 0.5, 1.0, 5.0, 100.0]
    )
