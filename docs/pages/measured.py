"""What was measured here: the ``results.json`` of the folders below ``docs/results``."""

import json
import statistics
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml  # type: ignore[import-untyped]
from modules import stems
from publications import load, require

PLAIN = {"psnr_gain", "psnr_blurred"}  # scores that bear no protocol's name
STUDY = {"title", "test", "paper", "command"}
CROPS = ("trainer.max_epochs", "data.batches_per_epoch", "data.batch_size", "data.crop")


class Spread(NamedTuple):
    """Mean over runs and, of several, their standard deviation."""

    mean: float
    deviation: float | None

    def text(self, digits: int, *, sign: str = "-") -> str:
        """As tables print it."""
        mean = f"{self.mean:{sign}.{digits}f}"
        return mean if self.deviation is None else f"{mean} ± {self.deviation:.{digits}f}"


class Measured(NamedTuple):
    """One row of a study: its runs, whose it is and what training it had."""

    row: str
    paper: str
    budget: str
    runs: int
    scores: Mapping[str, Spread]


class Study(NamedTuple):
    """One folder with a ``results.json``."""

    folder: str
    title: str
    test: str
    command: str
    rows: tuple[Measured, ...]


@cache
def studies(root: Path) -> tuple[Study, ...]:
    """Those of ``studies.yaml`` that have been run.

    Raises:
        ValueError: If an entry of ``studies.yaml`` is incomplete.
    """
    found = []
    for folder, given in load(root / "docs" / "pages" / "studies.yaml").items():
        require(given, folder, needed=STUDY, allowed={"experiment", "budget", "rows", "scores"})
        measured = results(root, folder)
        rows = tuple(
            of_row(root, given | given.get("rows", {}).get(row, {}), row, scores)
            for row, scores in measured.items()
        )
        if rows:
            found.append(Study(folder, given["title"], given["test"], given["command"], rows))
    return tuple(found)


def of_row(
    root: Path, given: Mapping[str, Any], row: str, scores: Mapping[str, list[float]]
) -> Measured:
    """One row, with the budget of its experiment."""
    budget = given["budget"] if "budget" in given else budget_of(root, given["experiment"])
    shown = given.get("scores", [name for name in scores if name != "psnr_blurred"])
    spreads = {name: spread(scores[name]) for name in shown}
    runs = max(len(values) for values in scores.values())
    return Measured(row, given["paper"], budget, runs, spreads)


@cache
def results(root: Path, folder: str) -> dict[str, dict[str, list[float]]]:
    """Values over runs by row and score; empty if the folder has no ``results.json``."""
    file = root / "docs" / "results" / folder / "results.json"
    rows: dict[str, dict[str, list[float]]] = {}
    for run in json.loads(file.read_text()) if file.is_file() else []:
        kept = rows.setdefault(run["row"], {})
        for name, value in run.items():
            if name in PLAIN or name.partition("/")[0] in stems(root, "protocol"):
                kept.setdefault(name, []).append(value)
    return rows


def score_of(root: Path, place: str, score: str) -> Spread | None:
    """One score of ``<folder>/<row>``, or of a folder's only row; None if there is none."""
    folder, _, row = place.partition("/")
    found = results(root, folder)
    scores = found.get(row) if row else next(iter(found.values()), None)
    return spread(scores[score]) if scores and score in scores else None


def spread(values: list[float]) -> Spread:
    """Of the runs of one row."""
    deviation = statistics.stdev(values) if len(values) > 1 else None
    return Spread(statistics.fmean(values), deviation)


def budget_of(root: Path, experiment: str) -> str:
    """How long an experiment trains, in steps and crops."""
    config = yaml.safe_load((root / "conf" / "experiment" / f"{experiment}.yaml").read_text())
    values = []
    for path in CROPS:
        group, name = path.split(".")
        values.append(int(config[group][name]))
    epochs, batches, crops, side = values
    return f"{epochs * batches:,} steps of {crops} crops, {side} px"
