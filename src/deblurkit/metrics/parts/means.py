"""What the mean of scores is where some of them are infinite: decided here, for everybody."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

Rows = Sequence[Mapping[str, Any]]  # of pictures, numbers by column


OF_ALL = frozenset({"unaligned"})  # shares of all pictures, not scores that are compared


class MeanScore(NamedTuple):
    """A mean over pictures, and how many of them it leaves out.

    A picture that is restored without an error has an infinite PSNR, and one that came without an
    error loses infinitely much. No mean can hold both, and one of them would hide all others: so
    the mean is over the finite scores, and the others are counted beside it.

    Attributes:
        value: Mean of the finite scores. Where there is none: infinite if all are infinite with
            one sign, else NaN. NaN as well if a single score is NaN, and of no scores.
        above: How many scores are infinite.
        below: How many are minus infinite.
        undefined: How many are NaN.

    >>> MeanScore(31.0, above=1).left_out
    '1 inf'
    """

    value: float
    above: int = 0
    below: int = 0
    undefined: int = 0

    @property
    def left_out(self) -> str:
        """The infinite scores that do not count, such as ``1 inf, 2 -inf``; empty without any."""
        if math.isinf(self.value):  # they are all there is
            return ""
        counts = {"inf": self.above, "-inf": self.below}
        return ", ".join(f"{count} {sign}" for sign, count in counts.items() if count)


def mean_score(scores: Iterable[float]) -> MeanScore:
    """Mean of the finite scores, whose sum is rounded once: the same in any order.

    Args:
        scores: Of pictures, one each; dB or shares.

    >>> mean_score([30.0, 32.0, float("inf")])
    MeanScore(value=31.0, above=1, below=0, undefined=0)
    >>> mean_score([float("inf"), float("inf")])
    MeanScore(value=inf, above=2, below=0, undefined=0)
    >>> mean_score([float("inf"), float("-inf")])
    MeanScore(value=nan, above=1, below=1, undefined=0)
    >>> mean_score([30.0, float("nan")])
    MeanScore(value=nan, above=0, below=0, undefined=1)
    """
    values = list(scores)
    above, below = values.count(math.inf), values.count(-math.inf)
    undefined = sum(math.isnan(value) for value in values)
    finite = [value for value in values if math.isfinite(value)]
    if undefined:
        mean = math.nan
    elif finite:
        mean = math.fsum(finite) / len(finite)
    elif above and below:
        mean = math.nan
    else:
        mean = math.inf if above else -math.inf if below else math.nan
    return MeanScore(mean, above, below, undefined)


def comparable(rows: Rows, columns: Iterable[str]) -> Rows:
    """The pictures that count in means which stand side by side: no score of theirs is infinite.

    Else the mean of each column would be over other pictures, and two of them could not be
    compared. A column in which every score is infinite is so for all pictures and decides nothing.

    >>> rows = [{"before": 20.0, "after": float("inf")}, {"before": 30.0, "after": 33.0}]
    >>> comparable(rows, ["before", "after"])
    [{'before': 30.0, 'after': 33.0}]
    """
    deciding = [
        column
        for column in columns
        if not all(math.isinf(row[column]) for row in rows if column in row)
    ]
    return [row for row in rows if not any(math.isinf(row[key]) for key in deciding if key in row)]


def comparable_means(rows: Rows, columns: Iterable[str]) -> dict[str, MeanScore]:
    """Means that stand side by side: all are over the same pictures.

    Where every picture has an infinite score, columns that hold any have no mean, and the others
    are over all pictures.

    >>> rows = [{"before": 20.0, "after": float("inf")}, {"before": 30.0, "after": 33.0}]
    >>> comparable_means(rows, ["before", "after"])["before"]
    MeanScore(value=30.0, above=0, below=0, undefined=0)
    """
    names = [*columns]
    compared = comparable(rows, names)
    means = {key: mean_score(row[key] for row in rows if key in row) for key in names}
    for key, mean in means.items() if len(compared) < len(rows) else ():
        of_all = key.rpartition("/")[2] in OF_ALL
        if math.isfinite(mean.value) and (compared or mean.left_out) and not of_all:
            value = mean_score(row[key] for row in compared if key in row).value
            means[key] = mean._replace(value=value)
    return means
