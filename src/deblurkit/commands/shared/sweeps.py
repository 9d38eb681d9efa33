"""A sweep's folder, and what became of each of its jobs.

Nothing heavy is imported here: a sweep waits, its jobs compute.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any, ClassVar

from hydra.core.hydra_config import HydraConfig
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

from deblurkit.storage import as_json, replacing, set_aside

TABLE = "sweep.csv"
JOBS = ".jobs"  # folder of the records, in the sweep's
# Of a record; what a later one says counts.
PARTS = ("begun", "compared", "finished", "failed", "ended")
STARTED, FINISHED, FAILED = "started", "finished", "failed"


class Sweep(Callback):
    """Remembers where the sweep is: Hydra tells its jobs only, which may run in other processes.

    Attributes:
        folder: Of the sweep; none in a single run.
    """

    folder: ClassVar[Path | None] = None

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Refuse to be one sweep of several; forget the jobs of an older one in this folder.

        The table of the older one is renamed to ``sweep.csv.earlier``.

        Raises:
            SystemExit: With a sentence; Hydra passes over everything else that a callback raises.
        """
        if int(os.environ.get("WORLD_SIZE", os.environ.get("SLURM_STEP_NUM_TASKS", "1"))) > 1:
            print(
                "deblurkit: each of these processes would run a sweep of its own; start the sweep "
                "once, without torchrun or srun: each job starts its devices itself",
                file=sys.stderr,
            )
            sys.exit(2)
        Sweep.folder = folder_of(config.hydra)
        for record in (Sweep.folder / JOBS).glob("*.json"):
            record.unlink()
        if (Sweep.folder / TABLE).is_file():
            set_aside(Sweep.folder / TABLE, ".earlier")


def folder_of(hydra: Any) -> Path:
    """Folder of a sweep, out of Hydra's own config; a job may have changed the working folder."""
    return (Path(hydra.runtime.cwd) / hydra.sweep.dir).resolve()


def begin(**facts: Any) -> None:
    """Start this job's record anew.

    Args:
        **facts: What is known before it runs: ``job``, its number; ``overrides``; ``folder``;
            ``monitor``, the name of what its best checkpoint is chosen by.
    """
    folder, number = _job()
    for old in (folder / JOBS).glob(f"{number}.*.json"):
        old.unlink()
    _note("begun", {"status": STARTED, **facts})


def compared_by(direction: str) -> None:
    """Note which value of what this job's best checkpoint is chosen by is best.

    Args:
        direction: ``max`` or ``min``.
    """
    _note("compared", {"direction": direction})


def finished(value: float | None) -> None:
    """Note that this job has come to its end; each of its devices says so.

    Args:
        value: Of what the job's best checkpoint was chosen by.
    """
    _note("finished", {"status": FINISHED, "value": value})


def failed(reason: str) -> None:
    """Note why this job has failed; that counts also if one of its devices has finished."""
    if "reason" not in of_this_job():  # what comes later follows from it
        _note("failed", {"status": FAILED, "value": None, "reason": reason})


def ended(seconds: float) -> None:
    """Note how long this job took."""
    _note("ended", {"seconds": seconds})


def of_this_job() -> dict[str, Any]:
    """The record of this job; empty in a single run."""
    folder, number = _job()
    return {} if number is None else record(folder, number)


def record(folder: Path, number: int) -> dict[str, Any]:
    """What was noted of a job.

    Args:
        folder: Of the sweep.
        number: Of the job.
    """
    files = [folder / JOBS / f"{number}.{part}.json" for part in PARTS]
    noted: dict[str, Any] = {}
    for file in files:
        noted |= json.loads(file.read_text("utf-8")) if file.is_file() else {}
    if isinstance(noted.get("value"), str):  # a number that is not finite
        noted["value"] = float(noted["value"])
    return noted


def records(folder: Path) -> list[dict[str, Any]]:
    """What was noted of each job of a sweep, in their order."""
    begun = (folder / JOBS).glob("*.begun.json")
    return [
        record(folder, number) for number in sorted(int(file.name.split(".")[0]) for file in begun)
    ]


def _job() -> tuple[Path, int | None]:
    """Folder of the sweep, and number of this job; none in a single run."""
    hydra = HydraConfig.get() if HydraConfig.initialized() else None
    if hydra is None or OmegaConf.is_missing(hydra.job, "num"):
        return Path(), None
    return folder_of(hydra), int(hydra.job.num)


def _note(part: str, facts: dict[str, Any]) -> None:
    """Write a part of this job's record, if there is one.

    Each part is a file: devices that end together do not undo what the others note.
    """
    folder, number = _job()
    if number is not None and (part == PARTS[0] or of_this_job()):
        with replacing(folder / JOBS / f"{number}.{part}.json") as stream:
            stream.write(as_json(facts))
