"""Sweeps and several devices together."""

import os
import sys
from pathlib import Path
from typing import Any

import torch
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import open_dict, read_write

RANK_VARIABLES = ("LOCAL_RANK", "NODE_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


def command_of_this_job() -> None:
    """Make the command line this job's own before devices are started with it.

    Lightning starts a process per device by repeating the command line. In a sweep that is the
    sweep: every child would run its own sweep and train other parameters, in silence.
    """
    hydra: Any = HydraConfig.get()
    if hydra.mode is not RunMode.MULTIRUN:
        return
    sys.argv = [sys.argv[0], *config_flags(sys.argv[1:]), *hydra.overrides.task]
    with read_write(hydra), open_dict(hydra):
        hydra.run.dir = str(Path(hydra.runtime.output_dir).resolve())


def config_flags(arguments: list[str]) -> list[str]:
    """Flags that say where configs are, with their values; the children need them too."""
    named = ("--config-dir", "-cd", "--config-name", "-cn", "--config-path", "-cp")
    kept: list[str] = []
    pairs = zip(arguments, [*arguments[1:], ""], strict=True)
    for argument, following in pairs:
        if argument in named:
            kept += [argument, following]
        elif argument.startswith(tuple(f"{name}=" for name in named)):
            kept.append(argument)
    return kept


def leave_the_group() -> None:
    """End what a job of several devices leaves behind, or the sweep's next job fails on it."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
    if HydraConfig.initialized() and HydraConfig.get().mode is RunMode.MULTIRUN:
        for name in RANK_VARIABLES:
            os.environ.pop(name, None)
