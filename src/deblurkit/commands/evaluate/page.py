"""The page of an evaluation: scores, spread, sliders, a table of all pictures."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from omegaconf import DictConfig
from torchmetrics import Metric

from deblurkit.callbacks.scores import gain
from deblurkit.commands.evaluate.ranking import Ranking, rank_by, with_gain
from deblurkit.commands.shared.provenance import Fact, provenance
from deblurkit.commands.shared.tables import (
    exception_lines,
    headings,
    mean_value,
    of_comparable,
    shown,
    shown_mean,
    words,
)
from deblurkit.config import choice
from deblurkit.methods.frame.base import RestorationMethod
from deblurkit.metrics.parts.means import MeanScore, comparable_means
from deblurkit.metrics.parts.protocol import leading
from deblurkit.pages.histogram import histogram
from deblurkit.pages.page import ROWS, KeyFigure, write_page
from deblurkit.pages.selection import Candidate, Selection
from deblurkit.restoring.speed.paths import EXACT, ComputePath

Row = dict[str, Any]


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
        path: How it computed.
    """

    selection: Selection
    before: Sequence[Row]
    protocols: Mapping[str, Metric]
    method: RestorationMethod | None
    path: ComputePath = EXACT


def write_evaluation(path: Path, cfg: DictConfig, summary: Mapping[str, Any], page: Shown) -> None:
    """Write the page of an evaluation.

    Args:
        path: Of the page.
        cfg: Of the command.
        summary: As ``scores.json`` has it: ``rows``, ``mean``, ``pooled``, ``exceptions``.
        page: What it shows beside them.
    """
    leader = leading(page.protocols)
    rows = with_gain(summary["rows"], page.before, leader)
    ranking = rank_by(rows[0], leader)
    groups = page.selection.groups()
    members = [candidate.name for group in groups.values() for candidate in group]
    anchors = {name: f"picture-{number}" for number, name in enumerate(members)}
    heads = {key: in_full(key, head) for key, head in headings(rows, leading=leader).items()}
    by_name = {str(row["name"]): row for row in rows}
    versions = dict.fromkeys(
        version for candidate in page.selection.kept for version in candidate.exhibit.whole
    )
    write_page(
        path,
        "evaluation.html",
        over="deblurkit · evaluation",
        title=title(cfg, page.method),
        under=about(cfg, summary),
        tiles=tiles(rows, ranking),
        protocols=protocols(summary, page),
        exceptions=[*exception_lines(summary["exceptions"]), *of_comparable(rows, heads)],
        drawn=histogram([float(row[ranking.key]) for row in rows if ranking.key in row]),
        ranking=ranking,
        total=len(rows),
        versions=[version for version in versions if version != "restored"],
        groups=[
            {
                "name": name,
                "entries": [entry(candidate, by_name, heads, anchors) for candidate in group],
            }
            for name, group in groups.items()
        ],
        table=table(rows, heads, ranking, anchors),
        facts=provenance(cfg, page.method, page.path),
    )


def in_full(column: str, heading: str) -> str:
    """A heading that needs no title above the table."""
    if column == "psnr_gain":
        return f"{heading} (dB)"
    return f"PSNR {heading} (dB)" if column.startswith("psnr_") else heading.replace("_", " ")


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


def tiles(rows: Sequence[Row], ranking: Ranking) -> list[KeyFigure]:
    """The figures that everybody looks for first."""
    if not ranking.before:
        scores = [key for key in rows[0] if "/" in key and isinstance(rows[0][key], float)][:3]
        means = comparable_means(rows, scores)
        return [
            *(key_figure(words(key.rpartition("/")[2]), key, means[key]) for key in scores),
            KeyFigure("pictures", str(len(rows))),
        ]
    label = words(ranking.after.replace("/", "_")) if "/" in ranking.after else "PSNR"
    gains = [row[ranking.key] for row in rows]
    means = comparable_means(rows, [ranking.before, ranking.after, ranking.key])
    before, after, gain = means.values()
    improved = sum(value > 0 for value in gains)
    tone = "better" if gain.value > 0 else "worse" if gain.value < 0 else ""
    return [
        key_figure(f"{label} blurred", ranking.before, before, ranking.unit),
        key_figure(f"{label} restored", ranking.after, after, ranking.unit),
        key_figure("gain", ranking.key, gain, ranking.unit)._replace(tone=tone),
        KeyFigure("pictures improved", str(improved), f"of {len(rows)}"),
    ]


def key_figure(label: str, column: str, mean: MeanScore, unit: str = "") -> KeyFigure:
    """The mean of a column; how many infinite scores it leaves out stands behind the unit."""
    value = mean_value(column, mean)
    behind = [unit] if unit and value != "none" else []
    behind += [f"without {mean.left_out}"] if mean.left_out else []
    return KeyFigure(label, value, " ".join(behind))


def protocols(summary: Mapping[str, Any], page: Shown) -> list[dict[str, Any]]:
    """A table of means for each protocol; figures of those that count as they stand.

    The protocol that leads comes first.
    """
    leader = leading(page.protocols)
    names = sorted(page.protocols, key=lambda name: name != leader)  # a stable order
    tables = []
    for name in names:
        scores = [key for key in summary["mean"] if of(name, key)]
        figures = {key: value for key, value in summary.get("pooled", {}).items() if of(name, key)}
        rows = (
            pooled_rows(name, figures)
            if figures
            else mean_rows(scores, summary["rows"], page.before)
        )
        meaning = (type(page.protocols[name]).__doc__ or "").strip().split("\n")[0]
        tables.append({"name": name, "meaning": meaning, **rows})
    return tables


def of(protocol: str, name: str) -> bool:
    """Whether a score or figure is one of a protocol."""
    return name.startswith(f"{protocol}/")


def mean_rows(scores: Sequence[str], rows: Sequence[Row], before: Sequence[Row]) -> dict[str, Any]:
    """Mean scores: of the blurred pictures, of the restored ones, and of what lies between."""
    names = {str(row["name"]): row for row in before}
    lines = []
    versions = [versions_of(row, names.get(str(row["name"])), scores) for row in rows]
    means = comparable_means(versions, list(versions[0]))
    for score in scores:
        cells = [mean_cell(score, means[score])]
        if before:
            blurred, change = means[f"{score} blurred"], means[f"{score} change"]
            cells = [mean_cell(score, blurred), *cells, change_cell(score, change)]
        lines.append({"name": words(score.rpartition("/")[2]), "cells": cells})
    return {
        "versions": ["blurred", "restored", "change"] if before else ["restored"],
        "rows": lines,
    }


def versions_of(row: Row, before: Row | None, scores: Sequence[str]) -> dict[str, float]:
    """Scores of a picture: restored, and where it is known how it came, blurred and the change."""
    versions: dict[str, float] = {score: row[score] for score in scores}
    if before is not None:
        for score in scores:
            versions[f"{score} blurred"] = before[score]
            versions[f"{score} change"] = gain(row[score], before[score])
    return versions


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


def mean_cell(column: str, mean: MeanScore) -> Cell:
    """A mean, and how many infinite scores it leaves out."""
    return Cell(number(mean.value), shown_mean(column, mean))


def change_cell(column: str, mean: MeanScore) -> Cell:
    """The mean of differences, with its sign."""
    if "psnr" in column or mean.left_out:
        return mean_cell("psnr_gain", mean)
    return Cell(number(mean.value), f"{mean.value:+.4f}")


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
        order = sorted(range(len(rows)), key=lambda index: worst_first(rows[index][ranking.key]))
        ends = sorted(order[: ROWS // 2] + order[-ROWS // 2 :])
        few = [rows[index] for index in ends]
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
