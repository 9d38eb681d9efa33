"""Time and memory of DCLNet on a 1280x720 picture on one core, each case in its own process.

The share is of this machine's convolution speed: the fastest that one convolution of the same
width and precision ran in the same process. A precision that this machine computes at less than a
quarter of float32's speed is left out, for one restoration would take many minutes; ``--all`` runs
it too. Takes about four minutes on a quiet core.

    python benchmarks/restore.py
"""

import argparse
import json
from collections.abc import Callable
from contextlib import nullcontext
from statistics import median

import torch
from timing import convolution_speed, in_a_process, megabytes, seconds
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

import deblurkit
from deblurkit.imaging.tiling.padding import pad_to_multiple
from deblurkit.imaging.tiling.tiles import Grid, tiled

HEIGHT, WIDTH = 720, 1280
GRID = Grid(tile=400, overlap=64, multiple=4, fade=64)  # pixels
ROUNDS, SHORT = 3, 30.0  # repetitions of cases that take fewer seconds than this; others run once
CASES = [
    (channels, precision, way)
    for channels in (8, 32)
    for precision in ("float32", "bfloat16")
    for way in ("whole", "tiled")
]
Case = tuple[int, str, str]


def speed_of(channels: int, precision: str, *sizes: tuple[int, int]) -> float:
    """Operations per second of a 3x3 convolution at the network's greatest width, at its best."""
    shapes = [(4 * channels, 3, *size) for size in sizes]
    return convolution_speed(shapes, getattr(torch, precision), "cpu")


def operations_of(channels: int, way: str) -> float:
    """Floating-point operations of the convolutions, counted without computing them."""
    with torch.device("meta"):
        network = deblurkit.build("dclnet", f"backbone.channels={channels}").network
    if way == "whole":
        sizes = [(HEIGHT, WIDTH)]
    else:
        tiles = sum(len(row) for row in GRID.rows((HEIGHT, WIDTH)))
        sizes = tiles * [(GRID.tile, GRID.tile)]
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        for size in sizes:
            network(torch.empty(1, 3, *size, device="meta"))
    return float(counter.get_total_flops())


def restoration(channels: int, precision: str, way: str) -> Callable[[Tensor], Tensor]:
    network = deblurkit.build("dclnet", f"backbone.channels={channels}").eval().network

    def restored(blurred: Tensor) -> Tensor:
        return network(pad_to_multiple(blurred, network.multiple)).full

    def work(blurred: Tensor) -> Tensor:
        cast = torch.autocast("cpu", torch.bfloat16)
        with torch.inference_mode(), cast if precision == "bfloat16" else nullcontext():
            if way == "whole":
                return restored(blurred)
            return tiled(restored, blurred, GRID)

    return work


def measured(channels: int, precision: str, way: str) -> dict[str, float]:
    """Of one restoration; called in a fresh process, for memory is counted at its peak."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    work, blurred = restoration(channels, precision, way), torch.rand(1, 3, HEIGHT, WIDTH)
    before = megabytes("cpu")
    taken = seconds(lambda: work(blurred), "cpu")
    peak = megabytes("cpu")
    speed = speed_of(channels, precision, (90, 160), (180, 320))
    return {"seconds": taken, "added": peak - before, "peak": peak, "speed": speed}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="also what takes many minutes")
    parser.add_argument("--case", type=json.loads, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.case is not None:
        print(json.dumps(measured(*given.case)))
        return
    torch.set_num_threads(1)
    speeds = {case[:2]: speed_of(*case[:2], (45, 80)) for case in CASES[::2]}
    operations = {case: operations_of(case[0], case[2]) for case in CASES}
    left_out = [case for case in CASES if 4 * speeds[case[:2]] < speeds[case[0], "float32"]]
    found: dict[Case, list[dict[str, float]]] = {case: [] for case in CASES}
    for turn in range(ROUNDS):
        for case in CASES:
            short = operations[case] / speeds[case[:2]] < SHORT
            if (given.all or case not in left_out) and (short or turn == 0):
                found[case].append(in_a_process(__file__, case))
    print(
        f"{'n':>3} {'precision':9} {'way':6} {'s':>7} {'peak MB':>8} {'added MB':>9} {'share':>6}"
    )
    for case, rows in found.items():
        channels, precision, way = case
        label = f"{channels:3} {precision:9} {way:6}"
        if not rows:
            ratio = speeds[case[:2]] / speeds[channels, "float32"]
            print(f"{label} left out: convolutions run at {ratio:.0%} of float32's speed here")
            continue
        taken, peak, added = (median(r[key] for r in rows) for key in ("seconds", "peak", "added"))
        # What runs faster than the measured speed shows that the measurement was disturbed.
        share = median(min(operations[case] / r["seconds"] / r["speed"], 1.0) for r in rows)
        print(f"{label} {taken:7.1f} {peak:8.0f} {added:9.0f} {share:6.0%}")


if __name__ == "__main__":
    main()
