"""How the steps of a training are computed where its config leaves that open."""

import logging

import torch
from lightning.pytorch.utilities import rank_zero_only
from omegaconf import DictConfig, open_dict

from deblurkit.callbacks.network import EveryNetworkChannelsLast, Float32Scores
from deblurkit.methods.frame.base import RestorationMethod
from deblurkit.methods.frame.switches import FLOAT32, TrainingSwitches
from deblurkit.processor import has_bf16

log = logging.getLogger(__name__)


def settle_switches(cfg: DictConfig, method: RestorationMethod) -> None:
    """Write into a config how its steps are computed, as plain values, and say it.

    A precision that the config names stays, and nothing is added to it: so a resumed run, whose
    config names one, goes on as it began.

    Args:
        cfg: Of the run.
        method: What is trained.
    """
    given, on_cpu = cfg.trainer.get("precision"), cfg.trainer.get("accelerator") == "cpu"
    if given is None:
        write_switches(cfg, method.on_cpu if on_cpu and has_bf16() else FLOAT32)
    if on_cpu:
        say_how(method, given=given, taken=cfg.trainer.precision)


@rank_zero_only
def say_how(method: RestorationMethod, *, given: str | int | None, taken: str | int) -> None:
    """Say what is taken without having been asked for, and what the processor lacks.

    Args:
        method: What is trained.
        given: Precision of the config; None where it leaves that open.
        taken: Precision of the training.
    """
    name = type(method).__name__
    if given is not None:
        if "bf16" in str(given) and not has_bf16():
            log.warning(
                "this processor has no bf16 instructions (AVX512-BF16, AMX), so steps in "
                "trainer.precision=%s take many times as long as in 32-true",
                given,
            )
    elif taken != FLOAT32.precision:
        log.info(
            "%s trains in %s with channels last, the fastest way that was tried on such "
            "processors; trainer.precision=32-true gives the numbers of float32 bit by bit",
            *(name, taken),
        )
    elif method.on_cpu != FLOAT32:
        log.info(
            "%s trains in float32: this processor has no bf16 instructions (AVX512-BF16, AMX), "
            "which would be faster",
            name,
        )


def write_switches(cfg: DictConfig, switches: TrainingSwitches) -> None:
    """Put switches into a config; a callback that it names, or sets to null, stays.

    Args:
        cfg: Of a run.
        switches: That its steps are to have.
    """
    cfg.trainer.precision = switches.precision
    callbacks: dict[str, type] = {}
    if switches.layout is torch.channels_last:
        callbacks["channels_last"] = EveryNetworkChannelsLast
    if switches.precision != FLOAT32.precision:
        callbacks["float32_scores"] = Float32Scores
    with open_dict(cfg.callbacks):
        for key, kind in callbacks.items():
            if key not in cfg.callbacks:
                cfg.callbacks[key] = {"_target_": f"{kind.__module__}.{kind.__name__}"}
