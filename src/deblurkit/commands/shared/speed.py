"""How a command computes restorations: ``speed=``, or what the trainer was told."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.plugins import Precision
from lightning.pytorch.strategies import Strategy
from omegaconf import DictConfig

from deblurkit.callbacks.network import ChannelsLast, CompileRestorer
from deblurkit.config import plain
from deblurkit.errors import InputError
from deblurkit.methods.frame.base import RestorationMethod
from deblurkit.methods.frame.network import NetworkMethod
from deblurkit.processor import has_bf16
from deblurkit.restoring.speed.choice import path_of, speed_named
from deblurkit.restoring.speed.paths import EXACT, ComputePath, Eager, Unaltered

log = logging.getLogger(__name__)

OTHERS = {f"{kind.__module__}.{kind.__name__}" for kind in (ChannelsLast, CompileRestorer)}


def chosen_path(cfg: DictConfig, method: RestorationMethod, *, usual: str) -> ComputePath:
    """The path that a command's method takes.

    Args:
        cfg: Of the command.
        method: What restores.
        usual: ``speed=`` where nobody says it, nor a precision or a layout of the trainer's.

    Raises:
        InputError: If ``speed`` is no such word, or stands beside what it chooses itself.
    """
    beside = trainers_own(cfg)
    if cfg.speed is not None:
        speed = speed_named(str(cfg.speed))
        if beside:
            raise InputError(
                f"speed= chooses precision and layout itself: leave speed= or {beside[0]} out"
            )
    elif beside:
        return Unaltered(str(cfg.trainer.get("precision") or EXACT))
    else:
        speed = speed_named(usual)
    path = path_of(method, speed, device=str(cfg.trainer.accelerator))
    if cfg.speed == "fast":
        say_what_is_lacking(method)
    return path


def trainers_own(cfg: DictConfig) -> list[str]:
    """What a config says of precision and layout, as it is typed."""
    precision = cfg.trainer.get("precision")
    nodes = plain(cfg.get("callbacks")) or {}
    named = [f"trainer.precision={precision}"] if precision is not None else []
    return named + [
        f"callbacks={key}" for key, node in nodes.items() if node and node["_target_"] in OTHERS
    ]


def say_what_is_lacking(method: RestorationMethod) -> None:
    """Say why a restoration that should be fast is not."""
    if not isinstance(method, NetworkMethod):
        log.info("%s is no network: speed= changes nothing", type(method).__name__)
    elif not has_bf16():
        log.warning(
            "this processor has no bf16 instructions (AVX512-BF16, AMX), so speed=fast gains little"
        )


def described_path(method: RestorationMethod, path: ComputePath) -> str:
    """How a network is computed, in words; none for what is no network."""
    return str(path) if isinstance(method, NetworkMethod) else ""


def scored_along(cfg: DictConfig, method: RestorationMethod) -> "list[ScoredAlong]":
    """What lets validation and test take the path that ``speed=`` names, if it does.

    Args:
        cfg: Of the command.
        method: What restores.

    Raises:
        InputError: If ``speed`` is no such word.
    """
    if cfg.speed is None or not isinstance(method, NetworkMethod):
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
