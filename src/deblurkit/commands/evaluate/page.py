"""The page of an evaluation: scores, spread, sliders, a table of all pictures."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from omegaconf import DictConfig
from torchmetrics import Metric

from deblurkit.commands.shared.provenance import Fact, choice, provenance
from deblurkit.commands.shared.tables import exception_lines, headings, shown, words
from deblurkit.methods.frame.base import RestorationMethod
from deblurkit.metrics.parts.protocol import mean
from deblurkit.pages.histogram import histogram
from deblurkit.pages.page import ROWS, KeyFigure, write_page
from deblurkit.pages.selection import Candidate, Selection

Row = dict[str, Any]


class Ranking(NamedTuple):
    """What the pictures of a page are ranked by."""

    key: str
    label: str
    unit: str


class Cell(NamedTuple):
    """A number, in full and as people read it."""

    value: str
    text: str


class Shown(NamedTuple):
    """What a page shows beside the scores.

    Attributes:
        selection: Pictures.
        before: Rows of the blurred pictures as they came; none if those are unknown.
        protocols: By name.
        method: What restored, if it was a method.
    """

    selection: Selection
    before: Sequence[Row]
    protocols: Mapping[str, Metric]
    method: RestorationMethod | None


def write_evaluation(path: Path, cfg: DictConfig, summary: Mapping[str, Any], page: Shown) -> None:
    """Write the page of an evaluation.

    Args:
        path: Of the page.
        cfg: Of the command.
        summary: As ``scores.json`` has it: ``rows``, ``mean``, ``pooled``, ``exceptions``.
        page: What it shows beside them.
    """
    rows: list[Row] = summary["rows"]
    ranking = rank_by(rows[0])
    groups = page.selection.groups()
    members = [one.name for group in groups.values() for one in group]
    anchors = {name: f"picture-{number}" for number, name in enumerate(members)}
    heads = {key: in_full(key, head) for key, head in headings(rows).items()}
    by_name = {str(row["name"]): row for row in rows}
    versions = dict.fromkeys(key for one in page.selection.kept for key in one.exhibit.whole)
    write_page(
        path,
        "evaluation.html",
        over="deblurkit · evaluation",
        title=title(cfg, page.method),
        under=about(cfg, summary),
        tiles=tiles(summary, ranking),
        protocols=protocols(summary, page),
        exceptions=exception_lines(summary["exceptions"]),
        drawn=histogram([float(row[ranking.key]) for row in rows if ranking.key in row]),
        ranking=ranking,
        total=len(rows),
        versions=[version for version in versions if version != "restored"],
        groups=[
            {"name": name, "entries": [entry(one, by_name, heads, anchors) for one in members]}
            for name, members in groups.items()
        ],
        table=table(rows, heads, ranking, anchors),
        facts=provenance(cfg, page.method),
    )


def in_full(column: str, heading: str) -> str:
    """A heading that needs no title above the table."""
    if column == "psnr_gain":
        return "gain (dB)"
    return f"PSNR {heading} (dB)" if column.startswith("psnr_") else heading.replace("_", " ")


def rank_by(row: Row) -> Ranking:
    """The gain, or the first score where the blurred pictures are unknown."""
    if "psnr_gain" in row:
        return Ranking("psnr_gain", "Gain in PSNR (dB)", "dB")
    numbers = [key for key, value in row.items() if isinstance(value, int | float)]
    key = next((key for key in numbers if isinstance(row[key], float)), numbers[0])  # or a count
    return Ranking(key, words(key.rpartition("/")[2]), "")


def title(cfg: DictConfig, method: RestorationMethod | None) -> str:
    """What was evaluated, in a few words."""
    if cfg.restored is not None:
        return f"Pictures in {Path(cfg.restored).name}"
    return choice("model") or type(method).__name__


def about(cfg: DictConfig, summary: Mapping[str, Any]) -> str:
    """Which pictures, and by which protocols."""
    data = cfg.sharp if cfg.sharp is not None else choice("data")
    on = f" of {data}" if data else ""
    several = "s" if len(cfg.protocol) > 1 else ""
    count = summary["pictures"]
    pictures = f"{count} test picture{'s' if count > 1 else ''}{on}"
    return f"{pictures}, protocol{several} {', '.join(map(str, cfg.protocol))}"


def tiles(summary: Mapping[str, Any], ranking: Ranking) -> list[KeyFigure]:
    """The figures that everybody looks for first."""
    means, rows = summary["mean"], summary["rows"]
    if ranking.key != "psnr_gain":
        kept = [(key, value) for key, value in means.items() if "/" in key][:3]
        found = [KeyFigure(words(key.rpartition("/")[2]), shown(key, value)) for key, value in kept]
        return [*found, KeyFigure("pictures", str(len(rows)))]
    gain = means["psnr_gain"]
    improved = sum(row["psnr_gain"] > 0 for row in rows)
    tone = "better" if gain > 0 else "worse" if gain < 0 else ""
    return [
        KeyFigure("PSNR blurred", shown("psnr_blurred", means["psnr_blurred"]), "dB"),
        KeyFigure("PSNR restored", shown("psnr_restored", means["psnr_restored"]), "dB"),
        KeyFigure("gain", shown("psnr_gain", gain), "dB", tone),
        KeyFigure("pictures improved", str(improved), f"of {len(rows)}"),
    ]


def protocols(summary: Mapping[str, Any], page: Shown) -> list[dict[str, Any]]:
    """A table of means for each protocol; figures of those that count as they stand."""
    keys = [key for key in summary["mean"] if "/" in key]
    before = {key: mean([row[key] for row in page.before]) for key in keys if page.before}
    found = []
    for name, protocol in page.protocols.items():
        scores = {key: value for key, value in summary["mean"].items() if of(name, key)}
        figures = {key: value for key, value in summary.get("pooled", {}).items() if of(name, key)}
        made = pooled_rows(name, figures) if figures else mean_rows(scores, before)
        meaning = (type(protocol).__doc__ or "").strip().split("\n")[0]
        found.append({"name": name, "meaning": meaning, **made})
    return found


def of(protocol: str, name: str) -> bool:
    """Whether a score or figure is one of a protocol."""
    return name.startswith(f"{protocol}/")


def mean_rows(scores: Mapping[str, float], before: Mapping[str, float]) -> dict[str, Any]:
    """Mean scores: of the blurred pictures, of the restored ones, and what lies between."""
    compared = scores.keys() <= before.keys()
    rows = []
    for name, value in scores.items():
        cells = [cell(name, value)]
        if compared:
            gain = value - before[name]
            cells = [cell(name, before[name]), *cells, Cell(number(gain), change(name, gain))]
        rows.append({"name": words(name.rpartition("/")[2]), "cells": cells})
    return {
        "versions": ["blurred", "restored", "change"] if compared else ["restored"],
        "rows": rows,
    }


def pooled_rows(protocol: str, figures: Mapping[str, float | int]) -> dict[str, Any]:
    """Figures of all pictures together, a column for each version of them."""
    by_figure: dict[str, dict[str, float | int]] = {}
    for key, value in figures.items():
        version, figure = key.removeprefix(f"{protocol}/").rsplit("/", 1)
        by_figure.setdefault(figure, {})[version] = value
    versions = list(dict.fromkeys(version for row in by_figure.values() for version in row))
    rows = [
        {"name": words(figure), "cells": [cell(figure, row.get(v)) for v in versions]}
        for figure, row in by_figure.items()
    ]
    return {"versions": versions, "rows": rows}


def cell(column: str, value: Any) -> Cell:
    """A value of a column; a dash where there is none."""
    return Cell(number(value), shown(column, value) or "–")


def number(value: Any) -> str:
    """A number in full, as scripts read it."""
    return str(value).replace("inf", "Infinity").replace("nan", "NaN")


def change(name: str, value: float) -> str:
    """A difference of two scores, with its sign."""
    return shown("psnr_gain", value) if "psnr" in name else f"{value:+.4f}"


def entry(
    candidate: Candidate,
    rows: Mapping[str, Row],
    heads: Mapping[str, str],
    anchors: Mapping[str, str],
) -> dict[str, Any]:
    """A picture with its sliders and scores."""
    row = rows[candidate.name]
    facts = [Fact(head, cell(key, row.get(key)).text) for key, head in heads.items()]
    return {
        "name": candidate.name,
        "anchor": anchors[candidate.name],
        "exhibit": candidate.exhibit,
        "facts": facts,
    }


def table(
    rows: Sequence[Row], heads: Mapping[str, str], ranking: Ranking, anchors: Mapping[str, str]
) -> dict[str, Any]:
    """A line for each picture; of very many only those at both ends of the ranking."""
    few = rows
    if len(rows) > ROWS:
        order = sorted(range(len(rows)), key=lambda place: worst_first(rows[place][ranking.key]))
        ends = sorted(order[: ROWS // 2] + order[-ROWS // 2 :])
        few = [rows[place] for place in ends]
    lines = [
        {
            "name": str(row["name"]),
            "anchor": anchors.get(str(row["name"])),
            "cells": [cell(key, row.get(key)) for key in heads],
        }
        for row in few
    ]
    return {"headings": list(heads.values()), "rows": lines, "left_out": len(rows) - len(few)}


def worst_first(score: float) -> float:
    """Sorts what is no number before all numbers."""
    return -math.inf if math.isnan(score) else score
