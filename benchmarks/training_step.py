"""A whole training step as `trainer=cpu` takes it by itself, against float32: time and objective.

Every side is `deblurkit-train` in a process of its own: data, loss, both passes, guard and
optimiser, on one thread, with one crop a batch. The sides take turns, step after step, and
processor seconds are compared. Perceptual distances have random features in the place of VGG-19's.

    python benchmarks/training_step.py
    python benchmarks/training_step.py --models dmphn nafnet --output docs/results/training
    python benchmarks/training_step.py --objectives --models dclnet_tiny --crop 64

With `--objectives` each of them trains for `--steps` steps instead: float32 with three seeds, and
as it is taken with the first of them. The mean objective of the last tenth should lie within the
range of the three.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import mean, median
from typing import Any

import torch
from lightning.pytorch import Callback, Trainer
from omegaconf import open_dict

import deblurkit
from deblurkit.commands.train.run import train
from deblurkit.networks.parts.vgg import VGG19
from deblurkit.processor import has_bf16

MODELS = (
    *("dclnet_tiny", "mtwnet", "dmphn", "srn_color", "deepdeblur", "nafnet", "maxim_1s"),
    *("residual_u", "deblurgan", "deblurgan_v2", "cyclegan", "as_cyclegan"),
)
UNPAIRED = ("cyclegan", "as_cyclegan")
FUSED = "+callbacks.fused_optimizers={_target_:deblurkit.callbacks.network.FusedOptimizers}"
LAST = "+callbacks.channels_last={_target_:deblurkit.callbacks.network.EveryNetworkChannelsLast}"
BF16, FLOAT32 = "trainer.precision=bf16-mixed", "trainer.precision=32-true"
SIDES = {
    "float32": [FLOAT32],
    "taken": [],  # what the method takes by itself on this processor
    "float32, channels last": [FLOAT32, LAST, FUSED],
    "bf16": [BF16, FUSED],
    "bf16, channels last": [BF16, LAST, FUSED],
}
WARM = 2  # steps
SEEDS = (0, 1, 2)
Row = dict[str, Any]


class Turns(Callback):
    """After each step says what it cost and its objective, and waits until it is told to go on."""

    begin = 0.0

    def on_train_batch_start(self, *_: Any) -> None:
        self.begin = self.begin or time.process_time()

    def on_train_batch_end(self, trainer: Trainer, *_: Any) -> None:
        seconds = time.process_time() - self.begin
        numbers = trainer.callback_metrics
        keys = [key for key in numbers if key.endswith("objective") and "critic" not in key]
        objective = float(numbers[keys[0]]) if keys else None
        print(json.dumps([seconds, objective]), file=sys.__stdout__, flush=True)
        if not sys.stdin.readline():
            os._exit(0)  # nothing is to be written down any more
        self.begin = time.process_time()  # the next batch is drawn from here on


def side(case: Row, folder: str) -> None:
    """Train; called in a fresh process."""
    torch.set_num_threads(1)
    features, model = Path(folder) / "features.pt", case["model"]
    overrides = ["data=photos_unpaired" if model in UNPAIRED else "data=photos"]
    if model.startswith("deblurgan"):
        state = VGG19(layer="conv3_3").state_dict()
        named = {f"features.{key.removeprefix('features.')}": w for key, w in state.items()}
        torch.save(named, features)
        overrides.append(f"model.content.factory.weights={features}")
    cfg = deblurkit.compose(
        *(f"model={model}", *overrides, *case["overrides"], f"seed={case['seed']}"),
        *(f"data.crop={case['crop']}", "data.batch_size=1", "data.workers=0", "data.val=null"),
        *("data.test=null", "test=false", f"data.batches_per_epoch={case['steps']}"),
        *("trainer.max_epochs=1", f"trainer.log_every_n_steps={1 if case['objectives'] else 50}"),
        *("trainer.enable_progress_bar=false", "callbacks.pictures=null"),
        *("trust=[training_step]", f"paths.run={folder}"),
    )
    with open_dict(cfg):
        cfg.callbacks.turns = {"_target_": "training_step.Turns"}
    train(cfg)


class Side:
    """One of the processes that take turns."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process

    def step(self) -> tuple[float, float | None]:
        """Wait for a step, then let the next one begin: seconds and objective."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            sys.exit("a side has ended early; run it alone to see why")
        seconds, objective = json.loads(line)
        return seconds, objective

    def go_on(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()


@contextmanager
def running(case: Row) -> Iterator[Side]:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-W", "ignore", __file__, "--case", json.dumps(case), folder]
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if os.environ.get("SHOW") else subprocess.DEVNULL,
            text=True,
        )
        try:
            yield Side(process)
        finally:
            process.kill()
            process.wait()


def case_of(model: str, name: str, options: argparse.Namespace, *, seed: int = 0) -> Row:
    return {
        "model": model,
        "overrides": SIDES[name],
        "seed": seed,
        "crop": options.crop,
        "steps": options.steps if options.objectives else WARM + options.rounds + 1,
        "objectives": options.objectives,
    }


def times(model: str, options: argparse.Namespace) -> Row:
    """Processor seconds of a step of each side, and the median of the ratios of the rounds."""
    with ExitStack() as stack:
        sides = {
            name: stack.enter_context(running(case_of(model, name, options)))
            for name in options.sides
        }
        rounds = []
        for _ in range(WARM + options.rounds):
            seconds = {}
            for name, each in sides.items():  # a side works while the others wait
                seconds[name], _ = each.step()
                each.go_on()
            rounds.append(seconds)
    return summed_up(model, rounds[WARM:], options)


def summed_up(model: str, rounds: list[dict[str, float]], options: argparse.Namespace) -> Row:
    first = options.sides[0]
    return {
        "model": model,
        "crop": options.crop,
        "rounds": len(rounds),
        "seconds": {name: median(row[name] for row in rounds) for name in rounds[0]},
        "ratios": {name: median(row[first] / row[name] for row in rounds) for name in rounds[0]},
    }


def objectives(model: str, options: argparse.Namespace) -> Row:
    """Mean objective of the last tenth of a training's steps, of each side and seed."""
    cases = [("float32", seed) for seed in SEEDS] + [("taken", SEEDS[0])]
    means: dict[str, list[float]] = {"float32": [], "taken": []}
    for name, seed in cases:
        with running(case_of(model, name, options, seed=seed)) as each:
            values = []
            for _ in range(options.steps):
                _, objective = each.step()
                each.go_on()
                values.append(float("nan") if objective is None else objective)
        means[name].append(mean(values[-max(options.steps // 10, 1) :]))
    (taken,) = means["taken"]
    within = min(means["float32"]) <= taken <= max(means["float32"])
    return (
        {"model": model, "crop": options.crop, "steps": options.steps} | means | {"within": within}
    )


def table(rows: list[Row]) -> str:
    timed = [row for row in rows if "ratios" in row]
    trained = [row for row in rows if "within" in row]
    lines = [f"Processor: {processor()}; one thread, one crop a batch. Made by", "", "```bash"]
    lines += [f"python benchmarks/training_step.py{flags}" for flags in ("", " --objectives")]
    lines += ["```", ""]
    if timed:
        lines += ["| Model | Crop | Side | Seconds of a step | Against float32 |"]
        lines += ["| --- | --- | --- | --- | --- |"]
    for row in timed:
        for name, seconds in row["seconds"].items():
            cells = (f"`{row['model']}`", row["crop"], name, f"{seconds:.3f}")
            lines.append(f"| {' | '.join(map(str, cells))} | {row['ratios'][name]:.2f} x |")
    if trained:
        lines += ["", "Mean objective of the last tenth of a training's steps:", ""]
        lines += ["| Model | Crop | Steps | float32, 3 seeds | Taken, seed 0 | Within | Moved |"]
        lines += ["| --- | --- | --- | --- | --- | --- | --- |"]
    for row in trained:
        plain, (taken,) = row["float32"], row["taken"]
        moved = (taken - plain[0]) / (max(plain) - min(plain))
        means = ", ".join(f"{value:.5g}" for value in plain)
        cells = (f"`{row['model']}`", row["crop"], row["steps"], means, f"{taken:.5g}")
        cells = (*cells, "yes" if row["within"] else "no", f"{moved:+.1%}")
        lines.append(f"| {' | '.join(map(str, cells))} |")
    if trained:
        lines += ["", "*Moved*: against float32 with the same seed, in parts of the seeds' range."]
    return "\n".join(lines) + "\n"


def processor() -> str:
    """Its name, and whether it has the instructions that the switches live on."""
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text().splitlines() if facts.is_file() else []
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    flags = {word for line in lines if line.startswith("flags") for word in line.split()}
    amx = "AMX" if "amx_bf16" in flags else "no AMX"
    bf16 = "AVX512-BF16" if has_bf16() else "no bf16 instructions"
    return f"{[*names, 'unknown'][0]}, {bf16}, {amx}, torch {torch.__version__}"


def keep(row: Row, output: Path) -> list[Row]:
    """Write what is measured so far; a row replaces the earlier one of its kind."""
    file = output / "results.json"
    rows: list[Row] = json.loads(file.read_text()) if file.is_file() else []
    kind = "within" in row
    rows = [old for old in rows if (old["model"], "within" in old) != (row["model"], kind)] + [row]
    output.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(rows, indent=1) + "\n")
    (output / "table.md").write_text(table(rows))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--sides", nargs="+", choices=list(SIDES), default=["float32", "taken"])
    parser.add_argument("--crop", type=int, default=128, help="side of the crops, pixels")
    parser.add_argument("--rounds", type=int, default=5, help="steps of each side that count")
    parser.add_argument("--objectives", action="store_true", help="train, and compare objectives")
    parser.add_argument("--steps", type=int, default=300, help="of each training")
    parser.add_argument("--output", type=Path, help="folder of results.json and table.md")
    parser.add_argument("--case", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case is not None:
        side(json.loads(options.case[0]), options.case[1])
        return
    rows: list[Row] = []
    for model in options.models:
        row = objectives(model, options) if options.objectives else times(model, options)
        rows.append(row)
        print(table([row]), flush=True)
        if options.output is not None:
            keep(row, options.output)


if __name__ == "__main__":
    main()
