"""The table of a sweep: what is different, what came out, what failed."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from deblurkit.commands.shared.sweep_table import sum_up
from deblurkit.storage import as_bytes

# The first name is one byte that is no UTF-8.
PICTURES = """name,rgb8/psnr,psnr_restored,detection/restored/found,way
\udcf6,25.0,25.0,3,near
8,26.0,26.0,4,far
"""


def job(sweep: Path, number: int, status: str, *overrides: str, **facts: Any) -> Path:
    """Write the record of a job; its folder."""
    folder = sweep / str(number)
    record = {"job": number, "status": status, "overrides": ["seed=1", *overrides]}
    record |= {"folder": str(folder), "monitor": "val/psnr", "seconds": 90.0, **facts}
    (sweep / ".jobs").mkdir(parents=True, exist_ok=True)
    (sweep / ".jobs" / f"{number}.begun.json").write_text(json.dumps(record))
    (folder / "scores").mkdir(parents=True)
    return folder


def table(sweep: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((sweep / "sweep.csv").open()))


def test_a_row_per_job_with_what_differs_and_what_came_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    job(tmp_path, 0, "failed", "a.lr=1", "~c", value=None, reason="it is too small")
    folder = job(tmp_path, 1, "finished", "a.lr=2", "b='x=y'", value=27.5)
    (folder / "scores" / "test.csv").write_bytes(as_bytes(PICTURES))
    job(tmp_path, 2, "started", "a.lr=3", seconds=None)
    job(tmp_path, 10, "finished", "a.lr=4", value=27.25)
    assert sum_up(tmp_path) == 2
    rows = table(tmp_path)
    assert [row["job"] for row in rows] == ["0", "1", "2", "10"]
    assert [row["status"] for row in rows] == ["failed", "finished", "unfinished", "finished"]
    assert [row["a.lr"] for row in rows] == ["1", "2", "3", "4"]
    assert "seed" not in rows[0]
    assert [row["b"] for row in rows] == ["", "'x=y'", "", ""]
    assert rows[1] | {"folder": ""} == {
        "job": "1",
        "status": "finished",
        "a.lr": "2",
        "~c": "",
        "b": "'x=y'",
        "val/psnr": "27.5",
        "test/rgb8/psnr": "25.5",
        "test/psnr_restored": "25.5",
        "test/detection/restored/found": "7",
        "seconds": "90.0",
        "folder": "",
        "reason": "",
    }
    printed = capsys.readouterr().out
    assert "job 0 failed: it is too small" in printed
    assert "best val/psnr: 27.50 of job 1" in printed


def test_jobs_that_are_compared_by_several_values_have_no_best(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    job(tmp_path, 0, "finished", "monitor=val/psnr", value=20.0)
    job(tmp_path, 1, "finished", "monitor=val/ssim", monitor="val/ssim", value=0.5)
    assert sum_up(tmp_path) == 0
    first, second = table(tmp_path)
    assert (first["val/psnr"], first["val/ssim"]) == ("20.0", "")
    assert (second["val/psnr"], second["val/ssim"]) == ("", "0.5")
    assert "best" not in capsys.readouterr().out


def test_the_best_is_a_number(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number, value in enumerate([float("nan"), -3.0, 0.0]):
        job(tmp_path, number, "finished", f"a={number}", value=value)
    sum_up(tmp_path)
    assert "best val/psnr: 0.00 of job 2" in capsys.readouterr().out.replace("0.0000", "0.00")


def test_the_best_of_what_should_fall_is_the_lowest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, value in enumerate([0.25, 0.125, "Infinity"]):
        job(
            tmp_path,
            number,
            "finished",
            f"a={number}",
            monitor="val/kernel_mse",
            direction="min",
            value=value,
        )
    sum_up(tmp_path)
    assert "best val/kernel_mse: 0.1250 of job 1" in capsys.readouterr().out
    assert [row["val/kernel_mse"] for row in table(tmp_path)] == ["0.25", "0.125", "inf"]


def test_infinite_scores_of_test_pictures_are_left_out_and_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, scores in enumerate(("25.0", "inf")):
        folder = job(tmp_path, number, "finished", f"a={number}", value=27.0)
        rows = f"name,rgb8/psnr\na,{scores}\nb,26.0\n"
        (folder / "scores" / "test.csv").write_text(rows)
    sum_up(tmp_path)
    rows = table(tmp_path)
    assert [row["test/rgb8/psnr"] for row in rows] == ["25.5", "26.0"]
    assert [row["test/rgb8/psnr_infinite"] for row in rows] == ["", "1"]
    assert "26.00 (without 1 inf)" in capsys.readouterr().out


def test_a_sweep_that_started_no_job_writes_nothing(tmp_path: Path) -> None:
    assert sum_up(tmp_path) == 0
    assert list(tmp_path.iterdir()) == []
