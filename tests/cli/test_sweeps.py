"""Sweeps as they are called: every device of a job trains what the table says, alone."""

import csv
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from threading import Timer

import pytest
import torch
from running import SMALL, command_line, differing

from deblurkit.cli.jobs import exit_code

OWN = ("--config-dir", str(Path(__file__).parents[1] / "conf"), "model=toy_direct")
TINY = ("model=dclnet_tiny", "model.backbone.channels=4", "model.backbone.blocks=1")
DDP = ("trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2", "trainer.precision=32-true")
VAL = "data.val.names=[rocket,chelsea]"
NOTES = (
    "trust=[toys,toys_sweep]",
    "+callbacks.keep={_target_:toys.KeepRanks,folder:'${paths.run}/ranks'}",
    "+callbacks.rates={_target_:toys_sweep.KeepRates,folder:'${paths.run}/ranks'}",
)


def table(sweep: Path) -> list[dict[str, str]]:
    """The table that a sweep has written."""
    return list(csv.DictReader((sweep / "sweep.csv").open()))


def weights(run: Path, rank: int) -> dict[str, torch.Tensor]:
    """What a device held at the end of a run."""
    stored: dict[str, torch.Tensor] = torch.load(run / "ranks" / f"rank_{rank}.pt")
    return stored


def rate(run: Path, rank: int) -> float:
    """The learning rate that a device of a run trained with."""
    noted = json.loads((run / "ranks" / f"rates_{rank}.json").read_text())
    assert noted["run"] == str(run), "it took another folder"
    return float(noted["lr"])


def test_devices_of_a_sampled_job_train_the_same(tmp_path: Path) -> None:
    sweep = tmp_path / "two words"
    printed = command_line(
        *(
            "train",
            "hparams_search=optuna",
            "hydra.sweeper.n_trials=2",
            "hydra.sweeper.sampler.seed=5",
        ),
        *(*TINY, *DDP, VAL, *NOTES, "hydra.sweep.dir='two words'"),
        folder=tmp_path,
    )
    rows = table(sweep)
    chosen = [float(row["model.optimizer.lr"]) for row in rows]
    assert chosen[0] != chosen[1]
    for row, lr in zip(rows, chosen, strict=True):
        run = sweep / row["job"]
        assert row["status"] == "finished"
        assert row["folder"] == str(run)
        assert rate(run, 0) == rate(run, 1) == lr
        assert differing(weights(run, 0), weights(run, 1)) == []
    best = max(rows, key=lambda row: float(row["val/psnr"]))
    assert f"best val/psnr: {float(best['val/psnr']):.2f} of job {best['job']}" in printed
    # Nobody but the two jobs has made a folder.
    folders = {path.name for path in sweep.iterdir() if path.is_dir()}
    assert folders == {"0", "1", ".jobs"}
    assert [path.name for path in tmp_path.iterdir()] == [sweep.name]


@pytest.mark.slow
def test_a_grid_on_two_devices_begins_with_the_single_run(tmp_path: Path) -> None:
    given = (*OWN, *DDP, VAL, *NOTES)
    swept = ("-m", "model.lr=1e-2,2e-2", "hydra.sweep.dir=sweep")
    command_line("train", *given, *swept, folder=tmp_path)
    command_line("train", *given, "model.lr=1e-2", "hydra.run.dir=single", folder=tmp_path)
    for row, lr in zip(table(tmp_path / "sweep"), (1e-2, 2e-2), strict=True):
        run = tmp_path / "sweep" / row["job"]
        assert rate(run, 0) == rate(run, 1) == float(row["model.lr"]) == lr
        assert differing(weights(run, 0), weights(run, 1)) == []
    first, second, single = (tmp_path / run for run in ("sweep/0", "sweep/1", "single"))
    assert differing(weights(first, 0), weights(single, 0)) == []
    assert differing(weights(first, 0), weights(second, 0))


def test_a_failed_job_costs_the_others_nothing_but_the_command_says_so(tmp_path: Path) -> None:
    given = (*OWN, "data.val.names=[rocket]", *NOTES)
    swept = ("-m", "model.lr=fast,1e-2", "hydra.sweep.dir=sweep")
    printed = command_line("train", *given, *swept, folder=tmp_path, code=1)
    assert "Traceback" not in printed
    failed, finished = table(tmp_path / "sweep")
    assert (failed["status"], finished["status"]) == ("failed", "finished")
    assert failed["reason"] == "lr='fast' does not fit toys.Direct: it takes float"
    assert f"job 0 failed: {failed['reason']}" in printed
    assert failed["val/psnr"] == ""
    command_line("train", *given, "model.lr=1e-2", "hydra.run.dir=single", folder=tmp_path)
    one, other = tmp_path / "sweep" / "1", tmp_path / "single"
    assert differing(weights(one, 0), weights(other, 0)) == []
    scores = Path("scores") / "val.csv"
    assert (one / scores).read_text() == (other / scores).read_text()


@pytest.mark.slow
@pytest.mark.parametrize("rank", [0, 1])
def test_a_device_that_fails_takes_its_job_along_and_no_other(rank: int, tmp_path: Path) -> None:
    refuse = f"+callbacks.refuse={{_target_:toys_sweep.Refuse,rank:{rank},lr:0.01}}"
    swept = ("-m", "model.lr=1e-2,2e-2", "hydra.sweep.dir=sweep")
    command_line("train", *OWN, *DDP, VAL, *NOTES, refuse, *swept, folder=tmp_path, code=1)
    failed, finished = table(tmp_path / "sweep")
    assert "this device does not like it" in failed["reason"]
    assert finished["status"] == "finished"
    run = tmp_path / "sweep" / "1"
    assert differing(weights(run, 0), weights(run, 1)) == []


def test_submitit_runs_jobs_that_come_back_into_the_table(tmp_path: Path) -> None:
    swept = ("-m", "hydra/launcher=submitit_local", "model.lr=fast,1e-2", "hydra.sweep.dir=sweep")
    given = (*OWN, VAL, "data.test={names:[rocket]}", *NOTES)
    command_line("train", *given, *swept, folder=tmp_path, code=1)
    failed, finished = table(tmp_path / "sweep")
    assert failed["reason"] == "lr='fast' does not fit toys.Direct: it takes float"
    assert finished["status"] == "finished"
    assert rate(tmp_path / "sweep" / "1", 0) == float(finished["model.lr"]) == 1e-2
    (picture,) = csv.DictReader((tmp_path / "sweep" / "1" / "scores" / "test.csv").open())
    assert float(finished["test/rgb8/psnr"]) == float(picture["rgb8/psnr"])


def test_what_an_extra_brings_is_asked_for_by_name(tmp_path: Path) -> None:
    without = "import sys; sys.modules['hydra_plugins'] = None; "
    command = without + "from deblurkit.cli.train import main; main()"
    for given, missing in (
        (("-m", "hparams_search=optuna"), "hydra/sweeper/optuna"),
        (("-m", "hydra/launcher=submitit_slurm"), "hydra/launcher/submitit_slurm"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", command, *given],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        said = f"deblurkit: {missing} needs an extra: pip install deblurkit[sweep]\n"
        assert (done.returncode, done.stderr) == (2, said)
    assert list(tmp_path.iterdir()) == []


def test_several_processes_do_not_run_a_sweep_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("WORLD_SIZE", "SLURM_STEP_NUM_TASKS"):  # torchrun's, srun's
        with monkeypatch.context() as patched:
            patched.setenv(variable, "2")
            printed = command_line("train", "-m", "model.lr=1,2", *OWN, folder=tmp_path, code=2)
        assert printed.startswith("deblurkit: each of these processes would run a sweep of its own")
        assert len(printed.splitlines()) == 1
        assert list(tmp_path.iterdir()) == []


def test_a_run_that_goes_on_is_one_run(tmp_path: Path) -> None:
    printed = command_line("train", "-m", "resume=run", folder=tmp_path, code=2)
    assert printed == (
        "deblurkit: resume= goes on with one run: leave -m out, and resume each job by itself\n"
    )


# A job with a device of its own; it notes which signal ended it, and ends with code 7.
JOB = """
import signal, subprocess, sys, time
from pathlib import Path

device = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
Path("device").write_text(str(device.pid))

def end(number, frame):
    Path("ended_by").write_text(signal.Signals(number).name)
    sys.exit(7)

signal.signal(signal.SIGINT, end)
signal.signal(signal.SIGTERM, end)
Path("ready").touch()
time.sleep(float(sys.argv[1]))
sys.exit(int(sys.argv[2]))
"""


def lives(process: int) -> bool:
    """Whether a process runs; one that has ended and that nobody has waited for does not."""
    status = Path(f"/proc/{process}/stat")
    return status.is_file() and status.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.skipif(not Path("/proc/self/stat").is_file(), reason="looks at processes by /proc")
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_job_ends_with_its_sweep_and_leaves_no_device(
    number: signal.Signals, code: int, tmp_path: Path
) -> None:
    def send() -> None:
        while not (tmp_path / "ready").exists():
            time.sleep(0.05)
        os.kill(os.getpid(), number)

    usual = signal.default_int_handler if number is signal.SIGINT else signal.SIG_DFL
    before = signal.signal(number, usual)  # nohup and the like ignore some
    try:
        Timer(0, send).start()
        with pytest.raises(SystemExit, match=str(code)):
            exit_code([sys.executable, "-c", JOB, "600", "0"], folder=str(tmp_path))
        assert signal.getsignal(number) is usual
    finally:
        signal.signal(number, before)
    told = "SIGINT" if number is signal.SIGINT else "SIGTERM"
    assert (tmp_path / "ended_by").read_text() == told
    assert gone(int((tmp_path / "device").read_text()))


@pytest.mark.skipif(not Path("/proc/self/stat").is_file(), reason="looks at processes by /proc")
def test_a_failed_job_leaves_no_device(tmp_path: Path) -> None:
    assert exit_code([sys.executable, "-c", JOB, "0", "3"], folder=str(tmp_path)) == 3
    assert gone(int((tmp_path / "device").read_text()))
    killed = "import os; os.kill(os.getpid(), 9)"
    assert exit_code([sys.executable, "-c", killed], folder=str(tmp_path)) == -signal.SIGKILL


def gone(process: int) -> bool:
    """Whether a process ends within seconds."""
    limit = time.monotonic() + 10
    while lives(process) and time.monotonic() < limit:
        time.sleep(0.05)
    return not lives(process)


@pytest.mark.slow
def test_two_tasks_of_slurm_are_the_two_devices_of_one_run(tmp_path: Path) -> None:
    """With the variables of srun, without SLURM: the tasks meet and train the same."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared = {"SLURM_JOB_ID": "1234", "SLURM_JOB_NAME": "train", "SLURM_NTASKS": "2"}
    shared |= {"SLURM_NTASKS_PER_NODE": "2", "SLURM_NNODES": "1", "SLURM_NODEID": "0"}
    shared |= {"SLURM_NODELIST": "127.0.0.1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    shared |= {"PYTHONPATH": str(Path(__file__).parents[1] / "support"), "OMP_NUM_THREADS": "1"}
    given = (*SMALL, *OWN, *DDP, VAL, *NOTES, "hydra.run.dir=run")
    tasks = [
        subprocess.Popen(
            [sys.executable, "-m", "deblurkit.cli.train", *given],
            cwd=tmp_path,
            env={**os.environ, **shared, "SLURM_PROCID": rank, "SLURM_LOCALID": rank},
        )
        for rank in ("0", "1")
    ]
    assert [task.wait(timeout=540) for task in tasks] == [0, 0]
    run = tmp_path / "run"
    assert rate(run, 0) == rate(run, 1) == 1e-2
    assert differing(weights(run, 0), weights(run, 1)) == []
    rows = list(csv.DictReader((run / "scores" / "val.csv").open()))
    assert [row["name"] for row in rows] == ["chelsea", "rocket"]
