"""Small data modules, and what a training reads of them."""

from typing import Any

from lightning.pytorch import LightningModule, Trainer
from small_sources import Numbered

from deblurkit.data.blur.shapes import Line
from deblurkit.data.blur.synthesis import BlurSynthesis
from deblurkit.data.module import PictureDataModule
from deblurkit.data.sources.base import Source


def line_blur(*, block: int = 16) -> BlurSynthesis:
    return BlurSynthesis(family=Line(size=7, length=(2, 6)), seed=0, block=block)


def module(train: dict[str, Source] | None = None, **given: Any) -> PictureDataModule:
    settings = {
        "val": None,
        "test": None,
        "crop": 8,
        "batch_size": 2,
        "batches_per_epoch": 3,
        "workers": 0,
        "seed": 0,
        "check": "off",
    }
    return PictureDataModule(train=train or {"paired": Numbered(5)}, **(settings | given))


class Watcher(LightningModule):
    """Trains nothing and keeps what it is given."""

    def __init__(self, stop_after: int | None = None) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.seen: list[Any] = []
        self.stop_after = stop_after

    def training_step(self, batch: Any, batch_idx: int) -> None:
        self.seen.append(batch)
        self.trainer.should_stop = len(self.seen) == self.stop_after

    def configure_optimizers(self) -> None:
        return None


def trained(data: PictureDataModule, epochs: int = 1, stop_after: int | None = None) -> list[Any]:
    watcher = Watcher(stop_after)
    trainer = Trainer(
        max_epochs=epochs,
        logger=False,
        accelerator="cpu",
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
    )
    trainer.fit(watcher, data)
    return watcher.seen
