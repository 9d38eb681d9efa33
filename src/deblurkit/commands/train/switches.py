"""How the steps of a training are computed where its config leaves that open."""

import logging

import torch
from lightning.pytorch.utilities import rank_zero_only
from omegaconf import DictConfig, open_dict

from deblurkit.callbacks.network import EveryNetworkChannelsLast, Float32Scores, FusedOptimizers
from deblurkit.methods.frame.base import RestorationMethod
from deblurkit.processor import FLOAT32, TrainingSwitches, has_bf16

log = logging.getLogger(__name__)

LACKING = ": this processor has no bf16 instructions (AVX512-BF16, AMX)"


def settle_switches(cfg: DictConfig, method: RestorationMethod) -> None:
    """Write into a config how its steps are computed, as plain values, and say it.

    A precision that the config names stays, and nothing is added to it: so a resumed run, whose
    config names one, goes on as it began.

    Args:
        cfg: Of the run.
        method: What is trained.
    """
    on_cpu, precision = cfg.trainer.get("accelerator") == "cpu", cfg.trainer.get("precision")
    if precision is None and "precision" in cfg.trainer:
        tried = method.on_cpu if has_bf16() else method.on_cpu_without_bf16
        taken = tried if on_cpu else FLOAT32
        write_switches(cfg, taken)
        if on_cpu:
            say_taken(method, taken)
    elif on_cpu and "bf16" in str(precision) and not has_bf16():
        say_slow(precision)


@rank_zero_only
def say_taken(method: RestorationMethod, taken: TrainingSwitches) -> None:
    """Say what is taken without having been asked for, and what the processor lacks.

    Args:
        method: What is trained.
        taken: How its steps will be computed.
    """
    lacking = "" if has_bf16() or method.on_cpu == FLOAT32 else LACKING
    if taken != FLOAT32:
        layout = ", channels last" if taken.layout is torch.channels_last else ""
        log.info(
            "%s trains in %s%s, the fastest way that was tried on such processors%s; "
            "trainer.precision=32-true gives the numbers of plain float32 bit by bit",
            *(type(method).__name__, taken.precision, layout, lacking),
        )
    elif lacking:
        log.info("%s trains in float32%s", type(method).__name__, lacking)


@rank_zero_only
def say_slow(precision: str) -> None:
    """Say that a processor computes a precision slowly, which a resumed run brings along."""
    log.warning(
        "trainer.precision=%s takes many times as long as 32-true here%s", precision, LACKING
    )


def write_switches(cfg: DictConfig, switches: TrainingSwitches) -> None:
    """Put switches into a config; a callback that it names, or sets to null, stays.

    Args:
        cfg: Of a run.
        switches: That its steps are to have.
    """
    cfg.trainer.precision = switches.precision
    callbacks: dict[str, type] = {}
    if switches != FLOAT32:
        callbacks["fused_optimizers"] = FusedOptimizers
    if switches.layout is torch.channels_last:
        callbacks["channels_last"] = EveryNetworkChannelsLast
    if switches.precision != FLOAT32.precision:
        callbacks["float32_scores"] = Float32Scores
    with open_dict(cfg.callbacks):
        for key, kind in callbacks.items():
            if key not in cfg.callbacks:
                cfg.callbacks[key] = {"_target_": f"{kind.__module__}.{kind.__name__}"}
