"""Whether two methods differ by more than the choice of pictures explains."""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

BLOCK = 2**22  # numbers drawn at once

Table = NDArray[np.float64]  # (units, scores): of each picture, or summed over each sequence
Counts = NDArray[np.int64]  # (units,): pictures of each


class Evidence(NamedTuple):
    """What resampling says about the mean of differences."""

    units: int  # that were drawn: pictures or sequences
    low: float  # ends of the interval
    high: float
    p: float  # chance of so large a mean, either way, if signs meant nothing


class Resampling(NamedTuple):
    """How evidence is drawn."""

    resamples: int  # draws of the bootstrap, and of signs
    confidence: float  # of the intervals, such as 0.95
    seed: int  # of both; each call begins with it

    def evidence(self, sums: Table, counts: Counts) -> list[Evidence]:
        """Of the mean over pictures of each column of differences.

        Args:
            sums: Differences, summed over each unit.
            counts: How many pictures that are.
        """
        low, high = bootstrap(sums, counts, **self._asdict())
        chances = sign_flip(sums, flips=self.resamples, seed=self.seed)
        return [
            Evidence(len(sums), *map(float, column))
            for column in zip(low, high, chances, strict=True)
        ]


def bootstrap(
    sums: Table, counts: Counts, *, resamples: int, confidence: float, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Percentile intervals of the mean over pictures if units are drawn anew, with replacement.

    Units of one picture each give the ordinary bootstrap, sequences the one of clusters: pictures
    of a sequence resemble each other, and an interval that counts each of them is too narrow.

    Returns:
        Lower and upper ends, one for each column.

    Source: Efron and Tibshirani, "An introduction to the bootstrap", 1993, ch. 13; of clusters:
    Davison and Hinkley, "Bootstrap methods and their application", 1997, sec. 3.8.
    """
    numbers, units = np.random.default_rng(seed), len(sums)
    means = []
    for size in blocks(resamples, units):
        drawn = numbers.integers(0, units, (size, units)) + units * np.arange(size)[:, None]
        often = np.bincount(drawn.ravel(), minlength=size * units).reshape(size, units)
        means.append((often @ sums) / (often @ counts)[:, None])
    outside = 50 * (1 - confidence)
    low, high = np.percentile(np.concatenate(means), [outside, 100 - outside], axis=0)
    return low, high


def sign_flip(sums: Table, *, flips: int, seed: int) -> NDArray[np.float64]:
    """Share of the choices of signs whose mean is at least as far from zero, for each column.

    If two methods were alike, the difference of each unit could as well be the opposite one. All
    choices are tried where there are no more than ``flips``, else as many are drawn, and the one
    that was seen counts as one more.

    Source: Fisher, "The design of experiments", 1935, sec. 21; Phipson and Smyth, "Permutation
    p-values should never be zero", 2010.
    """
    units = len(sums)
    seen = np.abs(sums.sum(axis=0)) * (1 - 1e-12)  # of equal sums some are less by rounding
    further = np.zeros(sums.shape[1])
    if 2**units <= flips:
        signs = np.array(list(product((-1, 1), repeat=units)))
        return (np.abs(signs @ sums) >= seen).mean(axis=0)
    numbers = np.random.default_rng(seed)
    for size in blocks(flips, units):
        signs = 2 * numbers.integers(0, 2, (size, units)) - 1
        further += (np.abs(signs @ sums) >= seen).sum(axis=0)
    return (further + 1) / (flips + 1)


def blocks(total: int, units: int) -> Iterator[int]:
    """Parts of a number of draws that fit into memory."""
    size = max(BLOCK // units, 1)
    for start in range(0, total, size):
        yield min(size, total - start)


def summed(values: Table, groups: Sequence[str]) -> tuple[Table, Counts]:
    """Sums over the pictures of each group, and how many those are."""
    names, groups_of = np.unique(np.array(groups), return_inverse=True)
    sums = np.zeros((len(names), values.shape[1]))
    np.add.at(sums, groups_of, values)
    return sums, np.bincount(groups_of)
