"""What all commands share: where configs lie, quick answers, one sentence per mistake.

Nothing heavy is imported here: ``--help``, ``--cfg job`` and completion answer without torch.
"""

import logging
import os
import sys
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hydra
from omegaconf import DictConfig

import deblurkit
from deblurkit.cli.paths import flags_first
from deblurkit.config import conf_dir, run_folder
from deblurkit.errors import InputError

Task = Callable[[DictConfig], Any]


def run_command(config: str, task: Task, folder: Path | None = None) -> None:
    """Compose the config of a command and hand it to its task.

    Args:
        config: Name of the primary config.
        task: Does the work.
        folder: Where the primary config lies; the library's configs if not given.
    """
    if "--version" in sys.argv[1:]:
        print(f"deblurkit {deblurkit.__version__}")
        return
    sys.argv[1:] = flags_first(sys.argv[1:])
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
    path = str(folder or conf_dir())
    decorate = hydra.main(version_base="1.3", config_path=path, config_name=config)
    decorate(guarded(task))()


def guarded(task: Task) -> Task:
    """Turn a user's mistake into a sentence and any other failure into a note of where to look."""

    def run(cfg: DictConfig) -> Any:
        quiet_loggers()
        try:
            return task(cfg)
        except InputError as error:
            complain(str(error))
            sys.exit(2)
        except Exception as error:
            if os.environ.get("HYDRA_FULL_ERROR") == "1":
                raise
            report = Path(run_folder()) / "error.txt"
            report.parent.mkdir(parents=True, exist_ok=True)
            report.write_text(traceback.format_exc())
            last = str(error).strip().splitlines() or [""]
            complain(f"{type(error).__name__}: {last[0]} (the traceback is in {report})")
            sys.exit(1)

    return run


def complain(sentence: str) -> None:
    """Say what is wrong, on the error stream, with the device's number where there are several."""
    rank = os.environ.get("LOCAL_RANK")
    print(f"deblurkit{f' (device {rank})' if rank else ''}: {sentence}", file=sys.stderr)


def quiet_loggers() -> None:
    """Let every line pass once, and only lines that a reader can use."""
    import lightning.pytorch  # noqa: F401  it installs handlers of its own, beside Hydra's

    for name in ("lightning", "lightning.pytorch", "lightning.fabric"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(logging.WARNING)
    for start in (
        ".*LeafSpec",  # torch and lightning between themselves
        ".*Experiment logs directory .* exists",  # the config is written there first
        ".*Checkpoint directory .* exists",
        ".*does not have many workers",
        ".*is smaller than the logging interval",
    ):
        warnings.filterwarnings("ignore", message=start)
