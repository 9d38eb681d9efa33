import csv
import multiprocessing
import resource
import time
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import torch

from deblurkit.callbacks.metrics_file import MetricsFile


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "metrics.csv").open() as stream:
        return list(csv.DictReader(stream))


def steps(folder: Path) -> list[int]:
    return [int(row["step"]) for row in rows(folder)]


def filled(folder: Path, numbers: range) -> MetricsFile:
    table = MetricsFile(str(folder))
    for step in numbers:
        table.log_metrics({"loss": torch.tensor(step / 2)}, step)
    return table


def test_a_row_is_on_the_disk_when_it_was_logged(tmp_path: Path) -> None:
    table = MetricsFile(str(tmp_path / "new"))
    for step in range(3):
        table.log_metrics({"loss": torch.tensor(step / 2), "epoch": 0}, step)
        assert steps(tmp_path / "new") == list(range(step + 1))
    assert rows(tmp_path / "new")[1] == {"step": "1", "loss": "0.5", "epoch": "0"}


def test_new_columns_come_at_the_right_and_old_rows_stay(tmp_path: Path) -> None:
    table = filled(tmp_path, range(2))
    table.log_metrics({"val/psnr": 30.0}, 1)
    table.log_metrics({"loss": 0.25}, 2)
    assert (tmp_path / "metrics.csv").read_text().splitlines() == [
        "step,loss,val/psnr",
        "0,0.0,",
        "1,0.5,",
        "1,,30.0",
        "2,0.25,",
    ]


def test_a_run_that_is_not_resumed_begins_anew(tmp_path: Path) -> None:
    filled(tmp_path, range(3))
    filled(tmp_path, range(1))
    assert steps(tmp_path) == [0]


def test_a_resumed_one_drops_what_came_after_its_checkpoint(tmp_path: Path) -> None:
    filled(tmp_path, range(6))
    with (tmp_path / "metrics.csv").open("a") as stream:
        stream.write("6,3.")  # a kill cut it off
    table = MetricsFile(str(tmp_path))
    table.keep(3, 3)  # row 3 was written after the checkpoint, but belongs to its step
    assert table.rows == 4
    table.log_metrics({"loss": 7.0}, 4)
    assert steps(tmp_path) == [0, 1, 2, 3, 4]
    assert rows(tmp_path)[-1]["loss"] == "7.0"
    table.keep(2, None)
    assert steps(tmp_path) == [0, 1]
    table.keep(None, None)  # a checkpoint of an older version does not know
    assert steps(tmp_path) == [0, 1]


def log_on(folder: Path, logged: Any) -> None:
    table = MetricsFile(str(folder))
    for step in count():
        table.log_metrics({"loss": 1 / 3, f"column {step // 20}": 2 / 3}, step)
        logged.value = step


def test_kills_cost_at_most_the_last_row(tmp_path: Path) -> None:
    """Of tables that grow by rows, and by columns now and then."""
    fork = multiprocessing.get_context("fork")
    for life in range(20):
        folder, logged = tmp_path / str(life), fork.Value("i", -1)
        process = fork.Process(target=log_on, args=(folder, logged))
        process.start()
        while logged.value < 13 * life:
            time.sleep(1e-3)
        process.kill()
        process.join()
        MetricsFile(str(folder)).keep(None, None)
        assert steps(folder) in [list(range(logged.value + more)) for more in (1, 2)]


def test_a_disk_that_refuses_costs_no_row(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The system itself refuses: files of this process may not grow further."""
    table = filled(tmp_path, range(20))
    before = (tmp_path / "metrics.csv").read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 3, limits[1]))
    try:
        for step in (20, 21):
            table.log_metrics({"loss": 1.0}, step)  # an appended row
            assert (tmp_path / "metrics.csv").read_bytes() == before
        table.log_metrics({"loss": 1.0, "new": 2.0}, 22)  # the whole table
        assert (tmp_path / "metrics.csv").read_bytes() == before
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert caplog.text.count("metrics.csv is behind, training goes on") == 1
    table.log_metrics({"loss": 1.0}, 23)
    assert steps(tmp_path) == list(range(24))
    assert rows(tmp_path)[22]["new"] == "2.0"
