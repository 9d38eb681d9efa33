"""Every network of the library on a picture of 1280x720: operations, time, memory, and sanity.

Operations are counted without computing them; each network then runs in its own process: on one
core of the CPU where that takes less than ``--limit`` seconds, or on a GPU, after 20 runs to warm
up, with its work awaited. The share is of this machine's convolution speed: the fastest that a
convolution of any of several shapes ran in any of the processes. Nothing runs faster than that;
where the clock says so, something disturbed it, and no share is given.

    python benchmarks/inference.py --output docs/results/inference
    python benchmarks/inference.py --output docs/results/inference_gpu --device cuda
    python benchmarks/inference.py --output docs/results/inference --models maxim  # keeps others
"""

import argparse
import json
import platform
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import torch
from omegaconf import OmegaConf
from timing import Shape, convolution_speed, in_a_process, megabytes, seconds
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils.flop_counter import FlopCounterMode

import deblurkit
from deblurkit.errors import InputError
from deblurkit.imaging.tiling.padding import pad_to_multiple
from deblurkit.methods.frame.network import NetworkMethod

HEIGHT, WIDTH = 720, 1280
PRECISIONS = {"cpu": ("float32",), "cuda": ("float32", "bfloat16")}
SHAPES: dict[str, Sequence[Shape]] = {
    "cpu": [(64, 3, 90, 160), (128, 3, 90, 160), (256, 3, 45, 80), (32, 5, 180, 320)],
    "cuda": [(64, 3, 720, 1280), (128, 3, 360, 640), (256, 3, 180, 320), (512, 3, 180, 320)],
}
WARM_UP, REPEATS = 20, 30  # on a GPU
SHORT = 5.0  # seconds; what takes less on the CPU runs three times, all else once
PUBLISHED = Path(__file__).with_name("published_times.yaml")
Row = dict[str, Any]


class Network(NamedTuple):
    """What restores in one method or in several."""

    models: list[str]
    parameters: int
    multiply_adds: float


def networks() -> tuple[list[Network], dict[str, str]]:
    """All that restore in one pass, equal ones together, and why others cannot be built here."""
    found: dict[str, Network] = {}
    missing = {}
    for model in deblurkit.available_methods():
        try:
            method = deblurkit.build(model).eval()
        except InputError as error:
            missing[model] = str(error)
            continue
        if isinstance(method, NetworkMethod):
            assert method.recipe is not None
            network = json.dumps(method.recipe[method.restorer.rpartition(".")[2]])
            key = f"{type(method)}{network}"
            if key not in found:
                parameters = sum(one.numel() for one in method.network.parameters())
                found[key] = Network([], parameters, multiply_adds(method))
            found[key].models.append(model)
    return sorted(found.values(), key=lambda one: one.multiply_adds), missing


def multiply_adds(method: NetworkMethod) -> float:
    """Of convolutions and products of matrices in one restoration; nothing is computed."""
    fake, counter = FakeTensorMode(allow_non_fake_inputs=True), FlopCounterMode(display=False)
    with fake, counter:  # with gradients, or MAXIM works in many strips, each of them counted
        method(pad_to_multiple(torch.empty(1, 3, HEIGHT, WIDTH), method.multiple))
    return counter.get_total_flops() / 2


def measured(model: str, device: str, precision: str, repeats: int) -> dict[str, float]:
    """Time, memory and the speed of convolutions; called in a fresh process."""
    method = deblurkit.build(model).eval().to(device)
    assert isinstance(method, NetworkMethod)
    blurred = pad_to_multiple(torch.rand(1, 3, HEIGHT, WIDTH, device=device), method.multiple)
    cast = nullcontext() if precision == "float32" else torch.autocast(device, torch.bfloat16)
    before = megabytes(device)
    with torch.inference_mode(), cast:
        if device == "cuda":
            for _ in range(WARM_UP):
                method(blurred)
            torch.cuda.reset_peak_memory_stats()  # of searches for the fastest convolution
        taken = median(seconds(lambda: method(blurred), device) for _ in range(repeats))
    peak = megabytes(device)
    speed = speed_of(device, precision)
    return {"seconds": taken, "peak": peak, "added": peak - before, "speed": speed}


def speed_of(device: str, precision: str) -> float:
    return convolution_speed(SHAPES[device], getattr(torch, precision), device)


def with_shares(rows: list[Row], speeds: dict[str, float]) -> None:
    """Compare all that ran with the highest speed that any process saw."""
    for precision in speeds:
        of_it = [row for row in rows if row["precision"] == precision and "seconds" in row]
        speeds[precision] = max([speeds[precision], *(row["speed"] for row in of_it)])
        for row in of_it:
            share = least_seconds(row, speeds) / row["seconds"]
            row["share"] = share if share <= 1 else None


def least_seconds(row: Row, speeds: dict[str, float]) -> float:
    """Of a restoration that is nothing but convolutions at their best."""
    return float(2 * row["multiply_adds"] / speeds[row["precision"]])


def table(rows: list[Row], speeds: dict[str, float]) -> list[str]:
    lines = [
        "| Model | Precision | Parameters | 10⁹ multiply-adds | Seconds | Peak memory | "
        "Added by the restoration | Share of the convolution speed |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        name = ", ".join(f"`{model}`" for model in row["models"])
        cost = f"{row['parameters']:,}", f"{row['multiply_adds'] / 1e9:,.1f}"
        measured = [f"not timed, at least {least_seconds(row, speeds):.0f}", "", "", ""]
        if "seconds" in row:
            share = "disturbed" if row["share"] is None else f"{row['share']:.0%}"
            memory = (f"{row[key]:.0f} MB" for key in ("peak", "added"))
            measured = [f"{row['seconds']:.3g}", *memory, share]
        lines.append(f"| {' | '.join([name, row['precision'], *cost, *measured])} |")
    return lines


def published(cost: dict[str, float]) -> list[str]:
    """Times of others, with the speed that they imply."""
    lines = [
        "| Model | Published seconds | Card | Clock | Implied TFLOP/s | Of its peak | Source |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    clocks = {True: "waits for the card", False: "does not wait", None: "not described"}
    times: Any = OmegaConf.load(PUBLISHED)
    for one in times:
        cells = [f"`{one.model}`", f"{one.seconds:g}", one.card or "not named", clocks[one.waited]]
        implied, share = "not counted", ""
        if one.model in cost:
            speed = 2 * cost[one.model] / one.seconds / 1e12
            implied = f"{speed:.1f}"
            if one.peak is not None:
                share = f"{speed / one.peak:.0%}" if speed <= one.peak else "**impossible**"
        lines.append(f"| {' | '.join([*cells, implied, share, one.source])} |")
    return lines


def report(rows: list[Row], speeds: dict[str, float], missing: dict[str, str], device: str) -> str:
    fastest = ", ".join(f"{value / 1e9:,.0f} GFLOP/s in {key}" for key, value in speeds.items())
    cost = {model: row["multiply_adds"] for row in rows for model in row["models"]}
    first = f"Device: {device}; convolutions run at up to {fastest}."
    notes = [f"\n`{model}` is left out: {reason}." for model, reason in missing.items()]
    return "\n".join([first, "", *table(rows, speeds), *notes, "", *published(cost), ""])


def earlier(output: Path) -> dict[tuple[str, str], Row]:
    """What was measured before, by the first model and the precision."""
    file = output / "results.json"
    rows = json.loads(file.read_text())["rows"] if file.is_file() else []
    names = ("seconds", "peak", "added", "speed", "share")
    return {
        (row["models"][0], row["precision"]): {name: row[name] for name in names if name in row}
        for row in rows
    }


def run(device: str, limit: float, output: Path | None, models: Sequence[str] | None) -> None:
    """Count all, then time one after the other; what is there is written after each."""
    found, missing = networks()
    speeds = {precision: speed_of(device, precision) for precision in PRECISIONS[device]}
    kept = earlier(output) if models and output else {}
    rows: list[Row] = [
        network._asdict() | {"precision": precision} for network in found for precision in speeds
    ]
    for row in rows:
        row |= kept.get((row["models"][0], row["precision"]), {})
    name = torch.cuda.get_device_name() if device == "cuda" else f"{platform.machine()}, one core"
    for row in rows:
        least = least_seconds(row, speeds)
        if models and not {*models} & {*row["models"]}:
            continue
        if device == "cpu" and least > limit:
            continue
        repeats = REPEATS if device == "cuda" else 3 if least < SHORT else 1
        row |= in_a_process(__file__, [row["models"][0], device, row["precision"], repeats])
        with_shares(rows, speeds)
        if output is not None:
            facts = {"device": name, "torch": torch.__version__, "operations_per_second": speeds}
            output.mkdir(parents=True, exist_ok=True)
            stored = json.dumps(facts | {"rows": rows}, indent=1) + "\n"
            (output / "results.json").write_text(stored)
            (output / "table.md").write_text(report(rows, speeds, missing, name))
    print(report(rows, speeds, missing, name))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, help="folder of results.json and table.md")
    parser.add_argument("--device", choices=list(PRECISIONS), default="cpu")
    parser.add_argument("--limit", type=float, default=20.0, help="seconds at the full speed")
    parser.add_argument("--models", nargs="+", help="time these only, and keep what was measured")
    parser.add_argument("--case", type=json.loads, help=argparse.SUPPRESS)
    given = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    torch.backends.cudnn.allow_tf32 = False  # float32 means float32
    torch.backends.cudnn.benchmark = True
    if given.case is None:
        run(given.device, given.limit, given.output, given.models)
    else:
        print(json.dumps(measured(*given.case)))


if __name__ == "__main__":
    main()
