"""The page of a comparison: means, pairs, where the methods disagree, a table of all pictures."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from deblurkit.callbacks.scores import Scores
from deblurkit.commands.evaluate.comparison.pairs import Pair
from deblurkit.commands.evaluate.comparison.report import (
    all_exceptions,
    means_table,
    pair_cells,
    pair_headings,
    pair_tables,
    verdict,
)
from deblurkit.commands.evaluate.page import about, cell
from deblurkit.commands.shared.provenance import Fact, provenance
from deblurkit.config import plain
from deblurkit.imaging.drawing.grid import Pixels
from deblurkit.pages.page import BYTES, ROWS, KeyFigure, write_page
from deblurkit.pages.views import views
from deblurkit.restoring.speed.paths import EXACT

WIDEST = 2000  # of a figure, pixels


def write_comparison(
    path: Path,
    cfg: DictConfig,
    scores: Mapping[str, Scores],
    *,
    compared: Sequence[Pair],
    heads: Mapping[str, str],
    figures: Mapping[str, Pixels],
) -> None:
    """Write the page of a comparison.

    Args:
        path: Of the page.
        cfg: Of the command.
        scores: Of each method.
        compared: Each two methods under each score.
        heads: What the compared scores are called; the first one leads.
        figures: Drawings, by what they show.
    """
    means, count = means_table(scores), len(next(iter(scores.values())).rows)
    lead, words = next(iter(heads.items()))
    write_page(
        path,
        "comparison.html",
        over="deblurkit · comparison",
        title=" and ".join([", ".join([*scores][:-1]), [*scores][-1]]),
        under=about(cfg, {"pictures": count}),
        tiles=[KeyFigure("methods", str(len(scores))), KeyFigure("pictures", str(count))],
        means=means,
        notes=[*means.notes, *all_exceptions(scores)],
        pairs=[
            {
                "title": title,
                "headings": ["score", *pair_headings(lines), "the first is"],
                "rows": [
                    [heads[pair.score], *pair_cells(pair, lines), verdict(pair)] for pair in lines
                ],
            }
            for title, lines in pair_tables(compared)
        ],
        figures=[
            {"name": name, "view": view(drawing, budget=BYTES // 2)}
            for name, drawing in figures.items()
        ],
        score=words,
        table=table(scores, lead),
        facts=[*provenance(cfg, None, EXACT), *entries(cfg, scores)],
    )


def view(drawing: Pixels, *, budget: int) -> Any:
    """A drawing as a browser takes it."""
    return views({"": drawing}, longest=WIDEST, budget=budget)[""]


def table(scores: Mapping[str, Scores], lead: str) -> dict[str, Any]:
    """A line for each of the first pictures with the leading score of every method."""
    pictures = [*zip(*(of_method.rows for of_method in scores.values()), strict=True)]
    lines = [
        {
            "name": str(rows[0]["name"]),
            "anchor": None,
            "cells": [cell(lead, row.get(lead)) for row in rows],
        }
        for rows in pictures[:ROWS]
    ]
    return {"headings": [*scores], "rows": lines, "left_out": len(pictures) - len(lines)}


def entries(cfg: DictConfig, names: Mapping[str, Any]) -> list[Fact]:
    """The methods by their names, as they were named."""
    compared = plain(cfg.compare)
    given = compared.values() if isinstance(compared, Mapping) else compared
    return [Fact(name, str(entry)) for name, entry in zip(names, given, strict=True)]
