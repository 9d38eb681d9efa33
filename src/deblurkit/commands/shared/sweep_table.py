"""The table of a sweep: a row per job, with what is different about it and how well it did."""

import csv
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from rich.table import Table

from deblurkit.commands.shared.sweeps import FINISHED, STARTED, TABLE, records
from deblurkit.commands.shared.tables import (
    add_numbers,
    counted,
    headings,
    show,
    shown,
    shown_mean,
)
from deblurkit.metrics.parts.means import MeanScore, comparable_means
from deblurkit.storage import write_rows


class Job(NamedTuple):
    """A job of a sweep.

    Attributes:
        record: What the sweep has noted: ``sweeps.begin`` and what follows it say what.
        changes: Overrides that not all jobs share.
        scores: Means over the test pictures, and sums of what a protocol counts.
    """

    record: Mapping[str, Any]
    changes: Mapping[str, str]
    scores: Mapping[str, MeanScore | int]

    @property
    def status(self) -> str:
        """What became of it; one that nothing more was heard of is unfinished."""
        status = str(self.record["status"])
        return "unfinished" if status == STARTED else status


def sum_up(folder: Path) -> int:
    """Write ``sweep.csv`` into the folder of a sweep, and print it.

    Its columns: ``job``; ``status``; the overrides that differ; the monitored value; ``test/...``,
    means over the test pictures, or sums of what a protocol counts; ``test/..._infinite``, how many
    scores are infinite, where any are; ``seconds``; the job's ``folder``; and why it
    failed, ``reason``.

    Returns:
        How many jobs have not come to their end.

    Raises:
        InputError: If the disk refuses.
    """
    jobs = recorded(folder)
    if jobs:
        write_rows(folder / TABLE, rows(jobs))
        print_jobs(jobs, folder)
    return sum(job.status != FINISHED for job in jobs)


def recorded(folder: Path) -> list[Job]:
    """The jobs of a sweep, in their order."""
    noted = records(folder)
    settings = [overrides(record) for record in noted]
    keys = dict.fromkeys(key for values in settings for key in values)
    unlike = [key for key in keys if len({values.get(key) for values in settings}) > 1]
    return [
        Job(record, {key: values.get(key, "") for key in unlike}, test_scores(record["folder"]))
        for record, values in zip(noted, settings, strict=True)
    ]


def overrides(record: Mapping[str, Any]) -> dict[str, str]:
    """What a job was told, by key."""
    parts = (override.partition("=") for override in record["overrides"])
    return {key: value for key, _, value in parts}


def test_scores(folder: str) -> dict[str, MeanScore | int]:
    """Means over the test pictures of a run, and sums of what a protocol counts."""
    file = Path(folder) / "scores" / "test.csv"
    if not file.is_file():
        return {}
    with file.open(newline="", encoding="utf-8", errors="surrogateescape") as stream:
        pictures = [numbers(row) for row in csv.DictReader(stream)]
    columns = dict.fromkeys(key for row in pictures for key in row)
    counts = [key for key in columns if counted(key, pictures)]
    means = comparable_means(pictures, [key for key in columns if key not in counts])
    sums = {key: sum(int(row[key]) for row in pictures if key in row) for key in counts}
    return {key: (means | sums)[key] for key in columns}


def numbers(row: Mapping[str, str]) -> dict[str, float | int]:
    """Those columns of a picture's row that are numbers; counts are integers."""
    values: dict[str, float | int] = {}
    for key, text in row.items():
        with suppress(ValueError):
            values[key] = int(text) if text.isdecimal() else float(text)
    values.pop("name", None)  # a picture may be called 7
    return values


def rows(jobs: Sequence[Job]) -> list[dict[str, Any]]:
    """A row per job, all with the same columns."""
    tested = [test_columns(job.scores) for job in jobs]
    columns = dict.fromkeys(name for values in tested for name in values)
    return [
        {
            "job": job.record["job"],
            "status": job.status,
            **job.changes,
            **monitored(job, jobs),
            **{name: values.get(name) for name in columns},
            "seconds": job.record.get("seconds"),
            "folder": job.record["folder"],
            "reason": job.record.get("reason"),
        }
        for job, values in zip(jobs, tested, strict=True)
    ]


def test_columns(scores: Mapping[str, MeanScore | int]) -> dict[str, float | int]:
    """Columns of a job's scores; beside a mean the infinite scores that it leaves out."""
    columns: dict[str, float | int] = {}
    for key, score in scores.items():
        if isinstance(score, int):
            columns[f"test/{key}"] = score
        else:
            columns[f"test/{key}"] = score.value
            if score.above or score.below:
                columns[f"test/{key}_infinite"] = score.above + score.below
    return columns


def monitored(job: Job, jobs: Sequence[Job]) -> dict[str, float | None]:
    """What a job was monitored by; where jobs are monitored by several things, one is filled."""
    named = dict.fromkeys(str(other.record["monitor"]) for other in jobs)
    own = {str(job.record["monitor"]): job.record.get("value")}
    return {name: own.get(name) for name in named}


def print_jobs(jobs: Sequence[Job], folder: Path) -> None:
    """Print a line per job, which one is the best, and why others failed."""
    scores = headings([dict(job.scores) for job in jobs])
    table = Table(title=f"{len(jobs)} jobs in {folder}", title_justify="left")
    for heading in ("job", "status", *jobs[0].changes):
        table.add_column(heading, overflow="fold", min_width=min(len(heading), 8))
    for heading in (
        *monitored(jobs[0], jobs),
        *(f"test {heading}" for heading in scores.values()),
        "minutes",
    ):
        add_numbers(table, heading)
    for job in jobs:
        tested = (test_score(key, job.scores.get(key)) for key in scores)
        seconds = job.record.get("seconds")
        table.add_row(
            str(job.record["job"]),
            job.status,
            *job.changes.values(),
            *(shown(key, value) for key, value in monitored(job, jobs).items()),
            *tested,
            "" if seconds is None else f"{seconds / 60:.1f}",
        )
    show(table)
    for job in jobs:
        if "reason" in job.record:
            print(f"job {job.record['job']} failed: {job.record['reason']}")
    if best := best_of(jobs):
        value = shown(best.record["monitor"], best.record["value"])
        print(f"best {best.record['monitor']}: {value} of job {best.record['job']}")


def test_score(column: str, score: MeanScore | int | None) -> str:
    """A score of a job as people read it."""
    return shown_mean(column, score) if isinstance(score, MeanScore) else shown(column, score)


def best_of(jobs: Sequence[Job]) -> Job | None:
    """The job with the best value, if all are compared by the same one in one direction."""
    valued = [job for job in jobs if is_number(job.record.get("value"))]
    ways = {(job.record["monitor"], job.record.get("direction", "max")) for job in valued}
    alike = len({job.record["monitor"] for job in jobs}) == len(ways) == 1
    if not alike:
        return None
    (_, direction) = ways.pop()
    choose = min if direction == "min" else max
    return choose(valued, key=lambda job: float(job.record["value"]))


def is_number(value: float | None) -> bool:
    """Whether there is a value, and one that can be compared."""
    return value is not None and not math.isnan(value)
