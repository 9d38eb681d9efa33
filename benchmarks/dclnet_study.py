"""The four ablation rows of DCLNet and its rows T1-T4 of unpaired data, with several seeds.

Every row is an ordinary ``deblurkit-train`` run; several run at once. Finished runs are kept in
``results.json`` and not run again. Needs the images of BSDS500: <root>/train and <root>/val.

    python benchmarks/dclnet_study.py --root BSDS500/images --output docs/results/dclnet
"""

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

SHARE = "{{_target_:deblurkit.data.shares.Share,source:${{data.train.paired.source}},{}}}"
UNPAIRED_BLURRED = "+data.train.blurred=" + SHARE.format("start:0.855,stop:0.9025")
UNPAIRED_SHARP = "+data.train.sharp=" + SHARE.format("start:0.9025,stop:0.95")
NINE_TENTHS = "data.train.paired.stop=0.855"
ROWS = {  # overrides of experiment=dclnet_study
    "none (Net3)": ["model.lambda1=0", "model.lambda2=0", "model.cycle=0", "model.anchor=0"],
    "inverse (Net1)": ["model.lambda2=0", "model.anchor=0"],
    "auxiliary (Net2)": ["model.lambda1=0", "model.cycle=0", "model.anchor=0"],
    "both (DCLNet, eqs. 1-5)": ["model.anchor=0"],
    "both and anchor (ours)": [],
    "T1: 90 % of the pairs": [NINE_TENTHS],
    "T2: T1 + blurred": [NINE_TENTHS, "model.k2=0.1", UNPAIRED_BLURRED],
    "T3: T1 + sharp": [NINE_TENTHS, "model.k3=0.1", UNPAIRED_SHARP],
    "T4: T1 + both": [
        NINE_TENTHS,
        "model.k2=0.1",
        "model.k3=0.1",
        UNPAIRED_BLURRED,
        UNPAIRED_SHARP,
    ],
}
SCORES = ("rgb8/psnr", "rgb8/ssim", "psnr_blurred", "psnr_gain")


def main() -> None:
    given = arguments()
    results = given.output / "results.json"
    done = json.loads(results.read_text()) if results.is_file() else []
    finished = {(run["row"], run["seed"]) for run in done}
    waiting = [(row, seed) for seed in given.seeds for row in ROWS if (row, seed) not in finished]
    running: list[tuple[str, int, Path, subprocess.Popen[bytes], float]] = []
    end = time.monotonic() + given.seconds
    while (waiting or running) and time.monotonic() < end:
        while waiting and len(running) < given.parallel:
            row, seed = waiting.pop(0)
            folder = given.runs / f"{row.split(':')[0].split(' (')[0]}_{seed}".replace(" ", "_")
            running.append((row, seed, folder, start(row, seed, folder, given), time.monotonic()))
        time.sleep(1)
        for run in [run for run in running if run[3].poll() is not None]:
            running.remove(run)
            row, seed, folder, process, began = run
            if process.returncode:
                print(f"{row}, seed {seed} failed: {(folder / 'output.txt').read_text()[-2000:]}")
                continue
            seconds = round(time.monotonic() - began)
            done.append({"row": row, "seed": seed, "seconds": seconds, **scores(folder)})
            results.parent.mkdir(parents=True, exist_ok=True)
            results.write_text(json.dumps(done, indent=1) + "\n")
            print(f"{row}, seed {seed}: {done[-1]['psnr_gain']:+.3f} dB in {seconds} s", flush=True)
    for run in running:
        run[3].kill()
    if waiting or running:
        print(f"{len(waiting) + len(running)} runs are left; the same command goes on")
    if done:
        (given.output / "table.md").write_text(table(done))
        print(table(done))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="BSDS500's images")
    parser.add_argument("--output", type=Path, required=True, help="results.json and table.md")
    parser.add_argument("--runs", type=Path, default=Path("runs/dclnet_study"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--parallel", type=int, default=1, help="runs at once")
    parser.add_argument("--seconds", type=float, default=7200, help="then stop")
    parser.add_argument("overrides", nargs="*", help="of every run: trainer=gpu ...")
    return parser.parse_args()


def start(
    row: str, seed: int, folder: Path, given: argparse.Namespace
) -> "subprocess.Popen[bytes]":
    command = [
        *(sys.executable, "-m", "deblurkit.cli.train", "experiment=dclnet_study"),
        *(f"data.root={given.root.resolve()}", f"data.cache={given.runs.resolve() / 'cache'}"),
        *(f"seed={seed}", f"hydra.run.dir={folder}", "callbacks.pictures=null"),
        *("trainer.enable_progress_bar=false", *ROWS[row], *given.overrides),
    ]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "output.txt").open("wb") as output:
        return subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )


def scores(folder: Path) -> dict[str, float]:
    """Means over the test pictures."""
    with (folder / "scores" / "test.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    return {score: statistics.fmean(float(row[score]) for row in rows) for score in SCORES}


def table(done: list[dict[str, float | int | str]]) -> str:
    """Mean and standard deviation over the seeds; the difference to the first row of its block."""
    lines = [
        "| row | seeds | PSNR, dB | gain over blurred, dB | SSIM | difference, dB |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in ROWS:
        runs = {run["seed"]: run for run in done if run["row"] == row}
        if not runs:
            continue
        base_row = "none (Net3)" if not row.startswith("T") else "T1: 90 % of the pairs"
        base = {run["seed"]: run for run in done if run["row"] == base_row}
        shared = [
            float(runs[s]["psnr_gain"]) - float(base[s]["psnr_gain"]) for s in runs if s in base
        ]
        columns = [
            spread([float(run[score]) for run in runs.values()], digits)
            for score, digits in (("rgb8/psnr", 2), ("psnr_gain", 3), ("rgb8/ssim", 4))
        ]
        difference = "" if row == base_row else spread(shared, 3, signed=True)
        lines.append(f"| {row} | {len(runs)} | {' | '.join(columns)} | {difference} |")
    return "\n".join(lines) + "\n"


def spread(values: list[float], digits: int, *, signed: bool = False) -> str:
    if not values:
        return ""
    mean = f"{statistics.fmean(values):{'+' if signed else ''}.{digits}f}"
    return f"{mean} ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else mean


if __name__ == "__main__":
    main()
