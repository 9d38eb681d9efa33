"""Checkpoints from which a run goes on bit by bit as if it had never stopped."""

import random
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint

from deblurkit.contracts import Remembering


class ExactResume(Checkpoint):
    """Writes ``last.ckpt`` and keeps what each device has for itself in each checkpoint.

    That is its random states, and what `Remembering` modules remember.

    A checkpoint at an epoch's border is written after the validation: one written before would
    lose the validation of that epoch, and with it perhaps the best weights. It is a ``Checkpoint``
    so that Lightning calls it after the callbacks whose state it saves.

    Args:
        folder: Folder of the run.
        every_n_batches: Also write after every so many training batches.
    """

    def __init__(self, folder: str, every_n_batches: int | None = None) -> None:
        self.path = Path(folder) / "last.ckpt"
        self.every_n_batches = every_n_batches
        self._states: list[dict[str, Any]] | None = None

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Write inside an epoch."""
        batches = trainer.fit_loop.total_batch_idx + 1
        due = self.every_n_batches is not None and batches % self.every_n_batches == 0
        if due and not trainer.is_last_batch:
            trainer.save_checkpoint(self.path)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write at the border."""
        trainer.save_checkpoint(self.path)

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Add the random states of all devices, and what their modules remember."""
        checkpoint["random_states"] = of_all_devices(trainer, random_states())
        checkpoint["memories"] = of_all_devices(trainer, memories(pl_module))

    def on_load_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Take over memories; keep random states until the first batch: setting up draws, too."""
        self._states = checkpoint.get("random_states")
        remembered = checkpoint.get("memories", [])
        if trainer.global_rank < len(remembered):
            for name, memory in remembered[trainer.global_rank].items():
                cast("Remembering", pl_module.get_submodule(name)).remember(memory)

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Go on with the random numbers of the run."""
        if self._states is not None and trainer.global_rank < len(self._states):
            set_random_states(self._states[trainer.global_rank])
        self._states = None


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
