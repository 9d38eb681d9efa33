"""Kernels per second: ours against the published generator, in one run, on one core."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import torch
from torch import Tensor

from deblurkit.data.blur.parts.family import choice
from deblurkit.data.blur.published import published_kernels, published_placement
from deblurkit.data.blur.trajectory import CameraShake, ShakeDraws, shake_draws, shake_paths

sys.path.insert(0, str(Path(__file__).parent))

import published_trajectory as peer

CANVAS, SAMPLES, LENGTH, BLOCK, ROUNDS = 64, 2000, 60.0, 512, 7
ANXIETIES = [0.01, 0.009, 0.008, 0.007, 0.005, 0.003]
FOUR, ONE = [0.01, 0.1, 0.5, 1.0], [1.0]


def one_of(draws: ShakeDraws, number: int) -> peer.Draws:
    scalars = [float(draws[field][number]) for field in range(5)]
    steps = [draws[field][..., number].double().numpy() for field in range(5, 8)]
    return peer.Draws(*scalars, *steps)


def peer_kernels(draws: ShakeDraws, number: int, fractions: list[float]) -> Tensor:
    path = peer.placed(peer.trajectory(one_of(draws, number), length=LENGTH), canvas=CANVAS)
    kernels = peer.kernels(path, canvas=CANVAS, fractions=fractions)
    return torch.stack([torch.from_numpy(kernel) for kernel in kernels])


def our_kernels(draws: ShakeDraws, fractions: list[float]) -> Tensor:
    placed = published_placement(shake_paths(draws, length=LENGTH), canvas=CANVAS)
    return published_kernels(placed, canvas=CANVAS, fractions=fractions)


def largest_differences(draws: ShakeDraws, count: int) -> tuple[float, float]:
    """Replay the same draws in both; of the paths in pixels, and of the kernels."""
    paths = shake_paths(draws, length=LENGTH)
    walked = [peer.trajectory(one_of(draws, i), length=LENGTH) for i in range(count)]
    theirs = torch.stack([torch.view_as_real(torch.from_numpy(path)) for path in walked])
    kernels = torch.stack([peer_kernels(draws, i, FOUR) for i in range(count)])
    ours = our_kernels(draws, FOUR)[:count]
    return float((paths[:count] - theirs).abs().max()), float((ours - kernels).abs().max())


def seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def main() -> None:
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    shake = CameraShake(size=63, fractions=ONE)

    def fresh() -> ShakeDraws:
        return shake_draws(choice(ANXIETIES, BLOCK, generator), SAMPLES, generator)

    replay = fresh()
    path_gap, kernel_gap = largest_differences(replay, 4)
    rows = {
        "published form, four exposures": (
            lambda: our_kernels(fresh(), FOUR),
            lambda: peer_kernels(replay, 0, FOUR),
        ),
        "published form, one exposure": (
            lambda: our_kernels(fresh(), ONE),
            lambda: peer_kernels(replay, 0, ONE),
        ),
        "CameraShake, one exposure": (
            lambda: shake.draw(BLOCK, generator),
            lambda: peer_kernels(replay, 0, ONE),
        ),
    }
    print(f"same draws: paths differ by {path_gap:.1e} px, kernels by {kernel_gap:.1e}")
    print(f"{'':32} {'ours ms':>9} {'peer ms':>9} {'ratio':>7}")
    for name, (ours, theirs) in rows.items():
        ours()
        times = [(seconds(ours) / BLOCK, seconds(theirs)) for _ in range(ROUNDS)]
        own, other = (1000 * median(column) for column in zip(*times, strict=True))
        ratio = median(theirs / ours for ours, theirs in times)
        print(f"{name:32} {own:9.3f} {other:9.1f} {ratio:7.0f}")


if __name__ == "__main__":
    main()
