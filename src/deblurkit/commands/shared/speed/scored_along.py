"""Validation and test pictures, restored along the path that ``speed=`` names."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.plugins import Precision
from lightning.pytorch.strategies import Strategy
from omegaconf import DictConfig

from deblurkit.methods.frame.base import RestorationMethod
from deblurkit.methods.frame.network import NetworkMethod
from deblurkit.restoring.speed.choice import has_paths, path_of, speed_named
from deblurkit.restoring.speed.paths import Eager


def scored_along(cfg: DictConfig, method: RestorationMethod) -> "list[ScoredAlong]":
    """What lets validation and test take the path that ``speed=`` names, if it does.

    Args:
        cfg: Of the command.
        method: What restores.

    Raises:
        InputError: If ``speed`` is no such word.
    """
    if cfg.get("speed") is None or not has_paths(method):
        return []
    path = path_of(method, speed_named(str(cfg.speed)), device=str(cfg.trainer.accelerator))
    exact = Eager(torch.float32, torch.contiguous_format)
    return [ScoredAlong(path if isinstance(path, Eager) else exact)]


class ScoredAlong(Callback):
    """Restores validation and test pictures along a path, whatever the training steps use.

    Args:
        path: Of this process's networks.
    """

    def __init__(self, path: Eager) -> None:
        self.path = path
        self._until_the_end = ExitStack()

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Take the path."""
        self._enter(trainer, pl_module)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Leave it."""
        self._until_the_end.close()

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Take the path."""
        self._enter(trainer, pl_module)

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Leave it."""
        self._until_the_end.close()

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Leave it."""
        self._until_the_end.close()

    def _enter(self, trainer: Trainer, pl_module: LightningModule) -> None:
        assert isinstance(pl_module, NetworkMethod)
        self._until_the_end.enter_context(float32_outside(trainer.strategy))
        self._until_the_end.enter_context(self.path.computing(pl_module.network))


@contextmanager
def float32_outside(strategy: Strategy) -> Iterator[None]:
    """Let no precision of the training steps act inside.

    One that does nothing stays: another callback may have put it there, and takes it away.
    """
    if type(strategy.precision_plugin) is Precision:
        yield
        return
    of_steps, strategy.precision_plugin = strategy.precision_plugin, Precision()
    try:
        yield
    finally:
        strategy.precision_plugin = of_steps
