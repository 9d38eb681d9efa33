"""Each two methods under each score: how far apart, and whether that is more than noise."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from deblurkit.commands.evaluate.comparison.statistics import Evidence, Resampling, Table, summed
from deblurkit.data.sources.base import group_of

Rows = Sequence[Mapping[str, Any]]


class Pair(NamedTuple):
    """Two methods under one score; all differences are the first one's value less the second's."""

    first: str
    second: str
    score: str
    difference: float | None  # mean over pictures; None where one is no number
    pictures: Evidence | None  # pictures drawn one by one
    sequences: Evidence | None  # whole sequences drawn, where names hold them
    undefined: list[str]  # pictures whose difference is no number
    confidence: float

    @property
    def verdict(self) -> str:
        """``higher`` or ``lower`` is the first one, unless noise alone could make it so.

        Below as many units as could reach the confidence if all of their signs agree, nothing can
        be said.
        """
        found = [one for one in (self.pictures, self.sequences) if one is not None]
        if not found:
            return f"not compared: pictures without a number: {len(self.undefined)}"
        if all(one.low == one.high == 0 for one in found):
            return "equal"
        if any(one.low <= 0 <= one.high for one in found):
            return "inside the noise"
        if 2.0 ** (1 - found[-1].units) >= 1 - self.confidence:
            kind = "pictures" if self.sequences is None else "sequences"
            return f"too few {kind} to tell: {found[-1].units}"
        if any(one.p >= 1 - self.confidence for one in found):
            return "inside the noise"
        return "higher" if self.difference and self.difference > 0 else "lower"

    def described(self) -> dict[str, Any]:
        """For a JSON file."""
        over = {"pictures": self.pictures, "sequences": self.sequences}
        return {
            **{key: getattr(self, key) for key in ("first", "second", "score", "difference")},
            **{key: None if one is None else one._asdict() for key, one in over.items()},
            "undefined": self.undefined,
            "verdict": self.verdict,
        }


def pairs(rows: Mapping[str, Rows], scores: Sequence[str], *, resampling: Resampling) -> list[Pair]:
    """Compare each two methods under each score.

    Args:
        rows: Of each method, of the same pictures in the same order.
        scores: Columns that are compared.
        resampling: Of the pictures; all pairs see the same ones drawn.
    """
    names = [str(row["name"]) for row in next(iter(rows.values()))]
    made, confidence = [], resampling.confidence
    for first, second in combinations(rows, 2):
        apart = differences(rows[first], rows[second], scores)
        tested = found(apart, names, resampling)
        for column, score in enumerate(scores):
            values = apart[:, column]
            wrong = [name for name, one in zip(names, values, strict=True) if not np.isfinite(one)]
            mean = None if wrong else float(values.mean())
            single, whole = tested.get(column, (None, None))
            made.append(Pair(first, second, score, mean, single, whole, wrong, confidence))
    return made


def found(
    apart: Table, names: Sequence[str], resampling: Resampling
) -> dict[int, tuple[Evidence, Evidence | None]]:
    """Evidence over pictures and over sequences, by the column of those that are numbers."""
    columns = np.flatnonzero(np.isfinite(apart).all(axis=0))
    usable, groups = apart[:, columns], sequences(names)
    single = resampling.evidence(usable, np.ones(len(usable), dtype=np.int64))
    whole: Sequence[Evidence | None] = [None] * len(single)
    if groups:
        whole = resampling.evidence(*summed(usable, groups))
    return dict(zip(columns.tolist(), zip(single, whole, strict=True), strict=True))


def differences(first: Rows, second: Rows, scores: Sequence[str]) -> Table:
    """Of each picture and score; none where both are equal, be it that both are infinite."""
    one, other = (
        np.array([[row[score] for score in scores] for row in rows]) for rows in (first, second)
    )
    with np.errstate(invalid="ignore"):
        return np.where(one == other, 0.0, one - other)


def sequences(names: Sequence[str]) -> list[str]:
    """The sequence of each picture, nothing where names do not tell several pictures' apart."""
    groups = [group_of(name) for name in names]
    return groups if 1 < len(set(groups)) < len(groups) else []
