"""Toy methods of a few lines, one of each kind, that a user's own package could hold."""

import atexit
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import nn
from torch.optim import SGD, Adam, Optimizer

from deblurkit.contracts import BlurredBatch, Image, Images, Pools, Restoration, Scalar, Terms
from deblurkit.data.sources.photos import Photos
from deblurkit.losses.pixel import l1
from deblurkit.methods.frame.automatic import AutomaticMethod
from deblurkit.methods.frame.classical import ClassicalMethod
from deblurkit.methods.frame.manual import ManualMethod
from deblurkit.methods.frame.per_picture import PerPictureMethod, Problem


class Network(nn.Module):
    """One convolution that adds a correction; dropout makes it draw random numbers."""

    multiple, reach = 4, 1

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3, 3, 3, padding=1)
        self.dropout = nn.Dropout(0.1)

    def forward(self, blurred: Images) -> Images:
        assert not any(side % 4 for side in blurred.shape[-2:])
        return blurred + 0.1 * self.convolution(self.dropout(blurred))


class Direct(AutomaticMethod):
    needs, restorer = frozenset({"paired"}), "restoring"

    def __init__(self, *, restoring: nn.Module, lr: float, weights=None, scheduler=None) -> None:
        super().__init__(
            weights=weights or {"content": 1.0},
            optimizer=lambda parameters: Adam(parameters, lr),
            scheduler=scheduler,
        )
        self.restoring = restoring

    def forward(self, blurred: Images) -> Images:
        return self.restoring(blurred)

    def terms(self, batch: Pools) -> Terms:
        pairs = batch["paired"]
        return {"content": l1(self(pairs["blurred"]), pairs["sharp"])}


class Duel(ManualMethod):
    needs, restorer = frozenset({"paired"}), "generator"

    def __init__(self, *, generator: nn.Module, critic: nn.Module, schedulers=None) -> None:
        super().__init__(
            weights={
                "generator": {"adversarial": 0.01, "content": 1.0},
                "critic": {"adversarial": 1.0},
            },
            optimizers=dict.fromkeys(["generator", "critic"], lambda p: Adam(p, 1e-2)),
            schedulers=schedulers,
        )
        self.generator, self.critic = generator, critic

    def forward(self, blurred: Images) -> Images:
        return self.generator(blurred)

    def turns(self, batch: Pools) -> None:
        pairs = batch["paired"]
        restored = self(pairs["blurred"])
        for _ in range(2):
            with self.turn("critic") as descend:
                real, fake = self.critic(pairs["sharp"]), self.critic(restored.detach())
                descend({"adversarial": (real - 1).square().mean() + fake.square().mean()})
        with self.turn("generator") as descend:
            adversarial = (self.critic(restored) - 1).square().mean()
            descend({"adversarial": adversarial, "content": l1(restored, pairs["sharp"])})


class RandomFeatures(nn.Module):
    """A perceptual distance whose features are random: it needs no file."""

    def __init__(self, **published: Any) -> None:
        super().__init__()
        self.features = nn.Conv2d(3, 4, 3, padding=1)

    def forward(self, restored: Images, sharp: Images) -> Scalar:
        return (self.features(restored) - self.features(sharp)).square().mean()


class Doubled(ClassicalMethod):
    """Classical: nothing to train."""

    def restoration(self, batch: BlurredBatch) -> Restoration:
        blurred = batch["blurred"]
        mean = nn.functional.avg_pool2d(blurred, 3, 1, 1, count_include_pad=False)
        return {"restored": 1.5 * blurred - 0.5 * mean}


class Fit(Problem):
    def __init__(self, blurred: Image, kernel_size: int) -> None:
        super().__init__(blurred, kernel_size)
        self.picture = nn.Parameter(blurred.clone())


class PerPicture(PerPictureMethod):
    """A picture whose mean filter is the blurred one, found by descent; draws random numbers."""

    def __init__(self, *, iterations: int) -> None:
        super().__init__()
        self.limit = iterations

    def initial_state(self, blurred: Image, kernel_size: int) -> Problem:
        return Fit(blurred, kernel_size)

    def descent(self, problem: Problem) -> Optimizer:
        return SGD(problem.parameters(), 10.0, momentum=0.5)

    def iterate(self, problem: Fit, optimizer: Optimizer) -> None:
        noisy = problem.picture + 1e-3 * torch.randn_like(problem.picture)
        mean = nn.functional.avg_pool2d(noisy, 3, 1, 1, count_include_pad=False)
        optimizer.zero_grad()
        (mean - problem.blurred).square().mean().backward()
        optimizer.step()
        problem.answer.copy_(problem.picture.detach())
        limit = self.limit + problem.blurred.shape[-1] % 3  # pictures finish at different times
        problem.running.fill_(bool(problem.iterations < limit))


class SmallPhotographs(Photos):
    """A corner of each photograph, every fourth pixel; as large as the crops of small trainings."""

    def __init__(self, names: list[str], *, height: int = 32, width: int = 32) -> None:
        super().__init__(names)
        small = [picture[::4, ::4][:height, :width] for picture in self._pictures]
        self._pictures = [np.ascontiguousarray(picture) for picture in small]


class KeepRanks(Callback):
    """Stores what each device holds at the end, to be compared."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        torch.save(pl_module.state_dict(), self.folder / f"rank_{trainer.global_rank}.pt")
        if trainer.global_rank:
            atexit.register(self.end_late)

    def end_late(self) -> None:
        """The other device has long been done."""
        time.sleep(2)
        (self.folder / "ended").touch()


class StopAfter(Callback):
    """Ends a run early, as if it had been killed at an epoch's border."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        trainer.should_stop = trainer.current_epoch + 1 >= self.epochs
