"""What is sent to real training processes: kills cost nothing, signals save first."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from killing import kill_at
from running import differing

from training.kill_runs import TESTS, TRUSTED, arguments, outcome, started, trained

RESUMED = ("resume=run", "callbacks.kill=null", TRUSTED)


def place_of(folder: Path) -> Path:
    """Where a run is to be; always the same, because checkpoints hold the path of the best one."""
    place = folder / "current"
    place.mkdir()
    return place


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def whole(folder: Path) -> dict[str, Any]:
    """What the run without any signal leaves behind."""
    place = place_of(folder)
    assert trained(arguments("automatic"), place) == 0
    left = outcome(place / "run")
    place.rename(folder / "whole")
    return left


@pytest.fixture
def place(folder: Path, request: pytest.FixtureRequest) -> Any:
    place = place_of(folder)
    yield place
    place.rename(folder / request.node.name)


def step_of(checkpoint: Path) -> int:
    return int(torch.load(checkpoint, weights_only=True)["global_step"])


def said(place: Path) -> str:
    return (place / "printed.txt").read_text()


def often(*values: Any) -> Any:
    """One more case, for the longer tests."""
    return pytest.param(*values, marks=pytest.mark.slow)


@pytest.mark.parametrize("moment", ["rename", "validation", often("step"), often("write")])
def test_a_kill_costs_nothing(moment: str, place: Path, whole: dict[str, Any]) -> None:
    assert trained([*arguments("automatic"), kill_at(moment, 3, 0.002)], place) == -signal.SIGKILL
    assert trained(RESUMED, place) == 0
    assert differing(whole, outcome(place / "run")) == []
    assert not list((place / "run").rglob("*.part"))


def test_the_command_itself_goes_on_after_a_kill(place: Path, whole: dict[str, Any]) -> None:
    given = [*arguments("automatic"), "data.workers=2", kill_at("step", 9)]
    assert started(given, place) == -signal.SIGKILL
    assert started(RESUMED, place) == 0
    assert differing(whole, outcome(place / "run")) == []


@pytest.mark.parametrize(
    ("sent", "code", "moment", "number", "step"),
    [
        (signal.SIGTERM, 143, "step", 5, 6),
        (signal.SIGTERM, 143, "validation", 0, 4),
        (signal.SIGINT, 130, "step", 5, 6),
        often(signal.SIGTERM, 143, "step", 7, 8),  # the last one of an epoch
        often(signal.SIGTERM, 143, "write", 0, 4),
        often(signal.SIGTERM, 143, "border", 0, 4),
        often(signal.SIGINT, 130, "validation", 1, 4),
    ],
)
def test_asked_to_end_it_saves_the_step_that_it_is_in(
    sent: int, code: int, moment: str, number: int, step: int, place: Path, whole: dict[str, Any]
) -> None:
    given = [*arguments("automatic"), "callbacks.last.every_n_batches=null"]
    assert trained([*given, kill_at(moment, number, sent=sent)], place) == code
    assert step_of(place / "run" / "last.ckpt") == step
    assert "go on with: deblurkit-train resume=" in said(place)
    assert trained([*RESUMED, "callbacks.last.every_n_batches=3"], place) == 0
    assert differing(whole, outcome(place / "run")) == []


def test_asked_to_save_it_saves_and_goes_on(place: Path, whole: dict[str, Any]) -> None:
    given = [*arguments("automatic"), kill_at("step", 6, sent=signal.SIGUSR1)]
    assert trained(given, place) == 0
    assert "SIGUSR1: saved at step 7" in said(place)
    assert differing(whole, outcome(place / "run")) == []


def test_a_full_disk_stops_no_training_and_costs_nothing_once_there_is_room(
    place: Path, whole: dict[str, Any]
) -> None:
    full = "+callbacks.kill={_target_:killing.FullDisk,limit:8000,since:1,until:2}"
    assert trained([*arguments("automatic"), full], place) == 0
    assert "last.ckpt cannot be written: File too large; what was there is kept" in said(place)
    assert "best.ckpt is written now" in said(place)
    assert differing(whole, outcome(place / "run")) == []


def test_a_disk_that_stays_full_keeps_the_old_files_and_is_an_error(place: Path) -> None:
    full = "+callbacks.kill={_target_:killing.FullDisk,limit:8000,since:1,until:9}"
    assert trained([*arguments("automatic"), full], place) == 2
    last_line = said(place).splitlines()[-1]
    assert "last.ckpt could not be written: the disk refused until the end" in last_line
    assert step_of(place / "run" / "last.ckpt") == step_of(place / "run" / "best.ckpt") == 4
    assert trained(RESUMED, place) == 0
    assert step_of(place / "run" / "last.ckpt") == 12


@pytest.mark.slow
def test_ranks_end_together_when_one_is_asked(place: Path) -> None:
    given = [*arguments("automatic, 2 ranks"), "callbacks.last.every_n_batches=null"]
    assert started([*given, kill_at("step", 5, rank=1, sent=signal.SIGTERM)], place) == 143
    assert step_of(place / "run" / "last.ckpt") == 6


@pytest.mark.slow
@pytest.mark.timeout(1200)  # eight starts of a process
def test_torchrun_resumes_when_a_rank_is_killed(folder: Path) -> None:
    place = place_of(folder)
    assert started(arguments("automatic, 2 ranks"), place) == 0
    expected = outcome(place / "run")
    place.rename(folder / "whole_of_two")
    place.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    torchrun = ("-m", "torch.distributed.run", "--nproc-per-node=2", "--max-restarts=1")
    given = [*arguments("automatic, 2 ranks"), kill_at("step", 6, rank=1)]
    done = subprocess.run(
        [sys.executable, *torchrun, f"--master-port={port}", "-m", "deblurkit.cli.train", *given],
        cwd=place,
        env=os.environ | {"PYTHONPATH": str(TESTS), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=540,
        check=False,
    )
    printed = done.stdout + done.stderr
    assert done.returncode == 0, printed
    assert f"going on from {place / 'run' / 'last.ckpt'}, step" in printed
    assert differing(expected, outcome(place / "run")) == []
