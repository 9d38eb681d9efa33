"""SelfDeblur's iteration against a plain port of the published loop, in one run.

Both start from the same weights and noise; their first losses are compared. Then they take turns,
once with each of the two losses, with the authors' sizes (`model=selfdeblur`).

    python benchmarks/selfdeblur.py
    python benchmarks/selfdeblur.py --side 255
    python benchmarks/selfdeblur.py --quality Levin09 docs/results/weak/published.json

``--quality`` compares answers instead: both restore crops of Levin's pictures with small
generators, from the weights and with the noise of three seeds; PSNR is taken where the answer fits
best.
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import torch
from published_selfdeblur import JITTER, PublishedLoop
from torch import Tensor

import deblurkit
from deblurkit.methods.priors.blind import BlindProblem
from deblurkit.methods.priors.deep import DRAWS

sys.path.insert(0, str(Path(__file__).parents[1] / "studies"))

from levin_crops import CHANNELS, FALLS, ITERATIONS, SWITCH, Crop, crops, scores

SIDE = 127  # of the picture, pixels; Levin's have 255
KERNELS = (17, 75)
ROUNDS, WARM = 6, 1
NEVER = 10**9
SEEDS = (0, 1, 2)  # of the comparison of answers


def matched(
    method: Any, blurred: Tensor, size: int, **options: Any
) -> tuple[BlindProblem, PublishedLoop]:
    """A problem of our method, and the port with the same weights and noise.

    Args:
        method: SelfDeblur.
        blurred: RGB in [0, 1], (1, 3, H, W).
        size: Side of the kernel, pixels.
        **options: Of the port.
    """
    problem = method.initial_state(blurred[0], size)
    port = PublishedLoop(problem.luminance, size, **options)
    port.noise, port.kernel_noise = problem.noise, problem.kernel_noise[0]
    for name in ("picture", "kernel"):
        pairs = zip(
            getattr(port, name).parameters(), problem.generators[name].parameters(), strict=True
        )
        for theirs, ours in pairs:
            theirs.data.copy_(ours.data)
    return problem, port


def seconds(side: int, size: int, *, switch: int) -> tuple[float, float, float, float]:
    """Median processor time of an iteration, ours and the port's, and the first losses."""
    blurred = torch.rand(1, 1, side, side, generator=torch.Generator().manual_seed(0))
    method = deblurkit.build("selfdeblur", f"fidelity.switch={switch}")
    problem, port = matched(
        method, blurred.expand(-1, 3, -1, -1), size, switch=switch, milestones=[NEVER]
    )
    optimizer = method.descent(problem)
    ours, theirs, losses = [], [], []
    for step in range(WARM + ROUNDS):
        method.priors.jitter = port.jitter = JITTER if step else 0.0
        begun = time.process_time()
        problem.iterations += 1
        method.iterate(problem, optimizer)
        between = time.process_time()
        loss = port.iterate(step)
        ours.append(between - begun)
        theirs.append(time.process_time() - between)
        losses.append((problem.fidelity.item(), loss))
    return median(ours[WARM:]), median(theirs[WARM:]), *losses[0]


def quality(root: Path, results: Path) -> None:
    """PSNR of both answers to every crop from every seed; what is done is kept in a file."""
    done: list[dict[str, Any]] = json.loads(results.read_text()) if results.is_file() else []
    known = {(run["seed"], run["crop"]) for run in done}
    found = crops(root)
    for seed, crop in ((seed, crop) for seed in SEEDS for crop in found):
        if (seed, crop.name) in known:
            continue
        psnrs = {
            name: round(scores(crop, restored)["psnr"], 4)
            for name, restored in answers(crop, seed).items()
        }
        done.append({"seed": seed, "crop": crop.name, **psnrs})
        lines = ",\n".join(map(json.dumps, done))
        results.write_text(f"[\n{lines}\n]\n")
        print(done[-1], flush=True)
    for crop in found:
        runs = [run for run in done if run["crop"] == crop.name]
        print(f"{crop.name}: {medians(runs)}, {scores(crop, crop.blurred)['psnr']:.2f} dB blurred")
    print(f"all: {medians(done)}")


def answers(crop: Crop, seed: int) -> dict[str, Tensor]:
    """Of the port and of ours, from the same weights, with the same noise in each iteration."""
    method = deblurkit.build(
        "selfdeblur",
        f"priors.picture.channels={CHANNELS}",
        f"priors.stopping.iterations={ITERATIONS}",
        f"priors.seed={seed}",
        f"fidelity.switch={SWITCH}",
        f"descent.milestones={FALLS}",
    )
    problem, port = matched(
        method,
        crop.blurred,
        crop.kernel_size,
        switch=SWITCH,
        milestones=FALLS,
        channels=CHANNELS,
    )
    for step in range(ITERATIONS):
        torch.manual_seed((seed * DRAWS + step + 1) % 2**32)  # as `GeneratedProblem.jittered`
        port.iterate(step)
    ours = method.finished(problem, crop.name)
    return {"published": port.answer(), "ours": ours.answer[None]}


def medians(runs: Sequence[Mapping[str, Any]]) -> str:
    """Of both methods."""
    return ", ".join(
        f"{median(run[name] for run in runs):.2f} dB {name}" for name in ("published", "ours")
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=SIDE, help="of the picture, pixels")
    parser.add_argument(
        "--quality",
        type=Path,
        nargs=2,
        metavar=("ROOT", "RESULTS"),
        help="compare answers, not times: folder as of data=levin, file for all scores",
    )
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    if chosen.quality:
        quality(*chosen.quality)
        return
    for size in KERNELS:
        for name, switch in (("squared error", NEVER), ("1 - SSIM", 0)):
            ours, theirs, loss, published = seconds(chosen.side, size, switch=switch)
            assert abs(loss - published) < 1e-4 * abs(published), (loss, published)
            print(
                f"kernel {size:2d}, {name:13s}: {theirs:.2f} s published, {ours:.2f} s ours, "
                f"{theirs / ours:.2f} x"
            )


if __name__ == "__main__":
    main()
