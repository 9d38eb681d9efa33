"""One training step of DeblurGAN against a plain port of the published one, in one run.

A step is five updates of the critic and one of the generator on one crop, with the authors' sizes
and numbers (`model=deblurgan_paper`) and random features in the place of VGG-19's. Both start from
the same weights and draw the same random numbers. In float32 the gradients of the first step are
compared, player by player. Then both take turns; ours runs under Lightning's Trainer. The port has
no mixed precision, as the authors' code had none. Memory is counted at its peak, in a process for
each case.

    python benchmarks/gan_step.py
    python benchmarks/gan_step.py --device cuda

A processor without bfloat16 instructions takes minutes for a step in that precision, so it is left
out there; ``--all`` runs it on a small crop. On a GPU the generator is compiled and the whole step
captured as a CUDA graph, too.
"""

import argparse
import json
import logging
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import torch
from lightning.pytorch import Callback, Trainer
from torch import Tensor
from torch.optim import Optimizer
from torch.utils.data import DataLoader

import deblurkit

sys.path.insert(0, str(Path(__file__).parent))

from bare_step import Bare
from published_gan_step import PublishedStep

PLAYERS = ("critic", "generator")
PRECISIONS = {"float32": "32-true", "bfloat16": "bf16-mixed"}
SIDES = {"cpu": [64, 128], "cuda": [256]}  # of the crops, pixels
ROUNDS = {"cpu": 8, "cuda": 100}
WARM = 1
LOWEST = 0.9999  # likeness of gradients
Clock = Callable[[], float]


def matched(folder: str, device: str) -> tuple[Any, PublishedStep]:
    """Ours and the port, with the same weights; features are read from a file."""
    torch.manual_seed(0)
    published = PublishedStep(channels=64, blocks=9)
    file = Path(folder) / "features.pt"
    state = published.features.state_dict()
    torch.save({f"features.{key}": value for key, value in state.items()}, file)
    ours = deblurkit.build("deblurgan_paper", f"content.factory.weights={file}")
    for player in PLAYERS:
        copies = ours.get_submodule(player).parameters()
        for copy, parameter in zip(copies, getattr(published, player).parameters(), strict=True):
            copy.data.copy_(parameter.data)
    return ours, published.to(device)


def pair(side: int) -> tuple[Tensor, Tensor]:
    """A blurred and a sharp picture of noise, in [0, 1]."""
    blurred, sharp = torch.rand(2, 1, 3, side, side, generator=torch.Generator().manual_seed(1))
    return blurred, sharp


def clock_of(device: str) -> Clock:
    """Processor time, which other programs disturb less; on a GPU the time of what is done."""
    if device == "cpu":
        return time.process_time

    def synchronised() -> float:
        torch.cuda.synchronize()
        return time.perf_counter()

    return synchronised


class Gradients:
    """Those of all steps of some players, whole; while it looks, nobody moves.

    Adam's first steps are the signs of the gradient, so that of two equal players one would soon
    walk where the other does not, wherever there is nothing but rounding.
    """

    def __init__(self, optimizers: dict[str, Optimizer]) -> None:
        self.found: dict[str, list[Tensor]] = {player: [] for player in optimizers}
        self.groups = [group for each in optimizers.values() for group in each.param_groups]
        self.rates = [group["lr"] for group in self.groups]
        for group in self.groups:
            group["lr"] = 0.0
        self.handles = [
            optimizer.register_step_pre_hook(partial(self.keep, player))
            for player, optimizer in optimizers.items()
        ]

    def keep(self, player: str, optimizer: Optimizer, *_: Any) -> None:
        moving = [p.grad for group in optimizer.param_groups for p in group["params"]]
        self.found[player].append(torch.cat([grad.double().flatten() for grad in moving]))

    def close(self) -> None:
        for group, rate in zip(self.groups, self.rates, strict=True):
            group["lr"] = rate
        for handle in self.handles:
            handle.remove()


class Turns(Callback):
    """After each of our steps one of the port, both on the clock; the first is compared."""

    def __init__(self, published: PublishedStep, clock: Clock) -> None:
        self.published, self.clock = published, clock
        self.begin, self.times = 0.0, list[tuple[float, float]]()

    def on_train_start(self, trainer: Any, module: Any) -> None:
        self.ours = Gradients(dict(zip(module.factories, trainer.optimizers, strict=True)))
        self.theirs = Gradients(self.published.optimizers)
        torch.backends.cudnn.allow_tf32 = False  # its three digits are too few to compare

    def on_train_batch_start(self, trainer: Any, module: Any, batch: Any, batch_idx: int) -> None:
        torch.manual_seed(batch_idx)
        self.begin = self.clock()

    def on_train_batch_end(
        self, trainer: Any, module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        ours = self.clock() - self.begin
        pairs = batch["paired"]
        blurred, sharp = 2 * pairs["blurred"] - 1, 2 * pairs["sharp"] - 1
        torch.manual_seed(batch_idx)
        begin = self.clock()
        self.published.step(blurred, sharp)
        if batch_idx == 0:
            self.ours.close()
            self.theirs.close()
            torch.backends.cudnn.allow_tf32 = True
        else:
            self.times.append((ours, self.clock() - begin))

    def likeness(self) -> dict[str, float]:
        """Of the gradients: their cosine times the ratio of their norms, the lowest per player."""
        return {
            player: min(
                float(own @ other / max(own @ own, other @ other))
                for own, other in zip(self.ours.found[player], theirs, strict=True)
            )
            for player, theirs in self.theirs.found.items()
        }


def fit(method: Any, side: int, steps: int, device: str, precision: str, *turns: Callback) -> None:
    blurred, sharp = pair(side)
    batch = {"paired": {"blurred": blurred, "sharp": sharp, "name": ["noise"]}}
    trainer = Trainer(
        max_epochs=1,
        accelerator=device,
        devices=1,
        precision=PRECISIONS[precision],
        callbacks=[*turns],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(method, DataLoader([batch] * steps, batch_size=None, generator=torch.Generator()))


def megabytes(device: str) -> float:
    """Peak memory so far."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated() / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def memory(name: str, precision: str, side: int, device: str) -> list[float]:
    """Peak of two steps, and what they added; called in a fresh process."""
    with tempfile.TemporaryDirectory() as folder:
        ours, published = matched(folder, "cpu")
        (ours if name == "ours" else published).to(device)
        blurred, sharp = (2 * picture.to(device) - 1 for picture in pair(side))
        before = megabytes(device)
        if name == "ours":
            fit(ours, side, 2, device, precision)
        else:
            for _ in range(2):
                published.step(blurred, sharp)
    return [megabytes(device), megabytes(device) - before]


def peaks(precision: str, side: int, device: str) -> str:
    """Of ours and the port, each with what its steps added.

    To be asked before this process uses much memory: the others inherit its peak.
    """
    cases = [(name, precision, side, device) for name in ("ours", "published")]
    return " ".join("{:5.0f} ({:.0f})".format(*in_a_process(*case)) for case in cases)


def in_a_process(*case: Any) -> list[float]:
    command = [sys.executable, __file__, "--case", json.dumps(case)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    answer: list[float] = json.loads(done.stdout.splitlines()[-1])
    return answer


def row(precision: str, side: int, device: str, rounds: int) -> str:
    """Time of both; stops where the gradients are not the same."""
    with tempfile.TemporaryDirectory() as folder:
        ours, published = matched(folder, device)
        turns = Turns(published, clock_of(device))
        fit(ours, side, 1 + WARM + rounds, device, precision, turns)
    likeness = turns.likeness()
    if precision == "float32" and min(likeness.values()) < LOWEST:
        sys.exit(f"the gradients are not those of the published step: {likeness}")
    times = turns.times[WARM:]
    own, other = (1000 * median(column) for column in zip(*times, strict=True))
    ratio = median(theirs / ours for ours, theirs in times)
    alike = " ".join(f"{number:.6f}" for number in likeness.values())
    return f"{own:8.1f} {other:8.1f} {ratio:6.2f}  {alike}"


def graphs(side: int, rounds: int) -> None:
    """On a GPU, in bfloat16: our step bare, with compiled networks, and as one graph."""
    clock = clock_of("cuda")
    with tempfile.TemporaryDirectory() as folder:
        ours, published = matched(folder, "cuda")
        compiled, _ = matched(folder, "cuda")
        compiled.generator.compile()  # a critic cannot be: its gradient is differentiated again
        pictures = [picture.to("cuda") for picture in pair(side)]
        bare, fast = Bare(ours, *pictures), Bare(compiled, *pictures)
        signed = [2 * picture - 1 for picture in pictures]
        ways: dict[str, Callable[[], Any]] = {
            "published, float32": lambda: published.step(*signed),
            "bare": bare.step,
            "compiled": fast.step,
            "compiled, one graph": Bare(compiled, *pictures).captured(),
        }
        milliseconds: dict[str, list[float]] = {name: [] for name in ways}
        for turn in range(10 + rounds):
            for name, way in ways.items():
                begin = clock()
                way()
                if turn >= 10:
                    milliseconds[name].append(1000 * (clock() - begin))
    slowest = median(milliseconds["published, float32"])
    for name, measured in milliseconds.items():
        print(f"{name:20} {median(measured):8.2f} ms {slowest / median(measured):6.2f}")


def bfloat16_pays(device: str) -> bool:
    return device == "cuda" or bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", choices=list(SIDES), default="cpu")
    parser.add_argument("--sides", type=int, nargs="+", help="of the crops, pixels")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--all", action="store_true", help="also what takes many minutes")
    parser.add_argument("--case", type=json.loads, help=argparse.SUPPRESS)
    given = parser.parse_args()
    torch.set_num_threads(1)
    for name in ("lightning", "lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore")
    if given.case is not None:
        print(json.dumps(memory(*given.case)))
        return
    device, rounds = given.device, given.rounds or ROUNDS[given.device]
    sides = given.sides or SIDES[device]
    cases = [("float32", side, rounds) for side in sides]
    if bfloat16_pays(device):
        cases += [("bfloat16", side, rounds) for side in sides]
    elif given.all:
        cases += [("bfloat16", sides[0], 2)]
    memories = [peaks(*case[:2], device) for case in cases]
    print(f"{'ours in':8} {'side':>4}  {'peak MB (added), each':23}", end=" ")
    print(f"{'ours ms':>8} {'peer ms':>8} {'ratio':>6}  gradients alike, critic and generator")
    for (precision, side, repeats), memory_of_both in zip(cases, memories, strict=True):
        print(f"{precision:8} {side:4}  {memory_of_both:23}", end=" ", flush=True)
        print(row(precision, side, device, repeats))
    if len(cases) == len(sides):
        print("bfloat16 left out: this processor has no instructions for it; --all runs it")
    if device == "cuda":
        graphs(sides[-1], rounds)


if __name__ == "__main__":
    main()
