"""What callbacks that look at pictures share: one hook for every stage."""

from abc import abstractmethod
from typing import Any, NamedTuple

from lightning.pytorch import Callback, LightningModule, Trainer


class Stage(NamedTuple):
    """Where a batch of pictures was restored."""

    name: str  # val or test, as names of what is logged begin
    trainer: Trainer
    batch_index: int  # of this device, from 0


class PictureCallback(Callback):
    """Looks at what a method made of each batch of a validation or a test.

    A callback writes ``on_picture_batch``.
    """

    @abstractmethod
    def on_picture_batch(self, stage: Stage, batch: Any, outputs: Any) -> None:
        """Look at a batch.

        Args:
            stage: Validation or test.
            batch: What was restored, with ``name`` and ``blurred``.
            outputs: What the method returned, with ``restored``.
        """

    def on_validation_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Hand on a batch of a validation."""
        self.on_picture_batch(Stage("val", trainer, batch_idx), batch, outputs)

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Hand on a batch of a test."""
        self.on_picture_batch(Stage("test", trainer, batch_idx), batch, outputs)
