"""Each two methods under each score: how far apart, and whether that is more than noise."""

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deblurkit.commands.evaluate.comparison.statistics import Evidence, Resampling, Table, summed
from deblurkit.data.sources.base import group_of
from deblurkit.metrics.parts.means import mean_score

Rows = Sequence[Mapping[str, Any]]


class Pair(NamedTuple):
    """Two methods under one score; all differences are the first one's value less the second's."""

    first: str
    second: str
    score: str
    difference: float | None  # mean over pictures, as of `mean_score`; None if it is no number
    pictures: Evidence | None  # pictures drawn one by one
    sequences: Evidence | None  # whole sequences drawn, where names hold them
    undefined: list[str]  # pictures whose difference is no number
    infinite: list[str]  # pictures whose difference is infinite and left out
    agreed: bool  # whether all infinite differences have the sign of the mean
    confidence: float

    @property
    def verdict(self) -> str:
        """``higher`` or ``lower`` is the first one, unless noise alone could make it so.

        Below as many units as could reach the confidence if all of their signs agree, nothing can
        be said. Infinite differences are left out of the mean, so one that contradicts it leaves
        nothing to say either.
        """
        if self.undefined:
            return f"not compared: pictures without a number: {len(self.undefined)}"
        resampled = [over for over in (self.pictures, self.sequences) if over is not None]
        if not resampled:
            return f"not compared: infinite differences only: {len(self.infinite)}"
        if all(over.low == over.high == 0 for over in resampled) and not self.infinite:
            return "equal"
        if any(over.low <= 0 <= over.high for over in resampled):
            return "inside the noise"
        if 2.0 ** (1 - resampled[-1].units) >= 1 - self.confidence:
            kind = "pictures" if self.sequences is None else "sequences"
            return f"too few {kind} to tell: {resampled[-1].units}"
        if any(over.p >= 1 - self.confidence for over in resampled):
            return "inside the noise"
        if not self.agreed:
            return f"not compared: infinite differences say otherwise: {len(self.infinite)}"
        return "higher" if self.difference and self.difference > 0 else "lower"

    def described(self) -> dict[str, Any]:
        """For a JSON file."""
        over = {"pictures": self.pictures, "sequences": self.sequences}
        return {
            **{key: getattr(self, key) for key in ("first", "second", "score", "difference")},
            **{key: None if of is None else of._asdict() for key, of in over.items()},
            "undefined": self.undefined,
            "infinite": self.infinite,
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
    compared, confidence = [], resampling.confidence
    for first, second in combinations(rows, 2):
        apart = differences(rows[first], rows[second], scores)
        evidence = evidence_of(apart, names, resampling)
        for column, score in enumerate(scores):
            values = apart[:, column]
            mean = mean_score(values.tolist())
            single, whole = evidence.get(column, (None, None))
            against = mean.below if mean.value > 0 else mean.above
            compared.append(
                Pair(
                    first=first,
                    second=second,
                    score=score,
                    difference=mean.value if math.isfinite(mean.value) else None,
                    pictures=single,
                    sequences=whole,
                    undefined=chosen(names, np.isnan(values)),
                    infinite=chosen(names, np.isinf(values)),
                    agreed=not against,
                    confidence=confidence,
                )
            )
    return compared


def chosen(names: Sequence[str], mask: NDArray[np.bool_]) -> list[str]:
    """The names where a mask is true."""
    return [name for name, true in zip(names, mask, strict=True) if true]


def evidence_of(
    apart: Table, names: Sequence[str], resampling: Resampling
) -> dict[int, tuple[Evidence, Evidence | None]]:
    """Evidence over pictures and over sequences, by the column.

    Columns with a difference that is no number have none; infinite differences are left out.
    """
    finite = np.isfinite(apart)
    numbered = ~np.isnan(apart).any(axis=0) & finite.any(axis=0)
    whole = np.flatnonzero(finite.all(axis=0))
    evidence = resampled(apart[:, whole], whole, names, resampling)
    for column in np.flatnonzero(numbered & ~finite.all(axis=0)):
        rows = finite[:, column]
        part = apart[rows][:, [column]]
        evidence |= resampled(part, np.array([column]), chosen(names, rows), resampling)
    return evidence


def resampled(
    finite: Table, columns: NDArray[np.int64], names: Sequence[str], resampling: Resampling
) -> dict[int, tuple[Evidence, Evidence | None]]:
    """Evidence of columns of finite differences, by their numbers."""
    groups = sequences(names)
    single = resampling.evidence(finite, np.ones(len(finite), dtype=np.int64))
    whole: Sequence[Evidence | None] = [None] * len(single)
    if groups:
        whole = resampling.evidence(*summed(finite, groups))
    return dict(zip(columns.tolist(), zip(single, whole, strict=True), strict=True))


def differences(first: Rows, second: Rows, scores: Sequence[str]) -> Table:
    """Of each picture and score; none where both are equal, be it that both are infinite."""
    left, right = (
        np.array([[row[score] for score in scores] for row in rows]) for rows in (first, second)
    )
    with np.errstate(invalid="ignore"):
        return np.where(left == right, 0.0, left - right)


def sequences(names: Sequence[str]) -> list[str]:
    """The sequence of each picture, nothing where names do not tell several pictures' apart."""
    groups = [group_of(name) for name in names]
    return groups if 1 < len(set(groups)) < len(groups) else []
