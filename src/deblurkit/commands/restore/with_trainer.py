"""Restoring under a Trainer: on GPUs, on several devices, in other precisions, with callbacks."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from omegaconf import DictConfig, open_dict
from torch.utils.data import DataLoader, IterableDataset

from deblurkit.callbacks.scores import gathered
from deblurkit.commands.restore.devices import Observer, Share
from deblurkit.commands.shared.trainer import make_trainer, wait_for_devices
from deblurkit.contracts import BlurredBatch, Restoration
from deblurkit.errors import InputError
from deblurkit.methods.frame.base import RestorationMethod
from deblurkit.restoring.chain import Restore


class WithTrainer:
    """The devices of ``trainer=``.

    Args:
        cfg: Of the command.
        method: What restores in the end.
    """

    def __init__(self, cfg: DictConfig, method: RestorationMethod) -> None:
        self.method, self.trainer = method, make_trainer(without_bar(cfg), method)

    @property
    def rank(self) -> int:
        """Of this process, from 0."""
        return self.trainer.global_rank

    @property
    def count(self) -> int:
        """Of processes."""
        return self.trainer.world_size

    def run(
        self, restore: Restore, pictures: Iterable[BlurredBatch], observers: Sequence[Observer]
    ) -> None:
        """Restore this device's pictures."""
        self.trainer.callbacks.append(Observed(observers))  # type: ignore[attr-defined]
        loader = DataLoader(PictureStream(pictures), batch_size=None)
        chain = ChainedMethod(self.method, restore)
        self.trainer.predict(chain, loader, return_predictions=False)

    def gathered(self, share: Share) -> list[Share]:
        """Of every device."""
        return gathered([share])

    def wait(self) -> None:
        """Wait for the processes of further devices."""
        wait_for_devices(self.trainer)


def without_bar(cfg: DictConfig) -> DictConfig:
    """The same config without Lightning's bar, which knows neither files nor how many there are."""
    quiet = cfg.copy()
    with open_dict(quiet):
        quiet.trainer.enable_progress_bar = False
    return quiet


class PictureStream(IterableDataset[BlurredBatch]):
    """Pictures as they come, for a loader.

    Args:
        pictures: Batches of one.
    """

    def __init__(self, pictures: Iterable[BlurredBatch]) -> None:
        self.pictures = pictures

    def __iter__(self) -> Iterator[BlurredBatch]:
        yield from self.pictures


class Observed(Callback):
    """Hands every picture of a prediction to observers, before and after.

    Args:
        observers: In the order in which they are told.
    """

    def __init__(self, observers: Sequence[Observer]) -> None:
        self.observers = observers

    def on_predict_batch_start(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """A picture is about to be restored."""
        for observer in self.observers:
            observer.before(batch)

    def on_predict_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """It was."""
        for observer in self.observers:
            observer.after(batch, outputs)


class ChainedMethod(LightningModule):
    """What a Trainer predicts with: a method, restoring by a chain around it.

    Args:
        method: What restores in the end; it is moved to the device.
        restore: The chain.
    """

    def __init__(self, method: RestorationMethod, restore: Restore) -> None:
        super().__init__()
        self.method, self.restore = method, restore

    @property
    def restorer(self) -> str:
        """Name of the network that restores, for callbacks that lay it out.

        Raises:
            InputError: If the method has none.
        """
        restorer: Any = getattr(self.method, "restorer", None)
        if not isinstance(restorer, str):
            raise InputError(f"{type(self.method).__name__} has no network to average or compile")
        return f"method.{restorer}"

    def predict_step(self, batch: BlurredBatch, batch_idx: int) -> Restoration:
        """Restore what the method may see of a batch; a writer stores the pictures."""
        return self.restore(self.method.visible(batch))
