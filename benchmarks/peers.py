"""Camera-shake kernels and Wiener's filter against deepinv, two processes that take turns.

``python benchmarks/peers.py --python=.../bin/python`` takes the Python of an environment that
holds deepinv; ``--levin`` is the folder of Levin's pictures, without which only kernels are
compared, and ``--output`` keeps the figures.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from deblurkit.config import compose, instantiate
from deblurkit.metrics.levin import Levin

FOLDER = Path(__file__).parent
BATCHES = (1, 64, 512)
ROUNDS = 9
AT_LEAST = 2048  # kernels per measurement
GAMMAS = (200.0, 300.0, 350.0, 400.0, 500.0, 1000.0, 10000.0)  # the last is that of the example
MODELS = {"wiener": ["wiener"], "wiener_laplacian (the default until 0.2)": ["wiener_laplacian"]}


class Worker:
    """A process that answers orders on one thread.

    Args:
        python: Its interpreter.
        file: What it runs.
    """

    def __init__(self, python: str, file: str) -> None:
        environment = os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [python, str(FOLDER / file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def answer(self, **order: Any) -> dict[str, float]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(json.dumps(order), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            sys.exit("a side has ended, see above what it said")
        answer: dict[str, float] = json.loads(line)
        return answer

    def seconds_each(self, *, times: int = 1, **order: Any) -> float:
        """Processor seconds for each thing made."""
        answers = [self.answer(**order) for _ in range(times)]
        return sum(one["seconds"] for one in answers) / sum(one["count"] for one in answers)


def kernels(ours: Worker, theirs: Worker) -> dict[str, Any]:
    """Kernels per processor second, each side at its best batch."""
    seconds: dict[str, dict[int, list[float]]] = {"ours": {}, "deepinv": {}}
    sides = {"ours": ours, "deepinv": theirs}
    for side in sides.values():
        side.answer(task="kernels", batch=64)
    for _ in range(ROUNDS):
        for batch in BATCHES:
            for name, side in sides.items():
                times = max(1, min(AT_LEAST, 128 * batch) // batch)
                each = side.seconds_each(times=times, task="kernels", batch=batch)
                seconds[name].setdefault(batch, []).append(each)
    best = {name: min(rows, key=lambda n: median(rows[n])) for name, rows in seconds.items()}
    pairs = zip(seconds["deepinv"][best["deepinv"]], seconds["ours"][best["ours"]], strict=True)
    ratios = [other / own for other, own in pairs]
    rates = {
        name: {batch: round(1 / median(values)) for batch, values in rows.items()}
        for name, rows in seconds.items()
    }
    return {
        "kernels_per_second": rates,
        "best_batch": best,
        "ratio_median": round(median(ratios), 2),
        "ratio_least": round(min(ratios), 2),
    }


def levin_batches(root: Path) -> list[dict[str, Any]]:
    data = instantiate(compose("data=levin", f"data.root={root}").data)
    return [data.on_after_batch_transfer(batch, 0) for batch in data.test_dataloader()]


def score(file: Path, batches: list[dict[str, Any]]) -> float:
    protocol = Levin(border=15, reach=10)
    restored = np.load(file)
    scores = [
        protocol(
            torch.from_numpy(restored[f"blurred{number:02}"]).expand(-1, 3, -1, -1),
            batch["sharp"],
        )["psnr"].item()
        for number, batch in enumerate(batches)
    ]
    return round(float(np.mean(scores)), 2)


def wiener(ours: Worker, theirs: Worker, root: Path, folder: Path) -> dict[str, Any]:
    """Scores and processor seconds on Levin's pictures; deepinv with the best of its gammas."""
    batches = levin_batches(root)
    pictures, target = folder / "pictures.npz", folder / "restored.npz"
    arrays = {}
    for number, batch in enumerate(batches):
        arrays[f"blurred{number:02}"] = batch["blurred"][:, :1].numpy()
        arrays[f"kernel{number:02}"] = batch["kernel"].numpy()
    np.savez(pictures, **arrays)
    order: dict[str, Any] = {"task": "wiener", "pictures": str(pictures)}
    scores: dict[str, float] = {}
    for gamma in GAMMAS:
        theirs.answer(**order, gamma=gamma, target=str(target))
        scores[f"deepinv, Liu-Jia padding, gamma={gamma:g}"] = score(target, batches)
    best = max(GAMMAS, key=lambda gamma: scores[f"deepinv, Liu-Jia padding, gamma={gamma:g}"])
    for name, model in MODELS.items():
        ours.answer(**order, model=model, target=str(target))
        scores[name] = score(target, batches)
    seconds: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        seconds.setdefault("deepinv", []).append(theirs.seconds_each(**order, gamma=best))
        for name, model in MODELS.items():
            seconds.setdefault(name, []).append(ours.seconds_each(**order, model=model))
    own = zip(seconds["wiener"], seconds["deepinv"], strict=True)
    return {
        "pictures": len(batches),
        "psnr": scores,
        "milliseconds": {name: round(1e3 * median(row), 1) for name, row in seconds.items()},
        "time_over_deepinv_median": round(median(mine / other for mine, other in own), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", help="of an environment with deepinv")
    parser.add_argument("--levin", type=Path, help="folder of Levin's pictures")
    parser.add_argument("--output", type=Path, help="folder for results.json")
    options = parser.parse_args()
    if options.python is None or not Path(options.python).is_file():
        sys.exit(
            "give the Python of an environment that holds deepinv: --python=<folder>/bin/python "
            "(python -m venv <folder>; <folder>/bin/pip install deepinv==0.5.0)"
        )
    ours, theirs = Worker(sys.executable, "peer_ours.py"), Worker(options.python, "peer_deepinv.py")
    results = {"kernels": kernels(ours, theirs)}
    if options.levin is not None:
        with tempfile.TemporaryDirectory() as folder:
            results["wiener"] = wiener(ours, theirs, options.levin, Path(folder))
    text = json.dumps(results, indent=2)
    print(text)
    if options.output is not None:
        options.output.mkdir(parents=True, exist_ok=True)
        (options.output / "results.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
