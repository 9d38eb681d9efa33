"""Intervals and tests against SciPy's and against values by hand."""

import numpy as np
import pytest
import scipy.stats

from deblurkit.commands.evaluate.comparison import statistics
from deblurkit.commands.evaluate.comparison.statistics import (
    Resampling,
    bootstrap,
    sign_flip,
    summed,
)

NUMBERS = np.random.default_rng(7)
DIFFERENCES = NUMBERS.normal((0.1, -0.3, 0.0), (0.5, 0.2, 1.0), (23, 3))
ONES = np.ones(23, dtype=np.int64)
WAYS = {"resamples": 2000, "confidence": 0.9, "seed": 3}


@pytest.mark.parametrize("block", [50, 2**22])
def test_intervals_are_scipy_s(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "BLOCK", block)
    low, high = bootstrap(DIFFERENCES, ONES, **WAYS)
    for column in range(3):
        expected = scipy.stats.bootstrap(
            (DIFFERENCES[:, column],),
            np.mean,
            n_resamples=2000,
            confidence_level=0.9,
            method="percentile",
            rng=np.random.default_rng(3),
        ).confidence_interval
        assert low[column] == pytest.approx(expected.low, rel=1e-12)
        assert high[column] == pytest.approx(expected.high, rel=1e-12)


def test_an_interval_by_hand() -> None:
    """Of 0 and 1 two are drawn: means 0, 1/2, 1 with chances 1/4, 1/2, 1/4."""
    values, counts = np.array([[0.0], [1.0]]), np.array([1, 1])
    ways = {"resamples": 4000, "seed": 0}
    for confidence, expected in ((0.4, (0.5, 0.5)), (0.6, (0.0, 1.0))):
        found = bootstrap(values, counts, confidence=confidence, **ways)
        assert [one.item() for one in found] == list(expected)


def test_sequences_are_drawn_whole() -> None:
    """Four pictures with 0 and two with 3: means 0, 1 and 3, with chances 1/4, 1/2, 1/4."""
    values = np.array([[0.0], [3.0], [0.0], [0.0], [3.0], [0.0]])
    sums, counts = summed(values, ["a", "b", "a", "a", "b", "a"])
    assert (sums.tolist(), counts.tolist()) == ([[0.0], [6.0]], [4, 2])
    ways = {"resamples": 4000, "seed": 0}
    for confidence, expected in ((0.4, (1.0, 1.0)), (0.6, (0.0, 3.0))):
        found = bootstrap(sums, counts, confidence=confidence, **ways)
        assert [one.item() for one in found] == list(expected)


def test_alike_pictures_of_a_sequence_make_no_narrower_interval() -> None:
    """Each of six differences ten times over: only sequences see that nothing was added."""
    six = DIFFERENCES[:6, :1]
    often = six.repeat(10, axis=0)
    groups = np.arange(6).astype(str).repeat(10).tolist()
    ways = {"resamples": 2000, "confidence": 0.95, "seed": 0}
    alone = np.ptp(bootstrap(six, ONES[:6], **ways))
    over_sequences = np.ptp(bootstrap(*summed(often, groups), **ways))
    over_pictures = np.ptp(bootstrap(often, np.ones(60, dtype=np.int64), **ways))
    assert over_sequences == pytest.approx(alone, rel=1e-12)
    assert over_pictures < alone / 2


@pytest.mark.parametrize("units", [1, 2, 5, 10])
def test_few_units_have_all_their_signs_tried(units: int) -> None:
    found = sign_flip(DIFFERENCES[:units], flips=2000, seed=0)
    for column in range(3):
        sample = (DIFFERENCES[:units, column],)
        if units == 1:
            assert found[column] == 1
            continue
        expected = scipy.stats.permutation_test(
            sample, np.mean, permutation_type="samples", n_resamples=2000
        )
        assert found[column] == pytest.approx(expected.pvalue, abs=1e-12)


def test_signs_by_hand() -> None:
    """Only all pluses and all minuses reach 1 + 2 + 3; sums of 4 or more are reached four times."""
    assert sign_flip(np.array([[1.0], [2.0], [3.0]]), flips=8, seed=0).item() == 2 / 8
    assert sign_flip(np.array([[-1.0], [2.0], [3.0]]), flips=8, seed=0).item() == 4 / 8
    assert sign_flip(np.zeros((3, 1)), flips=8, seed=0).item() == 1


@pytest.mark.parametrize("block", [50, 2**22])
def test_many_units_have_signs_drawn(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "BLOCK", block)
    found = sign_flip(DIFFERENCES, flips=4000, seed=0)
    for column in range(3):
        expected = scipy.stats.permutation_test(
            (DIFFERENCES[:, column],),
            np.mean,
            permutation_type="samples",
            n_resamples=20000,
            rng=np.random.default_rng(1),
        ).pvalue
        assert found[column] == pytest.approx(expected, abs=0.03)
    assert sign_flip(np.ones((40, 1)), flips=100, seed=0).item() == 1 / 101


def test_methods_that_are_alike_are_rarely_told_apart() -> None:
    """Of 400 pairs of samples of one distribution about 5 % lie outside a 95 % interval."""
    alike = np.random.default_rng(0).standard_normal((40, 400))
    ways = Resampling(resamples=1000, confidence=0.95, seed=0)
    found = ways.evidence(alike, np.ones(40, dtype=np.int64))
    outside = np.mean([one.low > 0 or one.high < 0 for one in found])
    assert 0.02 < outside < 0.10
    assert 0.02 < np.mean([one.p < 0.05 for one in found]) < 0.08
    assert {one.units for one in found} == {40}
