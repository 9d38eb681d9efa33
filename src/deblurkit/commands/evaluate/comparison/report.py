"""Tables of a comparison, and what is kept of it."""

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
    print_exceptions,
    print_pooled,
    show,
    shown,
)
from deblurkit.metrics.parts.protocol import mean

NARROW: dict[str, Any] = {"box": SIMPLE_HEAD, "pad_edge": False, "collapse_padding": True}
NAMES = {"psnr_restored": "8-bit PSNR", "psnr_gain": "gain"}


def columns(rows: Sequence[Row]) -> dict[str, str]:
    """Scores that are compared and what they are called; what only repeats one is left out."""
    named = {key: NAMES.get(key, words) for key, words in headings(rows).items()}
    return {key: words for key, words in named.items() if key in NAMES or "/" in key}


def compared_scores(rows: Sequence[Row]) -> dict[str, str]:
    """Of those the ones that pairs are tested under: the gain says no more than PSNR does."""
    return {
        key: words
        for key, words in columns(rows).items()
        if key != "psnr_gain" and not key.endswith("/unaligned")
    }


def print_means(scores: Mapping[str, Scores]) -> None:
    """Print a line for each method and one for the blurred pictures."""
    first = next(iter(scores.values())).rows
    heads = columns([row for one in scores.values() for row in one.rows])
    table = Table(title=f"means over {len(first)} pictures, PSNR in dB", title_justify="left")
    table.add_column("method", overflow="fold", min_width=9)
    for words in heads.values():
        add_numbers(table, words)
    before = shown("psnr", mean([row["psnr_blurred"] for row in first]))
    table.add_row("blurred", *(before if key == "psnr_restored" else "" for key in heads))
    table.add_section()
    for name, one in scores.items():
        means = {key: mean([row[key] for row in one.rows]) for key in heads}
        table.add_row(name, *(shown(key, means[key]) for key in heads))
    show(table)
    for name, one in scores.items():
        print_pooled({f"{name}: {key}": value for key, value in one.pooled.items()})
        print_exceptions({f"{name}: {key}": names for key, names in exceptions(one.rows).items()})


def print_pairs(found: Sequence[Pair], heads: Mapping[str, str]) -> None:
    """Print a table for each two methods with a line for each score."""
    percent = f"{100 * found[0].confidence:g} %"
    for (first, second), group in groupby(found, key=lambda pair: pair[:2]):
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
                pair.verdict,
            )
        show(table)


def interval(pair: Pair, found: Evidence | None) -> str:
    """Its ends."""
    return "" if found is None else f"{signed(pair, found.low)} to {signed(pair, found.high)}"


def signed(pair: Pair, value: float) -> str:
    """With its sign and the digits that mean something: dB to three places, shares to four."""
    return f"{value:+.3f}" if "psnr" in pair.score else f"{value:+.4f}"


def summary(scores: Mapping[str, Scores], found: Sequence[Pair]) -> dict[str, Any]:
    """Means, exceptions and pairs, for a JSON file."""
    heads = columns([row for one in scores.values() for row in one.rows])
    blurred = mean([row["psnr_blurred"] for row in next(iter(scores.values())).rows])
    methods = {
        name: {
            "mean": {key: mean([row[key] for row in one.rows]) for key in heads},
            "pooled": one.pooled,
            "exceptions": exceptions(one.rows),
        }
        for name, one in scores.items()
    }
    return {
        "psnr_blurred": blurred,
        "methods": methods,
        "pairs": [pair.described() for pair in found],
    }
