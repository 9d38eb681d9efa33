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
from kill_runs import TESTS, TRUSTED, arguments, outcome, started, trained
from killing import kill_at
from running import differing

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


@pytest.mark.parametrize(("moment", "number"), [("validation", 4), ("border", 2)])
def test_a_kill_after_the_last_iteration_adds_none(moment: str, number: int, place: Path) -> None:
    """The pictures are solved inside an epoch, which ends there, with a validation of its own."""
    assert trained(arguments("per picture"), place) == 0
    expected = outcome(place / "run")
    (place / "run").rename(place / "whole")
    given = [*arguments("per picture"), kill_at(moment, number)]
    assert trained(given, place) == -signal.SIGKILL
    assert trained(RESUMED, place) == 0
    assert differing(expected, outcome(place / "run")) == []


def test_a_run_that_has_stopped_early_has_stopped(place: Path) -> None:
    """Its last epoch is the second of three, for a score that cannot rise by a hundred decibel."""
    stops = "{_target_:lightning.pytorch.callbacks.EarlyStopping,monitor:val/psnr,mode:max"
    early = f"+callbacks.early_stopping={stops},patience:1,min_delta:100}}"
    assert trained([*arguments("automatic"), early, kill_at("validation", 2)], place) != 0
    for _ in range(2):  # from inside the last validation; from the end
        assert trained(RESUMED, place) == 0
        assert step_of(place / "run" / "last.ckpt") == 8
    assert trained([*RESUMED, "callbacks.early_stopping=null"], place) == 0
    assert step_of(place / "run" / "last.ckpt") == 12


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
        often(signal.SIGTERM, 143, "write", 2, 4),  # two are of metrics.csv
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
@pytest.mark.parametrize("meeting", ["--standalone", "--rdzv-backend=static"])
def test_torchrun_resumes_when_a_rank_is_killed(meeting: str, place: Path) -> None:
    assert started(arguments("automatic, 2 ranks"), place) == 0
    expected = outcome(place / "run")
    (place / "run").rename(place / "whole")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = f"--master-port={free.getsockname()[1]}"
    torchrun = ("-m", "torch.distributed.run", meeting, port, "--nproc-per-node=2")
    given = [*arguments("automatic, 2 ranks"), kill_at("step", 6, rank=1)]
    done = subprocess.run(
        [sys.executable, *torchrun, "--max-restarts=1", "-m", "deblurkit.cli.train", *given],
        cwd=place,
        env=os.environ | {"PYTHONPATH": str(TESTS / "support"), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=540,
        check=False,
    )
    printed = done.stdout + done.stderr
    assert done.returncode == 0, printed
    assert f"going on from {place / 'run' / 'last.ckpt'}, step" in printed
    assert differing(expected, outcome(place / "run")) == []
