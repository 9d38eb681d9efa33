"""Train for many tiny steps: neither memory nor open files nor the time of a step may grow.

    python tests/support/long_run.py 50000

It trains by the command's own code, with validation and checkpoints twenty times on the way, and
compares the last five of these epochs with the second to the sixth: the least that the process held
with the most it held then (kernels are made in blocks, and what that took is kept for the next
one), and the mean times of a step. These are in units of a fixed computation made beside them, for
a machine has other work at times. Linux only.
"""

import gc
import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[1]
sys.path.insert(0, str(TESTS / "support"))

import torch  # noqa: E402
from lightning.pytorch import Callback, LightningModule, Trainer  # noqa: E402
from omegaconf import OmegaConf, open_dict  # noqa: E402
from running import DIRECT, DUEL, config  # noqa: E402

from deblurkit.commands.train.run import train  # noqa: E402

EPOCHS = 20
MEMORY, TIME = 0.01, 0.05  # what may be added, in parts of what there was


class Watch(Callback):
    """Notes what the process holds at each epoch's end, as a line of a file."""

    def __init__(self, file: str) -> None:
        self.file = Path(file)
        self.began, self.fixed = 0.0, list[float]()

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.began, self.fixed = time.process_time(), []

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if batch_idx % 50 == 0:
            began = time.process_time()
            fixed_computation()
            self.fixed.append(time.process_time() - began)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        fixed = sum(self.fixed)
        steps = (time.process_time() - self.began - fixed) / trainer.num_training_batches
        unit = fixed / len(self.fixed)
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        line = {
            "step": trainer.global_step,
            "mib": pages * resource.getpagesize() / 2**20,
            "open": len(os.listdir("/proc/self/fd")),  # noqa: PTH208
            "ms": 1000 * steps,
            "units": steps / unit,
        }
        with self.file.open("a") as stream:
            stream.write(json.dumps(line) + "\n")
        print(line, flush=True)


def watched(folder: Path, model: dict[str, Any], steps: int) -> list[dict[str, float]]:
    """What was noted while so many steps were trained."""
    file = folder / "watched.jsonl"
    length = (f"trainer.max_epochs={EPOCHS}", f"data.batches_per_epoch={steps // EPOCHS}")
    small = ("data.val._target_=toys.SmallPhotographs", "callbacks=[default,ema]")
    cfg = config(folder, *length, *small, "trust=[toys,killing,long_run]", model=model)
    with open_dict(cfg):
        watch = {"_target_": "long_run.Watch", "file": str(file)}
        cfg.callbacks.watch = OmegaConf.create(watch)
        cfg.callbacks.pictures = None
    train(cfg)
    return [json.loads(line) for line in file.read_text().splitlines()]


def fixed_computation() -> None:
    """Of the kind of a step: small operators, called one by one."""
    values = torch.ones(1, 8, 32, 32)
    weights = torch.ones(8, 8, 3, 3)
    for _ in range(20):
        values = torch.nn.functional.conv2d(values, weights, padding=1).tanh()


def growth(noted: list[dict[str, float]]) -> dict[str, float]:
    """What was added, in parts of what there was; files as their number."""
    early, late = noted[1:6], noted[-5:]
    return {
        "memory": min(line["mib"] for line in late) / max(line["mib"] for line in early) - 1,
        "open": late[-1]["open"] - early[0]["open"],
        "time": sum(line["units"] for line in late) / sum(line["units"] for line in early) - 1,
    }


def main() -> None:
    """Train a method with one optimiser and one with two."""
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    bad = False
    for name, model in (("automatic", DIRECT), ("manual", DUEL)):
        with tempfile.TemporaryDirectory() as folder:
            grown = growth(watched(Path(folder), model, steps))
        print(f"{name}, {steps} steps: {grown}", flush=True)
        bad |= grown["memory"] > MEMORY or grown["open"] > 0 or grown["time"] > TIME
    sys.exit(bad)


if __name__ == "__main__":
    main()
