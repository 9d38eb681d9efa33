"""Runs the rows of a study as ``deblurkit-train`` runs; finished ones are kept, not run again."""

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from deblurkit.metrics.parts.means import mean_score

Result = dict[str, Any]
Rows = Mapping[str, list[str]]  # overrides of each row, the experiment among them


class Running(NamedTuple):
    row: str
    seed: int
    folder: Path
    process: "subprocess.Popen[bytes]"
    began: float


def parser(description: str | None, *, runs: str) -> argparse.ArgumentParser:
    """Arguments that every study has."""
    given = argparse.ArgumentParser(description=description)
    given.add_argument("--root", type=Path, required=True, help="BSDS500's images")
    given.add_argument("--output", type=Path, required=True, help="results.json and table.md")
    given.add_argument("--runs", type=Path, default=Path(runs))
    given.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    given.add_argument("--parallel", type=int, default=1, help="runs at once")
    given.add_argument("--seconds", type=float, default=7200, help="then stop")
    given.add_argument("overrides", nargs="*", help="of every run: trainer=gpu ...")
    return given


def finish(
    rows: Rows, given: argparse.Namespace, *, measure: Callable[[Path], Result]
) -> list[Result]:
    """Run what is missing, seed by seed, and write ``results.json`` after every run.

    Args:
        rows: Overrides by the row's name.
        given: As `parser` answers.
        measure: What is kept of a finished run, out of its folder.
    """
    results = given.output / "results.json"
    done: list[Result] = json.loads(results.read_text()) if results.is_file() else []
    known = {(run["row"], run["seed"]) for run in done}
    waiting = [(row, seed) for seed in given.seeds for row in rows if (row, seed) not in known]
    running: list[Running] = []
    end = time.monotonic() + given.seconds
    while (waiting or running) and time.monotonic() < end:
        while waiting and len(running) < given.parallel:
            row, seed = waiting.pop(0)
            running.append(start(row, seed, rows[row], given))
        time.sleep(1)
        for run in [run for run in running if run.process.poll() is not None]:
            running.remove(run)
            if run.process.returncode:
                print(f"{run.row}, seed {run.seed} failed: {output_of(run.folder)[-2000:]}")
                continue
            seconds = round(time.monotonic() - run.began)
            kept = measure(run.folder)
            done.append({"row": run.row, "seed": run.seed, "seconds": seconds, **kept})
            keep(done, given)
            gain = done[-1]["psnr_gain"]
            print(f"{run.row}, seed {run.seed}: {gain:+.3f} dB in {seconds} s", flush=True)
    for run in running:
        run.process.kill()
    if waiting or running:
        print(f"{len(waiting) + len(running)} runs are left; the same command goes on")
    return done


def keep(done: list[Result], given: argparse.Namespace) -> None:
    """Write all results."""
    given.output.mkdir(parents=True, exist_ok=True)
    (given.output / "results.json").write_text(json.dumps(done, indent=1) + "\n")


def start(row: str, seed: int, overrides: list[str], given: argparse.Namespace) -> Running:
    """Start one run in its own process, on one thread."""
    folder = given.runs / f"{short(row)}_{seed}"
    command = [
        *(sys.executable, "-m", "deblurkit.cli.train"),
        *(f"data.root={given.root.resolve()}", f"data.cache={given.runs.resolve() / 'cache'}"),
        *(f"seed={seed}", f"hydra.run.dir={folder}"),
        *("trainer.enable_progress_bar=false", *overrides, *given.overrides),
    ]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "output.txt").open("wb") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )
    return Running(row, seed, folder, process, time.monotonic())


def short(row: str) -> str:
    """Name of a row's folder: what stands before a colon or a bracket."""
    return row.split(":")[0].split(" (")[0].replace(" ", "_")


def output_of(folder: Path) -> str:
    """What a run printed."""
    return (folder / "output.txt").read_text()


def mean_scores(folder: Path, *names: str) -> dict[str, float]:
    """Means over the test pictures."""
    with (folder / "scores" / "test.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    return {name: mean_score(float(row[name]) for row in rows).value for name in names}


def of_row(done: list[Result], row: str) -> dict[int, Result]:
    """The runs of one row by seed."""
    return {run["seed"]: run for run in done if run["row"] == row}


def spread(values: list[float], digits: int, *, signed: bool = False) -> str:
    """Mean and, of several values, their standard deviation."""
    if not values:
        return ""
    mean = f"{statistics.fmean(values):{'+' if signed else ''}.{digits}f}"
    return f"{mean} ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else mean
