"""Where a run goes on."""

import logging
import os
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from lightning.pytorch import LightningDataModule, Trainer

from deblurkit.callbacks.resume import LAST, PREVIOUS
from deblurkit.checkpoint import require_fit
from deblurkit.commands.shared.checkpoint_io import read_sound, require_run
from deblurkit.commands.shared.record import CONFIG, set_aside_all
from deblurkit.commands.train.changes import (
    require_batches_to_come,
    require_changes_that_act,
    require_own_weights,
)
from deblurkit.commands.train.torchrun import RESTARTS
from deblurkit.errors import InputError
from deblurkit.methods.frame.base import RestorationMethod
from deblurkit.methods.frame.network import NetworkMethod
from deblurkit.storage import set_aside, sweep_below

log = logging.getLogger(__name__)

# By a run, beside those.
WRITTEN = (CONFIG, "metrics.csv", "scores/val.csv", "scores/test.csv", "pictures")
STARTER = "TORCHELASTIC_RUN_ID"  # set where torchrun starts the processes


def resume_checkpoint(folder: Path) -> Path:
    """The newest sound checkpoint of a run folder; damaged ones are set aside and said.

    Raises:
        InputError: If there is none: a resume never starts anew in silence.
    """
    steps: dict[Path, int] = {}
    damaged = []
    for path in checkpoints(folder):
        if path.is_file():
            try:
                steps[path] = int(read_sound(path)["global_step"])
            except InputError as error:
                if isinstance(error.__cause__, FileNotFoundError):
                    continue  # another device has just set it aside
                if isinstance(error.__cause__, OSError):  # the file may be as good as ever
                    raise
                damaged.append(str(error))
                set_aside(path, ".damaged")
    for words in damaged:
        log.warning("%s; it was renamed to *.damaged", words)
    if not steps:
        reason = f"no sound checkpoint ({'; '.join(damaged)})" if damaged else f"no {LAST}"
        raise InputError(f"{folder} holds {reason} to resume from; start a new run without it")
    return max(steps, key=lambda path: steps[path])


def make_ready(folder: Path, resumed: Path | None) -> None:
    """Rid a run folder of what killed writers left there, and a fresh run of an earlier one's.

    A checkpoint of another run with more steps would pass for this one's newest.

    Args:
        folder: Of the run.
        resumed: Checkpoint from which it goes on; None for a fresh run.
    """
    sweep_below(folder)
    if not resumed:
        set_aside_all(folder, [*(path.name for path in checkpoints(folder)), *WRITTEN])


def checkpoints(folder: Path) -> list[Path]:
    """Those of a run, there or not; of equally new ones the first counts."""
    return [folder / name for name in (LAST, PREVIOUS, "best.ckpt")]


def validate_checkpoint(
    checkpoint: Path,
    method: RestorationMethod,
    *,
    trainer: Trainer,
    data: LightningDataModule,
    weights: str | None,
) -> None:
    """Look at a checkpoint before it is resumed; say where the run goes on.

    Args:
        checkpoint: In the folder of its run.
        method: As the config of now has it.
        trainer: That will go on.
        data: As the config of now has it.
        weights: To start from, by the config of now.

    Raises:
        InputError: If it belongs to another method, or is none of a run, or the config asks for a
            change that could not act any more.
    """
    content = read_sound(checkpoint)
    require_run(content, origin=checkpoint)
    require_own_weights(checkpoint.parent, weights)
    require_changes_that_act(content, method)
    require_batches_to_come(content, data)
    if isinstance(method, NetworkMethod):  # a solver's state is made as it is loaded
        require_fit(content["state_dict"], method, origin=checkpoint)
    epochs = epochs_of(content)
    require_epochs_to_come(epochs, trainer)
    if not trainer.is_global_zero:
        return
    if trainer.max_epochs is not None and 0 <= trainer.max_epochs <= epochs:
        log.info(
            "this run is finished (%d epochs), so nothing is trained; to train on, add "
            "trainer.max_epochs=<more>",
            epochs,
        )
    else:
        log.info("going on from %s, step %d", checkpoint, content["global_step"])


def require_epochs_to_come(epochs: int, trainer: Trainer) -> None:
    """Refuse a plan that is shorter than what a run has done.

    Args:
        epochs: That the run has finished.
        trainer: That is to go on.

    Raises:
        InputError: If it is to end earlier.
    """
    if trainer.max_epochs is not None and 0 <= trainer.max_epochs < epochs:
        raise InputError(
            f"this run has done {epochs} epochs, trainer.max_epochs={trainer.max_epochs} would end "
            "before that: leave it out, or give more"
        )


def epochs_of(content: dict[str, Any]) -> int:
    """Epochs that a checkpoint's run had finished, validation and all.

    Raises:
        InputError: If it does not say.
    """
    try:
        return int(content["loops"]["fit_loop"]["epoch_progress"]["current"]["processed"])
    except (LookupError, TypeError, ValueError) as error:
        raise InputError("the checkpoint does not say how many epochs it has had") from error


def restarted(folder: Path) -> bool:
    """Whether torchrun has started this run before and lost a process of it.

    The command line is that of the first start, which resumed nothing. Before the first
    checkpoint was written there is nothing to go on from.

    Raises:
        InputError: If its processes would not find each other's folder.
    """
    if STARTER not in os.environ:
        return False
    if HydraConfig.initialized() and "${now:" in str(raw_run_folder()):
        raise InputError(
            "torchrun starts every process anew, so all of them need a run folder whose name does "
            "not depend on the time: add hydra.run.dir=runs/<name>"
        )
    begun = any(path.is_file() for path in checkpoints(folder))
    again = int(os.environ.get(RESTARTS, "0")) > 0
    if again and not begun:
        log.warning("restarted before the first checkpoint was written: starting anew")
    return again and begun


def raw_run_folder() -> Any:
    """Where the folder of a run is to be, before the time is put in."""
    node: Any = HydraConfig.get().run
    return node._get_node("dir")._value()
