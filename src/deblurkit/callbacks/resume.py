"""Checkpoints from which a run goes on bit by bit as if it had never stopped."""

import logging
import random
import signal
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any, cast

import numpy as np
import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint, ModelCheckpoint
from lightning.pytorch.trainer.states import TrainerFn

from deblurkit.callbacks.metrics_file import MetricsFile
from deblurkit.callbacks.picture_callback import PictureCallback, Stage
from deblurkit.callbacks.signals import TERMINATED, Signals
from deblurkit.contracts import Remembering
from deblurkit.lightning_private import accumulates, steps_logged

log = logging.getLogger(__name__)

LAST, PREVIOUS = "last.ckpt", "previous.ckpt"


class ExactResume(PictureCallback, Checkpoint):
    """Writes ``last.ckpt`` and keeps what each device has for itself in each checkpoint.

    That is its random states, and what `Remembering` modules remember. ``previous.ckpt`` is the
    one before, should the newest be damaged one day.

    It writes before each validation and after it, at the epoch's border: from the first a resumed
    run validates anew, so that neither the training before a long validation nor what it finds is
    lost. Inside an epoch it writes where asked: by ``every_n_batches``, by SIGUSR1, and by SIGTERM
    and Ctrl-C, which then end the run with the exit codes 143 and 130. It is a ``Checkpoint`` so
    that Lightning calls it after the callbacks whose state it saves.

    Args:
        folder: Folder of the run.
        every_n_batches: Also write after every so many training batches. Where gradients of
            several batches are gathered it waits for the step that uses them.
    """

    def __init__(self, folder: str, every_n_batches: int | None = None) -> None:
        self.path = Path(folder) / LAST
        self.every_n_batches = every_n_batches
        self.signals = Signals()
        self._states: list[dict[str, Any]] | None = None
        self._due = False  # every_n_batches have passed, perhaps while gradients were gathered

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Listen; the handlers that Lightning has just installed save inside the handler.

        A resumed run that had stopped early has nothing left to train.
        """
        self.signals.listen()
        stoppers = trainer.early_stopping_callbacks
        if any(stopper.wait_count >= stopper.patience for stopper in stoppers):
            trainer.should_stop = True

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Write inside an epoch."""
        batches = trainer.fit_loop.total_batch_idx + 1
        if self.every_n_batches is not None and batches % self.every_n_batches == 0:
            self._due = True
        number = self.signals.agreed(trainer)
        if trainer.is_last_batch or gathers(trainer, pl_module):
            return
        if self._due or number is not None:
            self._save(trainer)
        self._heed(trainer, number)

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write what was trained."""
        if trains(trainer):
            progress: Any = trainer.fit_loop.epoch_loop.val_loop.batch_progress.total
            progress.reset_on_restart()  # a resumed one has counted a picture that it begins anew
            self._draw_on(trainer)
            self._save(trainer)
            self._heed(trainer, self.signals.noted)

    def on_picture_batch(self, stage: Stage, batch: Any, outputs: Any) -> None:
        """Leave a validation early: there is a checkpoint from before it."""
        if trains(stage.trainer):
            self._heed(stage.trainer, self.signals.noted)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write at the border."""
        self._draw_on(trainer)
        number = self.signals.agreed(trainer)
        self._save(trainer)
        self._heed(trainer, number)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Do not begin a test if the signal came since."""
        self._heed(trainer, self.signals.noted)

    def _save(self, trainer: Trainer) -> None:
        trainer.save_checkpoint(self.path, storage_options={"keep": self.path.parent / PREVIOUS})
        self._due = False

    def _heed(self, trainer: Trainer, number: int | None) -> None:
        """Do what a signal asked for, now that the checkpoint is written.

        Raises:
            SystemExit: For SIGTERM.
            KeyboardInterrupt: For Ctrl-C.
        """
        if number is None:
            return
        self.signals.noted = None
        name = signal.Signals(number).name
        log.info("%s: saved at step %d in %s", name, trainer.global_step, self.path)
        if number == signal.SIGTERM:
            log.warning("ended by SIGTERM; go on with: deblurkit-train resume=%s", self.path.parent)
            raise SystemExit(TERMINATED)
        if number == signal.SIGINT:
            raise KeyboardInterrupt

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Add the random states of all devices, what their modules remember, and the table."""
        checkpoint["random_states"] = of_all_devices(trainer, random_states())
        checkpoint["memories"] = of_all_devices(trainer, memories(pl_module))
        loop = trainer.fit_loop.epoch_loop
        progress: Any = loop.batch_progress.total
        inside = progress.completed < progress.processed
        for table in tables(trainer):  # a step's last numbers are written after it
            step = steps_logged(trainer) if inside else None
            checkpoint["metrics"] = {"rows": table.rows, "step": step}
        if trainer.validating and loop.val_loop.batch_progress.current.ready == 0:
            # Lightning validates anew where it was stopped inside the first picture.
            counters = checkpoint["loops"]["fit_loop"]["epoch_loop.val_loop.batch_progress"]
            for counts in (counters["total"], counters["current"]):
                counts["ready"] += 1
                counts["started"] += 1

    def on_load_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Take over memories; keep random states until it trains: setting up draws, too.

        The patience of early stopping is that of now, not the checkpoint's, and so is the folder:
        of a run that was moved, Lightning would forget which score was the best one.
        """
        if not trains(trainer):
            return
        for chooser in trainer.checkpoint_callbacks:
            if (
                isinstance(chooser, ModelCheckpoint)
                and chooser.state_key in checkpoint["callbacks"]
            ):
                state = checkpoint["callbacks"][chooser.state_key]
                checkpoint["callbacks"][chooser.state_key] = moved(state, str(chooser.dirpath))
        for stopping in trainer.early_stopping_callbacks:
            if stopping.state_key in checkpoint["callbacks"]:
                checkpoint["callbacks"][stopping.state_key]["patience"] = stopping.patience
        stored = checkpoint.get("metrics", {})
        for table in tables(trainer):
            table.keep(stored.get("rows"), stored.get("step"))
        self._states = checkpoint.get("random_states")
        remembered = checkpoint.get("memories", [])
        if trainer.global_rank < len(remembered):
            for name, memory in remembered[trainer.global_rank].items():
                cast("Remembering", pl_module.get_submodule(name)).remember(memory)

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Go on with the random numbers of the run."""
        self._draw_on(trainer)

    def _draw_on(self, trainer: Trainer) -> None:
        if self._states is not None and trainer.global_rank < len(self._states):
            set_random_states(self._states[trainer.global_rank])
        self._states = None


def moved(state: Mapping[str, Any], folder: str) -> dict[str, Any]:
    """What a ModelCheckpoint remembers, with its files in another folder.

    Args:
        state: Of the callback.
        folder: Where the run lies now.
    """

    def here(path: str) -> str:
        return str(Path(folder) / PurePath(path).name) if path else path

    paths = ("best_model_path", "kth_best_model_path", "last_model_path")
    return {
        **state,
        "dirpath": folder,
        **{key: here(state[key]) for key in paths if key in state},
        "best_k_models": {here(path): score for path, score in state["best_k_models"].items()},
    }


def trains(trainer: Trainer) -> bool:
    """Whether a training is going on, and not its trial of the validation."""
    return trainer.state.fn is TrainerFn.FITTING and not trainer.sanity_checking


def gathers(trainer: Trainer, method: LightningModule) -> bool:
    """Whether gradients wait for a later batch; no checkpoint holds them."""
    if method.automatic_optimization:
        return accumulates(trainer)
    return any(getattr(method, "descents", {}).values())


def tables(trainer: Trainer) -> list[MetricsFile]:
    """The tables among the loggers."""
    return [logger for logger in trainer.loggers if isinstance(logger, MetricsFile)]


def of_all_devices(trainer: Trainer, own: dict[str, Any]) -> list[dict[str, Any]]:
    """What every device has, in their order; all devices must ask."""
    if trainer.world_size == 1:
        return [own]
    states: list[dict[str, Any]] = [{} for _ in range(trainer.world_size)]
    torch.distributed.all_gather_object(states, own)
    return states


def memories(method: LightningModule) -> dict[str, torch.Tensor]:
    """What the modules of a method remember, by their names."""
    remembering = ((n, m) for n, m in method.named_modules() if isinstance(m, Remembering))
    return {name: module.memory() for name, module in remembering}


def random_states() -> dict[str, Any]:
    """States of this process's generators, as tensors and plain lists."""
    version, numbers, gauss = random.getstate()
    _, key, position, has_gauss, cached = np.random.get_state()
    return {
        "python": [version, list(numbers), gauss],
        "numpy": [np.asarray(key).tolist(), int(position), int(has_gauss), float(cached)],
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state() if torch.cuda.is_initialized() else None,
    }


def set_random_states(states: dict[str, Any]) -> None:
    """Undo what happened to them since."""
    version, numbers, gauss = states["python"]
    random.setstate((version, tuple(numbers), gauss))
    key, position, has_gauss, cached = states["numpy"]
    np.random.set_state(("MT19937", np.array(key, np.uint32), position, has_gauss, cached))
    torch.set_rng_state(states["torch"].cpu())
    if states["cuda"] is not None and torch.cuda.is_available():
        torch.cuda.set_rng_state(states["cuda"].cpu())
