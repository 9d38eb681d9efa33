"""Callbacks for tests of sweeps."""

import json
from pathlib import Path

from lightning.pytorch import Callback, LightningModule, Trainer


class KeepRates(Callback):
    """Notes on each device which learning rate it trains with, and in which folder."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        group = trainer.optimizers[0].param_groups[0]
        noted = {"lr": group.get("initial_lr", group["lr"]), "run": trainer.default_root_dir}
        (self.folder / f"rates_{trainer.global_rank}.json").write_text(json.dumps(noted))


class Refuse(Callback):
    """Fails on one device, in one job."""

    def __init__(self, rank: int, lr: float) -> None:
        self.rank, self.lr = rank, lr

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: object, batch_idx: int
    ) -> None:
        group = trainer.optimizers[0].param_groups[0]
        if trainer.global_rank == self.rank and group.get("initial_lr", group["lr"]) == self.lr:
            raise RuntimeError("this device does not like it")
