"""Blind DIP against SelfDeblur: the kernel by DIP's network, and by one made for kernels.

Both restore the same crops of Levin's real blurred pictures with the same picture generator, the
same noise, distances and number of iterations. They differ in the kernel's network and in its rate.
What is done is kept in ``results.json`` and not run again.

    python studies/blind_dip.py --root Levin09 --output docs/results/dip
"""

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from levin_crops import (
    CHANNELS,
    CORNERS,
    FALLS,
    ITERATIONS,
    SWITCH,
    Crop,
    crops,
    scores,
    similarity,
)
from study import spread

import deblurkit
from deblurkit.imaging.psnr import psnr

Result = dict[str, Any]

BLURRED = "blurred"
ROWS = ("dip_blind", "selfdeblur")
SHOWN = {"levin/psnr": 2, "levin/ssim_wang": 3, "kernel_similarity": 3, "explained": 1}  # digits
BUDGET = (
    f"priors.picture.channels={CHANNELS}",
    f"priors.stopping.iterations={ITERATIONS}",
    f"fidelity.switch={SWITCH}",
    f"descent.milestones={FALLS}",
)


def main() -> None:
    given = arguments()
    torch.set_num_threads(1)
    file = given.output / "results.json"
    done: list[Result] = json.loads(file.read_text()) if file.is_file() else []
    known = {(run["row"], run["seed"], run["picture"]) for run in done}
    given.output.mkdir(parents=True, exist_ok=True)
    for crop in crops(given.root):
        runs = [(BLURRED, 0), *((row, seed) for row in ROWS for seed in given.seeds)]
        for row, seed in runs if crop.name in given.pictures else []:
            if (row, seed, crop.name) not in known:
                found = unchanged(crop) if row == BLURRED else solved(crop, row, seed)
                done.append({"row": row, "seed": seed, "picture": crop.name, **found})
                file.write_text(json.dumps(done, indent=1) + "\n")
                (given.output / "table.md").write_text(table(done))
                print(done[-1], flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", type=Path, required=True, help="Levin's pictures")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--pictures", nargs="+", default=list(CORNERS), help="some of the crops")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    return parser.parse_args()


def unchanged(crop: Crop) -> Result:
    """The scores of doing nothing."""
    return {f"levin/{name}": value for name, value in scores(crop, crop.blurred).items()}


def solved(crop: Crop, row: str, seed: int) -> Result:
    """Scores of one method's answer, and how well it explains the blurred picture, in dB."""
    method = deblurkit.build(row, *BUDGET, f"priors.seed={seed}")
    problem = method.finished(method.initial_state(crop.blurred[0], crop.kernel_size), crop.name)
    with torch.no_grad():
        reblurred = problem.generate(0.0).reblurred
    levin = {f"levin/{name}": value for name, value in scores(crop, problem.answer[None]).items()}
    return levin | {
        "kernel_similarity": similarity(crop, problem.kernel),
        "explained": float(psnr(reblurred, problem.luminance)),
        "seconds": round(float(problem.seconds)),
    }


def table(done: list[Result]) -> str:
    """A row per method and crop, mean and standard deviation over the seeds."""
    lines = [
        "| picture | method | runs | PSNR, dB | SSIM | kernel similarity | explained, dB |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for picture in dict.fromkeys(run["picture"] for run in done):
        for row in (BLURRED, *ROWS):
            runs = [run for run in done if (run["row"], run["picture"]) == (row, picture)]
            columns = [
                spread([run[name] for run in runs if name in run], digits)
                for name, digits in SHOWN.items()
            ]
            if runs:
                lines.append(f"| {picture} | {row} | {len(runs)} | {' | '.join(columns)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
