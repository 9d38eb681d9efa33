"""Tables of a comparison, and what is kept of it."""

import math
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from deblurkit.callbacks.scores import Scores
from deblurkit.commands.evaluate.comparison.pairs import Pair
from deblurkit.commands.evaluate.comparison.statistics import Evidence
from deblurkit.commands.shared.tables import (
    Row,
    add_numbers,
    exceptions,
    headings,
    infinite,
    means_of,
    print_exceptions,
    print_pooled,
    show,
    shown_mean,
)
from deblurkit.metrics.parts.means import mean_score
from deblurkit.metrics.parts.protocol import leading

NARROW: dict[str, Any] = {"box": SIMPLE_HEAD, "pad_edge": False, "collapse_padding": True}
NAMES = {"psnr_restored": "8-bit PSNR", "psnr_gain": "gain"}


def columns(rows: Sequence[Row], leader: str | None = None) -> dict[str, str]:
    """Scores that are compared and what they are called; what only repeats one is left out.

    Args:
        rows: Of all methods.
        leader: Protocol whose columns come first, if there is one that leads.
    """
    named = headings(rows, leading=leader)
    for key in named.keys() & NAMES.keys():
        named[key] = named[key].replace(key.removeprefix("psnr_"), NAMES[key], 1)
    return {key: words for key, words in named.items() if key in NAMES or "/" in key}


def compared_scores(rows: Sequence[Row], leader: str | None = None) -> dict[str, str]:
    """Of those the ones that pairs are tested under: the gain says no more than PSNR does."""
    return {
        key: words
        for key, words in columns(rows, leader).items()
        if key != "psnr_gain" and not key.endswith("/unaligned")
    }


def print_means(scores: Mapping[str, Scores]) -> None:
    """Print a line for each method and one for the blurred pictures."""
    first = next(iter(scores.values()))
    heads = columns(rows_of_all(scores), leading(first.protocols))
    count = len(first.rows)
    table = Table(title=f"means over {count} pictures, PSNR in dB", title_justify="left")
    table.add_column("method", overflow="fold", min_width=9)
    for words in heads.values():
        add_numbers(table, words)
    before = shown_mean("psnr", mean_score(row["psnr_blurred"] for row in first.rows))
    table.add_row("blurred", *(before if key == "psnr_restored" else "" for key in heads))
    table.add_section()
    for name, of_method in scores.items():
        means = means_of(of_method.rows, heads)
        table.add_row(name, *(shown_mean(key, means[key]) for key in heads))
    show(table)
    for name, of_method in scores.items():
        print_pooled({f"{name}: {key}": value for key, value in of_method.pooled.items()})
        exceptional = exceptions(of_method.rows)
        print_exceptions({f"{name}: {key}": names for key, names in exceptional.items()})


def rows_of_all(scores: Mapping[str, Scores]) -> list[Row]:
    """The rows of all methods, one after the other."""
    return [row for of_method in scores.values() for row in of_method.rows]


def print_pairs(compared: Sequence[Pair], heads: Mapping[str, str]) -> None:
    """Print a table for each two methods with a line for each score."""
    percent = f"{100 * compared[0].confidence:g} %"
    for (first, second), group in groupby(compared, key=lambda pair: pair[:2]):
        lines = list(group)
        title = f"{first} less {second}, mean over pictures"
        table = Table(title=title, title_justify="left", min_width=len(title), **NARROW)
        table.add_column("score", overflow="fold")
        table.add_column("difference", justify="right")
        table.add_column(f"{percent}: pictures", justify="right")
        if any(pair.sequences is not None for pair in lines):
            table.add_column(f"{percent}: sequences", justify="right")
        table.add_column("p", justify="right")
        table.add_column("the first is", no_wrap=True)
        for pair in lines:
            intervals = [interval(pair, pair.pictures), interval(pair, pair.sequences)]
            decides = pair.sequences or pair.pictures
            table.add_row(
                heads[pair.score],
                "" if pair.difference is None else signed(pair, pair.difference),
                *intervals[: len(table.columns) - 4],
                "" if decides is None else f"{decides.p:.4f}",
                verdict(pair),
            )
        show(table)


def verdict(pair: Pair) -> str:
    """Its verdict, and how many infinite differences the mean leaves out."""
    counted = pair.infinite and pair.difference is not None
    return pair.verdict + (f"; without {len(pair.infinite)} infinite" if counted else "")


def interval(pair: Pair, over: Evidence | None) -> str:
    """Its ends."""
    return "" if over is None else f"{signed(pair, over.low)} to {signed(pair, over.high)}"


def signed(pair: Pair, value: float) -> str:
    """With its sign and the digits that mean something: dB to three places, shares to four."""
    return f"{value:+.3f}" if "psnr" in pair.score else f"{value:+.4f}"


def summary(scores: Mapping[str, Scores], compared: Sequence[Pair]) -> dict[str, Any]:
    """Means, exceptions and pairs, for a JSON file."""
    heads = columns(rows_of_all(scores))
    first = next(iter(scores.values())).rows
    blurred = {"psnr_blurred": mean_score(row["psnr_blurred"] for row in first)}
    return {
        "psnr_blurred": blurred["psnr_blurred"].value,
        "infinite": infinite(blurred),
        "methods": {name: of_one(of_method, heads) for name, of_method in scores.items()},
        "pairs": [pair.described() for pair in compared],
    }


def of_one(scores: Scores, heads: Mapping[str, str]) -> dict[str, Any]:
    """Means, figures and exceptions of one method; a ratio of nothing to nothing is null."""
    means = means_of(scores.rows, heads)
    return {
        "mean": {key: mean.value for key, mean in means.items()},
        "infinite": infinite(means),
        "pooled": {k: None if math.isnan(value) else value for k, value in scores.pooled.items()},
        "exceptions": exceptions(scores.rows),
    }
