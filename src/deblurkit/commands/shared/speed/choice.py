"""How a command computes restorations: ``speed=``, or what the trainer was told."""

import logging

from omegaconf import DictConfig

from deblurkit.config import plain
from deblurkit.errors import InputError
from deblurkit.methods.frame.base import RestorationMethod
from deblurkit.processor import has_bf16
from deblurkit.restoring.speed.choice import has_paths, path_of, speed_named
from deblurkit.restoring.speed.paths import EXACT, ComputePath, Unaltered

log = logging.getLogger(__name__)

OTHERS = {f"deblurkit.callbacks.network.{name}" for name in ("ChannelsLast", "CompileRestorer")}


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
    if not has_paths(method):
        log.info("%s is computed in one way: speed= changes nothing", type(method).__name__)
    elif not has_bf16():
        log.warning(
            "this processor has no bf16 instructions (AVX512-BF16, AMX), so speed=fast gains little"
        )


def described_path(method: RestorationMethod, path: ComputePath) -> str:
    """How a network is computed, in words; none for what is no network."""
    return str(path) if has_paths(method) else ""
