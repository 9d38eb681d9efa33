"""What others report: ``docs/published.yaml`` and ``papers.yaml``, read strictly.

Numbers stay the strings that were printed; a mistake in a file is a ValueError that names it.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml  # type: ignore[import-untyped]
from modules import scores_of_protocol, stems

VARIANTS = {"blur", "blur_gamma", "unstated"}
PARTS = {
    *("provenance", "scores", "sources", "data", "other_data", "other_protocols", "tables"),
}
TABLE = {"by", "data", "protocol", "provenance", "rows"}
ROW = {"paper", "row", "provenance", "experiments", "measured"}
PAPER = {"name", "title", "authors", "about", "notes"}
PAPER_TOO = {"venue", "arxiv", "doi", "code", "names", "also", "evaluate", "studies"}
UNVERIFIED = "recalled"


class Row(NamedTuple):
    """One line of a table: a paper's network, or, without a paper, the method of others."""

    paper: str | None
    label: str
    scores: Mapping[str, str]
    provenance: str
    experiments: tuple[str, ...]
    measured: str | None


class Table(NamedTuple):
    """Numbers on one data set under one protocol; ``ours`` if that is one of this library."""

    by: str
    data: str
    variant: str | None
    protocol: str
    ours: bool
    provenance: str
    note: str
    rows: tuple[Row, ...]

    def experiments(self) -> set[str]:
        """All that train a row of it."""
        return {experiment for row in self.rows for experiment in row.experiments}


class Book(NamedTuple):
    """Everything that is printed elsewhere. Texts by key; papers as in ``papers.yaml``."""

    papers: Mapping[str, Mapping[str, Any]]
    sources: Mapping[str, str]
    provenance: Mapping[str, str]
    scores: Mapping[str, str]
    data: Mapping[str, str]
    protocols: Mapping[str, str]
    tables: tuple[Table, ...]

    def title(self, data: str) -> str:
        """Short name of a data set."""
        return self.data[data].partition(": ")[0]


def read(root: Path) -> Book:
    """Both files below a checkout, checked against its configs.

    Raises:
        ValueError: If anything is unknown, missing or no number.
    """
    papers = load(root / "docs" / "pages" / "papers.yaml")
    for key, paper in papers.items():
        require(paper, key, needed=PAPER, allowed=PAPER_TOO)
    found = load(root / "docs" / "published.yaml")
    require(found, "published.yaml", needed=PARTS)
    known(found["data"], stems(root, "data"), "data")
    our_protocols = {
        name: first_comment(root / "conf" / "protocol" / f"{name}.yaml")
        for name in stems(root, "protocol")
    }
    return Book(
        papers=papers,
        sources=found["sources"],
        provenance=found["provenance"],
        scores=found["scores"],
        data=found["data"] | found["other_data"],
        protocols=our_protocols | found["other_protocols"],
        tables=tuple(table(root, given, found, papers) for given in found["tables"]),
    )


def table(root: Path, given: Mapping[str, Any], found: Mapping[str, Any], papers: Any) -> Table:
    """One table."""
    place = f"the table of {given.get('by')} on {given.get('data')}"
    require(given, place, needed=TABLE, allowed={"variant", "note"})
    known([given["by"]], {*papers, *found["sources"]}, place)
    known([given["data"]], {*found["data"], *found["other_data"]}, place)
    known([given["provenance"]], found["provenance"], place)
    ours = given["protocol"] in stems(root, "protocol")
    known([given["protocol"]], found["other_protocols"] if not ours else [given["protocol"]], place)
    if ("variant" in given) is not given["data"].startswith("gopro"):
        raise ValueError(f"{place}: a variant is given for GoPro, and only for it")
    known([given.get("variant", "unstated")], VARIANTS, place)
    scores = found["scores"]
    if ours:
        scores = set(scores) & set(scores_of_protocol(root, given["protocol"]))
    return Table(
        by=given["by"],
        data=given["data"],
        variant=given.get("variant"),
        protocol=given["protocol"],
        ours=ours,
        provenance=given["provenance"],
        note=given.get("note", ""),
        rows=tuple(
            row(root, line, place, papers=papers, scores=scores, provenance=given["provenance"])
            for line in given["rows"]
        ),
    )


def row(
    root: Path,
    given: Mapping[str, Any],
    place: str,
    *,
    papers: Iterable[str],
    scores: Iterable[str],
    provenance: str,
) -> Row:
    """One line of a table."""
    label = given.get("row", "")
    place = f"{place}, {given.get('paper', '')} {label}".rstrip()
    printed = {key: value for key, value in given.items() if key not in ROW}
    known(printed, scores, f"{place} (scores of this protocol)")
    if not printed or not (label or "paper" in given):
        raise ValueError(f"{place}: a row has a name and a number")
    for value in printed.values():
        float(value)
    if "paper" in given:
        known([given["paper"]], papers, place)
    experiments = given.get("experiments", [])
    known(experiments, stems(root, "experiment"), place)
    return Row(
        paper=given.get("paper"),
        label=label,
        scores=printed,
        provenance=given.get("provenance", provenance),
        experiments=tuple(experiments),
        measured=given.get("measured"),
    )


def load(file: Path) -> Any:
    """A YAML file whose scalars all stay strings."""
    return yaml.load(file.read_text(), Loader=yaml.BaseLoader)


def first_comment(file: Path) -> str:
    """What a config says it is, as one line without the full stop."""
    lines = (line for line in file.read_text().splitlines() if not line.startswith("# @package"))
    return next(lines).removeprefix("#").strip().rstrip(".")


def require(
    given: Mapping[str, Any], place: str, *, needed: set[str], allowed: Iterable[str] = ()
) -> None:
    """Refuse keys that are missing or unknown."""
    missing, unknown = needed - given.keys(), given.keys() - needed - set(allowed)
    if missing or unknown:
        raise ValueError(f"{place}: missing {sorted(missing)}, unknown {sorted(unknown)}")


def known(names: Iterable[str], allowed: Iterable[str], place: str) -> None:
    """Refuse names that are not in a list."""
    unknown = sorted(set(names) - set(allowed))
    if unknown:
        raise ValueError(f"{place}: {', '.join(unknown)} is not one of {sorted(allowed)}")
