"""A Trainer out of a config, for every kind of method by the same keys."""

from subprocess import Popen
from typing import Any

from lightning.pytorch import Callback, Trainer
from lightning.pytorch.loggers import Logger
from omegaconf import DictConfig

from deblurkit.callbacks.terminate import EndAtOnce
from deblurkit.commands.shared.checkpoint_io import AtomicCheckpointIO
from deblurkit.config import instantiate, plain
from deblurkit.errors import InputError
from deblurkit.methods.frame.base import RestorationMethod
from deblurkit.methods.frame.manual import ManualMethod
from deblurkit.trust import RECIPE_HOMES, RUN_HOMES


def homes(cfg: DictConfig) -> tuple[str, ...]:
    """Packages that a run's config may build from."""
    return (*RECIPE_HOMES, *RUN_HOMES, *plain(cfg.trust))


def make_trainer(cfg: DictConfig, method: RestorationMethod) -> Trainer:
    """Build the trainer with its callbacks and loggers.

    Clipping and accumulation go to methods that optimise by hand: Lightning would refuse them.
    """
    node = plain(cfg.trainer)
    if isinstance(method, ManualMethod):
        method.clip = node.pop("gradient_clip_val", None)
        method.accumulate = node.pop("accumulate_grad_batches", 1)
    trainer: Trainer = instantiate(
        node,
        homes(cfg),
        callbacks=[*callbacks(cfg), EndAtOnce()],
        logger=loggers(cfg) or False,
        plugins=[AtomicCheckpointIO()],
        default_root_dir=str(cfg.paths.run),
    )
    return trainer


def callbacks(cfg: DictConfig) -> list[Callback]:
    """Callbacks of the config, without those set to null.

    Where nobody has settled the direction of what they watch, as in a notebook, high is best.
    """
    chosen = _chosen(cfg, "callbacks")
    settled = [node | ({"mode": "max"} if node.get("mode", "") is None else {}) for node in chosen]
    return [instantiate(node, homes(cfg)) for node in settled]


def loggers(cfg: DictConfig) -> list[Logger]:
    """Loggers of the config, without those set to null."""
    return [instantiate(node, homes(cfg)) for node in _chosen(cfg, "logger")]


def _chosen(cfg: DictConfig, group: str) -> list[dict[str, Any]]:
    return [node for node in (plain(cfg.get(group)) or {}).values() if node]


def wait_for_devices(trainer: Trainer) -> None:
    """Wait for the processes that Lightning has started for further devices.

    It ends without them; then they outlive the command, and whoever times it counts one device.

    Raises:
        InputError: If one of them has failed at its end.
    """
    started: list[Popen[bytes]] = getattr(trainer.strategy.launcher, "procs", [])
    codes = [process.wait() for process in started]
    if any(codes):
        raise InputError(f"the processes of further devices ended with the codes {codes}")
