"""Tables for people."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

Row = dict[str, Any]


def print_scores(rows: Sequence[Row], title: str = "held-out pictures, PSNR in dB") -> None:
    """Print one line per picture and the mean, columns in order of appearance."""
    if not rows:
        return
    columns = list(dict.fromkeys(key for row in rows for key in row if key != "name"))
    table = Table(title=title, title_justify="left")
    table.add_column("picture")
    for column in columns:
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(str(row["name"]), *(shown(row.get(column)) for column in columns))
    means = {column: mean([row[column] for row in rows if column in row]) for column in columns}
    table.add_section()
    table.add_row("mean", *(shown(means[column]) for column in columns), style="bold")
    Console().print(table)


def mean(values: Sequence[float]) -> float:
    """Plain mean."""
    return sum(values) / len(values)


def shown(value: Any) -> str:
    """A number with the digits that mean something."""
    return (
        f"{value:.4f}"
        if isinstance(value, float) and abs(value) < 1
        else (f"{value:.2f}" if isinstance(value, float) else str("" if value is None else value))
    )
