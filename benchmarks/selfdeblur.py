"""SelfDeblur's iteration against a plain port of the published loop, in one run.

Both start from the same weights and noise; their first losses are compared. Then they take turns,
once with each of the two losses, with the authors' sizes (`model=selfdeblur`).

    python benchmarks/selfdeblur.py
    python benchmarks/selfdeblur.py --side 255
    python benchmarks/selfdeblur.py --quality

``--quality`` compares answers instead: both restore a small picture with small generators, from
three seeds each; PSNR is taken where the answer fits best.
"""

import argparse
import time
from statistics import median
from typing import Any

import skimage.data
import torch
from published_selfdeblur import JITTER, PublishedLoop
from torch import Tensor

import deblurkit
from deblurkit.imaging.convolution import convolved_inside
from deblurkit.metrics.levin import Levin

SIDE = 127  # of the picture, pixels; Levin's have 255
KERNELS = (17, 75)
ROUNDS, WARM = 6, 1
NEVER = 10**9
# Of the comparison of answers.
KERNEL, SEEDS, STEPS, SWITCH, FALLS = 7, (0, 1, 2), 300, 150, [180, 220, 260]
SMALL = {"channels": 16, "skipped": 4, "scales": 3, "first_non_local": 3}


def matched(blurred: Tensor, size: int, *, switch: int) -> tuple[Any, Any, PublishedLoop]:
    """Our method, its problem, and the port with the same weights and noise."""
    method = deblurkit.build("selfdeblur", f"fidelity.switch={switch}")
    problem = method.pose(blurred[0], size)
    port = PublishedLoop(problem.luminance, size, switch=switch, milestones=[NEVER])
    port.noise, port.kernel_noise = problem.noise, problem.kernel_noise[0]
    for name in ("picture", "kernel"):
        pairs = zip(
            getattr(port, name).parameters(), problem.generators[name].parameters(), strict=True
        )
        for theirs, ours in pairs:
            theirs.data.copy_(ours.data)
    return method, problem, port


def seconds(side: int, size: int, *, switch: int) -> tuple[float, float, float, float]:
    """Median processor time of an iteration, ours and the port's, and the first losses."""
    blurred = torch.rand(1, 1, side, side, generator=torch.Generator().manual_seed(0))
    method, problem, port = matched(blurred.expand(-1, 3, -1, -1), size, switch=switch)
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


def quality() -> None:
    """PSNR of the answers to a crop of 64 pixels under a diagonal blur, per seed."""
    edge, true = KERNEL // 2, torch.eye(KERNEL)[None, None] / KERNEL
    photograph = torch.from_numpy(skimage.data.camera()[100:, 200:] / 255).float()
    around = photograph[None, None, : 64 + 2 * edge, : 64 + 2 * edge]
    blurred, sharp = convolved_inside(around, true), around[..., edge:-edge, edge:-edge]
    protocol = Levin(border=10, reach=6)

    def psnr(restored: Tensor) -> float:
        pictures = (one.expand(-1, 3, -1, -1) for one in (restored, sharp))
        return float(protocol.measure(*pictures)["psnr"])

    print(f"blurred: {psnr(blurred):.2f} dB")
    ours, theirs = [], []
    for seed in SEEDS:
        torch.manual_seed(seed)
        sizes = {key: value for key, value in SMALL.items() if key != "first_non_local"}
        port = PublishedLoop(blurred, KERNEL + 2, switch=SWITCH, milestones=FALLS, **sizes)
        for step in range(STEPS):
            port.iterate(step)
        theirs.append(psnr(port.answer()))
        method = deblurkit.build(
            "selfdeblur",
            *(f"priors.picture.{key}={value}" for key, value in SMALL.items()),
            *(f"priors.stopping.iterations={STEPS}", f"fidelity.switch={SWITCH}"),
            *(f"descent.milestones={FALLS}", f"priors.seed={seed}"),
        )
        ours.append(psnr(method.restore(blurred, kernel_size=[KERNEL + 2])))
        print(f"seed {seed}: {theirs[-1]:.2f} dB published, {ours[-1]:.2f} dB ours", flush=True)
    print(f"medians: {median(theirs):.2f} dB published, {median(ours):.2f} dB ours")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=SIDE, help="of the picture, pixels")
    parser.add_argument("--quality", action="store_true", help="compare answers, not times")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    if chosen.quality:
        quality()
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
