"""Two processes of a gloo group that train one model after the other, as two GPUs would.

They import torch once for all models. Each knows its rank from its environment, as under torchrun,
so Lightning starts no further processes; that it does so by itself is tested in test_devices.py.
"""

import importlib
import json
import os
import socket
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from forking import code_of, started
from omegaconf import open_dict
from running import SMALL_PHOTOGRAPHS, config, smallest, surroundings

from deblurkit.commands.train.run import train

SHARED = (
    *("trainer.max_epochs=1", "data.batches_per_epoch=2"),  # after a step the ranks could differ
    *("trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2"),
    *("trainer.precision=32-true", "callbacks=[default,compile]"),
    "callbacks.compile.backend=aot_eager",
)


def train_on_two_ranks(cells: Mapping[str, Sequence[str]], folder: Path) -> None:
    """Train compiled models, each by its overrides, until each has been trained or has failed.

    What a rank held at the end of ``model`` is in ``model/rank_<rank>.pt``; why it failed, in
    ``model/rank_<rank>.txt``.
    """
    left = dict(cells)
    while left:
        (folder / "cells.json").write_text(json.dumps({key: [*left[key]] for key in left}))
        output = folder / "printed.txt"
        ranks = started("two_ranks", [], folder=folder, environment=surroundings(), output=output)
        code = code_of(ranks, timeout=3000)
        before = len(left)
        left = {key: left[key] for key in left if not any((folder / key).glob("rank_*"))}
        if code and len(left) == before:
            raise AssertionError(output.read_text())  # not even the first model was reached


def main() -> None:
    """Be both ranks; ends at the first model that fails."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        os.environ |= {"MASTER_ADDR": "localhost", "MASTER_PORT": str(free.getsockname()[1])}
    importlib.import_module("torch._inductor.lowering")  # both would, and it takes seconds
    second = os.fork()  # before anything is computed
    os.environ["LOCAL_RANK"] = "0" if second else "1"
    whole = all(
        trained(key, given) for key, given in json.loads(Path("cells.json").read_text()).items()
    )
    if second:
        whole = os.waitpid(second, 0)[1] == 0 and whole
    os._exit(0 if whole else 1)  # without the goodbyes that only whole groups can say


def trained(key: str, overrides: Sequence[str]) -> bool:
    """Train a model; whether it worked."""
    folder = Path(key).resolve()
    torch._dynamo.reset()  # what was compiled for other models counts towards a limit
    try:
        cfg = config(folder / "run", f"model={key}", *SHARED, *overrides)
        cfg.model = smallest(key)
        cfg.data.val = SMALL_PHOTOGRAPHS
        with open_dict(cfg):
            cfg.callbacks.keep = {"_target_": "toys.KeepRanks", "folder": str(folder)}
        train(cfg)
    except Exception:
        folder.mkdir(exist_ok=True)
        (folder / f"rank_{os.environ['LOCAL_RANK']}.txt").write_text(traceback.format_exc())
        return False
    return True


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    main()
