"""Tables for people."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from deblurkit.commands.shared.names import listed
from deblurkit.metrics.parts.means import MeanScore, comparable, comparable_means

Row = dict[str, Any]

WIDEST = 1000  # of a printed table, characters
LINES = 40  # pictures that are printed one by one; the mean is always over all of them
GAINS = frozenset({"psnr_gain", "gain"})  # columns of differences in dB
NAMES = {"psnr": "PSNR", "ssim": "SSIM", "f1": "F1", "matlab": "MATLAB", "rgb": "RGB"}


def print_scores(
    rows: Sequence[Row],
    title: str = "held-out pictures, PSNR in dB",
    *,
    leading: str | None = None,
) -> None:
    """Print a line per picture and the mean: blurred, references, restored, gain, other scores.

    Args:
        rows: Of the pictures.
        title: Of the table.
        leading: Protocol whose columns come first, if there is one that leads.
    """
    columns = headings(rows, leading=leading)
    if not columns:
        return
    table = Table(title=title, title_justify="left")
    table.add_column("picture", overflow="fold", min_width=9)
    for heading in columns.values():
        add_numbers(table, heading)
    for row in rows[:LINES]:
        table.add_row(str(row["name"]), *(shown(column, row.get(column)) for column in columns))
    if len(rows) > LINES:
        table.add_row(f"... and {len(rows) - LINES} more in the table of rows")
    means = comparable_means(rows, columns)
    table.add_section()
    cells = (mean_value(column, means[column]) for column in columns)
    table.add_row("mean", *cells, style="bold")
    if any(mean.left_out for mean in means.values()):
        table.add_row("infinite", *(means[column].left_out for column in columns))
    show(table)
    for line in of_comparable(rows, columns):
        print(line)


def of_comparable(rows: Sequence[Row], columns: Iterable[str]) -> list[str]:
    """A sentence where means are not over all pictures, since some have infinite scores."""
    count = len(comparable(rows, columns))
    if count == len(rows):
        return []
    return [
        f"means are over the {count} of {len(rows)} pictures without an infinite score, so that "
        "they can be compared"
        if count
        else "every picture has an infinite score: columns that hold any have no mean"
    ]


def infinite(means: Mapping[str, MeanScore]) -> dict[str, dict[str, int]]:
    """How many scores of each column are infinite, for a JSON file; only where any are."""
    return {
        key: {"Infinity": mean.above, "-Infinity": mean.below}
        for key, mean in means.items()
        if mean.above or mean.below
    }


def print_pooled(figures: Mapping[str, float | int]) -> None:
    """Print a table for each protocol that counts: a line for each version of the pictures.

    Args:
        figures: By ``<protocol>/<version>/<figure>``; every version has the same ones.
    """
    lines: dict[str, dict[str, dict[str, float | int]]] = {}
    for key, value in figures.items():
        protocol, version, figure = key.rsplit("/", 2)
        lines.setdefault(protocol, {}).setdefault(version, {})[figure] = value
    for protocol, versions in lines.items():
        title = f"{protocol}, all pictures together"
        table = Table(title=title, title_justify="left", min_width=len(title))
        table.add_column("pictures")
        for figure in next(iter(versions.values())):
            add_numbers(table, words(figure))
        for version, values in versions.items():
            table.add_row(version, *(ratio(value) for value in values.values()))
        show(table)


def add_numbers(table: Table, heading: str) -> None:
    """Add a column of numbers; its heading is broken between words only."""
    longest = max(len(word) for word in heading.split())
    table.add_column(heading, justify="right", min_width=longest)


def show(table: Table) -> None:
    """Print a table, wider than the terminal if it must be: no number is ever cut.

    In a file or a pipe it is as wide as it is long: nobody can make that window wider.
    """
    console = Console()
    measured = console.measure(table, options=console.options.update(max_width=WIDEST))
    needed = measured.minimum if console.is_terminal else measured.maximum
    padding = 2 * len(table.columns)  # which a column's least width leaves out
    Console(width=max(console.width, needed + padding)).print(table)


def ratio(value: float | int) -> str:
    """A number of objects as it is, a ratio to four places, a dash where nothing was divided."""
    if isinstance(value, int):
        return str(value)
    return "-" if math.isnan(value) else f"{value:.4f}"


def headings(rows: Sequence[Row], *, leading: str | None = None) -> dict[str, str]:
    """What each column is called, in the order in which people compare.

    Of the protocols' scores those that only repeat a column are left out, and so are counts,
    whose mean says nothing; the name of a protocol is only said where there are several.

    Args:
        rows: Of the pictures.
        leading: Protocol that aligns the pictures of this data, if there is one: its columns come
            first, and the columns of 8-bit pictures are said to be of pictures as they lie.
    """
    keys = [key for key in dict.fromkeys(key for row in rows for key in row) if key != "name"]
    keys = [key for key in keys if not counted(key, rows)]
    compared = [key for key in keys if key.startswith("psnr_") and key != "psnr_gain"]
    first = [*compared, *(key for key in keys if key == "psnr_gain")]
    scores = [key for key in keys if "/" in key and not repeats(key, compared, rows)]
    protocols = {key.split("/")[0] for key in keys if "/" in key}
    named = {key: key.removeprefix("psnr_") for key in first}
    for key in scores:
        protocol, score = key.split("/", 1)
        named[key] = " ".join([protocol] * (len(protocols) > 1) + [words(score)])
    named |= {key: key for key in keys if key not in (*first, *scores) and "/" not in key}
    aligned = {key: name for key, name in named.items() if key.split("/")[0] == leading}
    if aligned:
        named |= {key: f"{name} unaligned" for key, name in named.items() if key in first}
    return aligned | named


def words(score: str) -> str:
    """A score's name as people write it; spaces let a narrow column break it."""
    return " ".join(NAMES.get(part, part) for part in score.split("_"))


def counted(key: str, rows: Sequence[Row]) -> bool:
    """Whether a column of a protocol holds counts."""
    return "/" in key and any(isinstance(row.get(key), int) for row in rows)


def repeats(key: str, others: Sequence[str], rows: Sequence[Row]) -> bool:
    """Whether a column is another one over again."""
    return any(all(row.get(key) == row.get(other) for row in rows) for other in others)


def exceptions(rows: Sequence[Row]) -> dict[str, list[str]]:
    """Names of the pictures that were not scored as the others: by ``<protocol>/<what>``.

    ``unaligned`` are those of a protocol that aligns pictures and could not, ``not finite`` those
    with a score that is no number, as of a restored picture that is not finite.
    """
    exceptional: dict[str, list[str]] = {}
    for row in rows:
        of_row = {}  # in their order, each once
        for key, value in row.items():
            protocol, _, score = key.rpartition("/")
            if isinstance(value, float) and math.isnan(value):
                of_row[f"{protocol or score}/not finite"] = row["name"]
            elif score == "unaligned" and value:
                of_row[key] = row["name"]
        for key, name in of_row.items():
            exceptional.setdefault(key, []).append(name)
    return exceptional


def print_exceptions(exceptional: Mapping[str, Sequence[str]]) -> None:
    """Print a line for each kind of exception."""
    for line in exception_lines(exceptional):
        print(line)


def exception_lines(exceptional: Mapping[str, Sequence[str]]) -> list[str]:
    """A sentence for each kind of exception."""
    lines = []
    for key, names in exceptional.items():
        protocol, wrong = key.rsplit("/", 1)
        fate = "scored where they are" if wrong == "unaligned" else "and so is the mean"
        lines.append(f"{protocol}: {len(names)} {wrong}, {fate}: {listed(names)}")
    return lines


def shown_mean(column: str, mean: MeanScore) -> str:
    """A mean, and beside it how many infinite scores it leaves out."""
    value = mean_value(column, mean)
    return f"{value} (without {mean.left_out})" if mean.left_out else value


def mean_value(column: str, mean: MeanScore) -> str:
    """A mean; ``none`` where infinite scores leave nothing to take it of."""
    nothing = mean.left_out and math.isnan(mean.value) and not mean.undefined
    return "none" if nothing else shown(column, mean.value)


def shown(column: str, value: Any) -> str:
    """A number with the digits that mean something: dB to hundredths, shares to four places."""
    if value is None or not isinstance(value, float):
        return "" if value is None else str(value)
    if column.rpartition("/")[2] in GAINS:
        return f"{value:+.2f}".replace("-0.00", "+0.00")
    if "psnr" in column or abs(value) >= 1:
        return f"{value:.2f}"
    return f"{value:.4f}" if abs(value) >= 1e-3 or value == 0 else f"{value:.1e}"
