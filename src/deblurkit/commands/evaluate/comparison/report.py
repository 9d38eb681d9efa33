"""Tables of a comparison, and what is kept of it."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from rich.box import SIMPLE_HEAD
from rich.table import Table

from deblurkit.callbacks.scores import Scores
from deblurkit.commands.evaluate.comparison.pairs import Pair
from deblurkit.commands.evaluate.comparison.statistics import Evidence
from deblurkit.commands.shared.tables import (
    Row,
    add_numbers,
    exception_lines,
    exceptions,
    headings,
    infinite,
    of_comparable,
    print_pooled,
    show,
    shown_mean,
)
from deblurkit.metrics.parts.means import MeanScore, comparable, comparable_means
from deblurkit.metrics.parts.protocol import leading

NARROW: dict[str, Any] = {"box": SIMPLE_HEAD, "pad_edge": False, "collapse_padding": True}
BLURRED = "blurred"  # PSNR of the pictures as they came
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
    means = means_table(scores)
    table = Table(title=means.title, title_justify="left")
    table.add_column("method", overflow="fold", min_width=9)
    for words in means.headings:
        add_numbers(table, words)
    for name, cells in means.rows.items():
        table.add_row(name, *cells, end_section=name == BLURRED)
    show(table)
    for line in means.notes:
        print(line)
    for name, of_method in scores.items():
        print_pooled({f"{name}: {key}": value for key, value in of_method.pooled.items()})
    for line in all_exceptions(scores):
        print(line)


class MeansTable(NamedTuple):
    """Means of several methods, as people read them.

    Attributes:
        title: Of the table.
        headings: Of its columns.
        rows: Cells by the method; those of the blurred pictures come first.
        notes: Sentences below it.
    """

    title: str
    headings: list[str]
    rows: dict[str, list[str]]
    notes: list[str]


def means_table(scores: Mapping[str, Scores]) -> MeansTable:
    """The means of all methods and of the blurred pictures, all over the same pictures."""
    first = next(iter(scores.values()))
    heads = columns(rows_of_all(scores), leading(first.protocols))
    joint = side_by_side(scores, heads)
    means = comparable_means(joint, joint[0])
    before = shown_mean("psnr", means[BLURRED])
    rows = {BLURRED: [before if key == "psnr_restored" else "" for key in heads]}
    for name in scores:
        rows[name] = [shown_mean(key, means[of(name, key)]) for key in heads]
    title = f"means over {len(first.rows)} pictures, PSNR in dB"
    return MeansTable(title, list(heads.values()), rows, of_comparable(joint, joint[0]))


def all_exceptions(scores: Mapping[str, Scores]) -> list[str]:
    """A sentence for each kind of exception of each method."""
    lines = []
    for name, of_method in scores.items():
        exceptional = exceptions(of_method.rows)
        lines += exception_lines({f"{name}: {key}": names for key, names in exceptional.items()})
    return lines


def side_by_side(scores: Mapping[str, Scores], heads: Iterable[str]) -> list[Row]:
    """A row for each picture with the scores of every method, and of the picture as it came."""
    rows = zip(*(of_method.rows for of_method in scores.values()), strict=True)
    return [
        {BLURRED: methods[0]["psnr_blurred"]}
        | {
            of(name, key): row[key]
            for name, row in zip(scores, methods, strict=True)
            for key in heads
            if key in row
        }
        for methods in rows
    ]


def of(method: str, column: str) -> str:
    """A column of one method among those of all."""
    return f"{method}: {column}"


def rows_of_all(scores: Mapping[str, Scores]) -> list[Row]:
    """The rows of all methods, one after the other."""
    return [row for of_method in scores.values() for row in of_method.rows]


def print_pairs(compared: Sequence[Pair], heads: Mapping[str, str]) -> None:
    """Print a table for each two methods with a line for each score."""
    for title, lines in pair_tables(compared):
        table = Table(title=title, title_justify="left", min_width=len(title), **NARROW)
        table.add_column("score", overflow="fold")
        for heading in pair_headings(lines):
            table.add_column(heading, justify="right")
        table.add_column("the first is")
        for pair in lines:
            table.add_row(heads[pair.score], *pair_cells(pair, lines), verdict(pair))
        show(table)


def pair_tables(compared: Sequence[Pair]) -> Iterator[tuple[str, list[Pair]]]:
    """What each two methods are under each score, with the title of their table."""
    for (first, second), group in groupby(compared, key=lambda pair: pair[:2]):
        yield f"{first} less {second}, mean over pictures", list(group)


def pair_headings(lines: Sequence[Pair]) -> list[str]:
    """Headings of the numbers of two methods."""
    percent = f"{100 * lines[0].confidence:g} %"
    whole = [f"{percent}: sequences"] * any(pair.sequences is not None for pair in lines)
    return ["difference", f"{percent}: pictures", *whole, "p"]


def pair_cells(pair: Pair, lines: Sequence[Pair]) -> list[str]:
    """The numbers of a line, below those headings."""
    intervals = [interval(pair, pair.pictures), interval(pair, pair.sequences)]
    decides = pair.sequences or pair.pictures
    return [
        "" if pair.difference is None else signed(pair, pair.difference),
        *intervals[: len(pair_headings(lines)) - 2],
        "" if decides is None else f"{decides.p:.4f}",
    ]


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
    """Means, exceptions and pairs, for a JSON file; the means are all over the same pictures."""
    heads = columns(rows_of_all(scores))
    joint = side_by_side(scores, heads)
    means = comparable_means(joint, joint[0])
    return {
        "psnr_blurred": means[BLURRED].value,
        "pictures_in_mean": len(comparable(joint, joint[0])),
        "infinite": infinite({"psnr_blurred": means[BLURRED]}),
        "methods": {
            name: of_one(of_method, {key: means[of(name, key)] for key in heads})
            for name, of_method in scores.items()
        },
        "pairs": [pair.described() for pair in compared],
    }


def of_one(scores: Scores, means: Mapping[str, MeanScore]) -> dict[str, Any]:
    """Means, figures and exceptions of one method; a ratio of nothing to nothing is null."""
    return {
        "mean": {key: mean.value for key, mean in means.items()},
        "infinite": infinite(means),
        "pooled": {k: None if math.isnan(value) else value for k, value in scores.pooled.items()},
        "exceptions": exceptions(scores.rows),
    }
