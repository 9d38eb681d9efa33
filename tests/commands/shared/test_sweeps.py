"""What is noted of a sweep's jobs."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf

from deblurkit.commands.shared import sweeps


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Path]:
    """Folder of a sweep, whose job 3 this process is."""
    config = HydraConfig.instance()
    before = config.cfg
    hydra = {"job": {"num": 3}, "sweep": {"dir": "sweep"}, "runtime": {"cwd": str(tmp_path)}}
    config.cfg = OmegaConf.create({"hydra": hydra})
    yield tmp_path / "sweep"
    config.cfg = before


def test_what_a_device_notes_counts_whatever_the_others_note(job: Path) -> None:
    sweeps.begin(job=3, overrides=["lr=1"])
    assert sweeps.of_this_job() == {"status": "started", "job": 3, "overrides": ["lr=1"]}
    sweeps.finished(27.5)
    sweeps.ended(60.0)
    assert (sweeps.of_this_job()["status"], sweeps.of_this_job()["value"]) == ("finished", 27.5)
    sweeps.failed("the disk is full")  # on another device
    sweeps.failed("the other device has gone")
    sweeps.finished(27.5)
    (noted,) = sweeps.records(job)
    assert (noted["status"], noted["reason"]) == ("failed", "the disk is full")
    assert (noted["value"], noted["seconds"]) == (None, 60.0)


def test_a_job_that_is_done_again_forgets_how_it_ended(job: Path) -> None:
    sweeps.begin(job=3)
    sweeps.failed("no")
    sweeps.begin(job=3)
    assert sweeps.of_this_job() == {"status": "started", "job": 3}


def test_a_single_run_notes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    sweeps.finished(1.0)
    sweeps.failed("no")
    assert sweeps.of_this_job() == {}
    assert list(tmp_path.iterdir()) == []


def test_the_table_of_another_sweep_in_the_folder_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    monkeypatch.setattr(sweeps.Sweep, "folder", None)
    (tmp_path / "sweep.csv").write_text("job,lr")
    hydra = {"runtime": {"cwd": str(tmp_path)}, "sweep": {"dir": "."}}
    sweeps.Sweep().on_multirun_start(OmegaConf.create({"hydra": hydra}))
    assert [file.name for file in tmp_path.iterdir()] == ["sweep.csv.earlier"]
    assert (tmp_path / "sweep.csv.earlier").read_text() == "job,lr"
