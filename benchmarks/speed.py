"""Paths of computation of every network on a CPU: time, error and memory against the exact one.

Each network restores a crop of a real blurred picture along each path, in turns, in processes that
are forked from one that has loaded it; times are processor seconds on one thread, the least of all
turns. Weights are those of files that are given, with the dB that a path loses against the sharp
picture; of other networks they come out of 200 steps of training, and both paths' pictures are
compared. The share is of the speed of this machine's convolutions in the path's precision; where
the clock says more than all of it, something disturbed it, and no share is given.

    python benchmarks/speed.py --pair blurred.png sharp.png --weights dmphn=dmphn.safetensors
    ONEDNN_MAX_CPU_ISA=AVX512_CORE python benchmarks/speed.py ... --plain   # as if without bf16

It keeps what was measured of other models, and writes the library's table out of all of it.
"""

import argparse
import json
import os
import pickle
import platform
import resource
import time
from collections.abc import Callable, Mapping, Sequence
from math import log10
from pathlib import Path
from typing import Any

import torch
from inference import SHAPES
from timing import convolution_speed
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

import deblurkit
from deblurkit.contracts import BlurredBatch
from deblurkit.data.sources.photos import Photos
from deblurkit.imaging.formats.files import as_tensor, read_picture
from deblurkit.imaging.tiling.padding import pad_to_multiple
from deblurkit.methods.frame.network import NetworkMethod
from deblurkit.processor import has_bf16
from deblurkit.restoring.speed.choice import PATHS
from deblurkit.restoring.speed.paths import EXACT, ComputePath, Eager, computed

ROOT = Path(__file__).parents[1]
STORED = ROOT / "docs" / "results" / "speed" / "results.json"
TABLE = ROOT / "src" / "deblurkit" / "restoring" / "speed" / "table.py"
MODELS = (
    *("tiny", "small", "residual_u", "dclnet_tiny", "nafnet", "mtwnet", "dmphn", "cyclegan"),
    *("deblurgan", "deblurgan_v2", "srn_color", "maxim"),
)
STEPS, CROP, LENGTH = 200, 64, 9  # of training; sides and blur in pixels
SAME = 150.0  # dB, of pictures that nothing tells apart
SHORT = 3.0  # seconds; what takes less is restored twice in each turn, and the second time counts
Row = dict[str, Any]


def prepared(model: str, file: str | None, steps: int) -> NetworkMethod:
    """A network with stored weights, or with those of some steps."""
    method = deblurkit.build(model) if file is None else deblurkit.load(file)
    assert isinstance(method, NetworkMethod)
    if file is None:
        train(method, steps)
    return method.eval().requires_grad_(False)


def train(method: NetworkMethod, steps: int) -> None:
    """Learn to undo one blur, so that no layer stands where it started."""
    torch.manual_seed(0)
    photographs = [as_tensor(Photos([name]).read(0)["sharp"]) for name in ("chelsea", "rocket")]
    optimizer = torch.optim.Adam(method.network.parameters(), lr=3e-4)
    method.train()
    path = Eager(torch.bfloat16, torch.channels_last)
    with path.computing(method.network):
        for step in range(steps):
            photograph = photographs[step % 2]
            top, left = (
                int(torch.randint(side - CROP - LENGTH, ())) for side in photograph.shape[-2:]
            )
            wide = photograph[None, :, top : top + CROP, left : left + CROP + LENGTH - 1]
            blurred = functional.avg_pool2d(wide, (1, LENGTH), stride=1)
            sharp = wide[..., LENGTH // 2 : LENGTH // 2 + CROP]
            loss = (method(blurred.contiguous(memory_format=path.layout)) - sharp).abs().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            torch.clear_autocast_cache()  # the weights have moved
    for name, value in method.state_dict().items():
        assert value.isfinite().all(), f"{name} is no longer finite"


def in_a_fork(work: Callable[[], Any]) -> Any:
    """What a child process computes; its peak of memory is its own."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        with os.fdopen(writing, "wb") as stream:
            pickle.dump(work(), stream)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        answer = pickle.load(stream)
    os.waitpid(child, 0)
    return answer


def restored(method: NetworkMethod, path: ComputePath, blurred: Tensor) -> Row:
    """A restoration along a path, with its seconds and its peak of memory."""
    restore = computed(method, path)
    batch: BlurredBatch = {"blurred": blurred, "name": ["picture"]}
    seconds = 0.0
    for _ in range(2):
        if seconds < SHORT:  # the first time compiles kernels, which long ones do not notice
            before = time.process_time()
            with torch.no_grad():
                picture = restore(batch)["restored"][0]
            seconds = time.process_time() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    return {"seconds": seconds, "peak": peak, "picture": picture.numpy()}


def measured(
    model: str,
    method: NetworkMethod,
    pair: tuple[Tensor, Tensor | None],
    *,
    turns: int,
    paths: Sequence[ComputePath],
) -> list[Row]:
    """A row for each path, the exact one first."""
    blurred, sharp = pair
    best: dict[str, Row] = {}
    for _ in range(turns):
        for path in paths:
            row = in_a_fork(lambda: restored(method, path, blurred))  # noqa: B023
            former = best.get(str(path), row)
            best[str(path)] = row | {"seconds": min(row["seconds"], former["seconds"])}
    exact, operations = best[str(EXACT)], 2 * multiply_adds(method, blurred)
    network = f"{type(method.network).__module__}.{type(method.network).__name__}"
    pictures = {name: as_batch(row.pop("picture")) for name, row in best.items()}
    rows, reference = [], pictures[str(EXACT)]
    for name, row in best.items():
        picture = pictures[name]
        error = (picture - reference).square().mean().item()
        rows.append(
            row
            | {"model": model, "network": network, "path": name, "operations": operations}
            | {"ratio": exact["seconds"] / row["seconds"]}
            | {"distance": min(10 * log10(1 / error), SAME) if error else SAME}
            | {"psnr": None if sharp is None else db(picture, sharp)}
        )
    return rows


def as_batch(picture: Any) -> Tensor:
    return torch.as_tensor(picture)[None].clamp(0, 1)


def db(picture: Tensor, sharp: Tensor) -> float:
    return -10 * log10((picture - sharp).square().mean().item())


def multiply_adds(method: NetworkMethod, blurred: Tensor) -> float:
    """Of convolutions and products of matrices in one restoration; nothing is computed."""
    size = pad_to_multiple(blurred, method.multiple).shape
    fake, counter = FakeTensorMode(allow_non_fake_inputs=True), FlopCounterMode(display=False)
    with fake, counter, torch.enable_grad():  # without, MAXIM works in many strips
        method(torch.empty(size))
    return counter.get_total_flops() / 2


def with_shares(rows: list[Row], speeds: Mapping[str, float]) -> None:
    """Compare with the speed of convolutions in the same precision."""
    for row in rows:
        share = row["operations"] / row["seconds"] / speeds[row["path"].partition(",")[0]]
        row["share"] = share if share <= 1 else None


def report(results: Mapping[str, Any]) -> str:
    """A table of each kind of processor."""
    lines = []
    for kind, result in results.items():
        speeds = ", ".join(
            f"{speed / 1e9:.0f} GFLOP/s in {n}" for n, speed in result["speeds"].items()
        )
        lines += [
            f"{result['processor']}, {kind}, one thread; convolutions run at up to {speeds}. Crops "
            f"of {result['columns']} x {result['rows_of_pixels']} pixels.",
            "",
            "| Model | Weights | Path | Processor seconds | Ratio | Share | Lost | To float32 "
            "| Peak memory |",
            "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        ]
        for row in result["rows"]:
            exact = next(
                r for r in result["rows"] if (r["model"], r["path"]) == (row["model"], str(EXACT))
            )
            lost = "" if row["psnr"] is None else f"{exact['psnr'] - row['psnr']:.3f} dB"
            share = "disturbed" if row["share"] is None else f"{row['share']:.0%}"
            distance = "" if row is exact else f"{row['distance']:.1f} dB"
            lines.append(
                f"| `{row['model']}` | {row['weights']} | {row['path']} | {row['seconds']:.3g} "
                f"| {row['ratio']:.2f} x | {share} | {lost} | {distance} | {row['peak']:.0f} MB |"
            )
        lines.append("")
    return "\n".join(lines)


def table(results: Mapping[str, Any]) -> str:
    """The library's table, as Python."""
    text = TABLE.read_text().partition("WITH_BF16:")[0]
    for name, kind in (("WITH_BF16", "bf16"), ("WITHOUT", "plain")):
        rows = results.get(kind, {"rows": []})["rows"]
        text += f"{name}: Mapping[str, Rows] = {{\n"
        for network in sorted({row["network"] for row in rows}):
            text += f'    "{network}": (\n'
            for row in of_network(rows, network):
                text += f"        {entry(row, rows)},\n"
            text += "    ),\n"
        text += "}\n"
    return text


def of_network(rows: Sequence[Row], network: str) -> list[Row]:
    """Rows of the first model that has this network, without the exact path."""
    of_it = [row for row in rows if row["network"] == network]
    model = of_it[0]["model"]
    return [row for row in of_it if row["model"] == model and row["path"] != str(EXACT)]


def exact_row(row: Row, rows: Sequence[Row]) -> Row:
    """That of the same model."""
    return next(r for r in rows if (r["model"], r["path"]) == (row["model"], str(EXACT)))


def entry(row: Row, rows: Sequence[Row]) -> str:
    """Path, ratio, what it loses and distance, as Python."""
    lost = "None"
    if row["psnr"] is not None:
        exact = exact_row(row, rows)
        lost = f"{exact['psnr'] - row['psnr']:.3f}"
    return f'("{row["path"]}", {row["ratio"]:.2f}, {lost}, {row["distance"]:.1f})'


def centre(picture: Tensor, height: int, width: int) -> Tensor:
    top, left = (picture.shape[-2] - height) // 2, (picture.shape[-1] - width) // 2
    return picture[..., top : top + height, left : left + width]


def run(given: argparse.Namespace) -> None:
    """Measure, and keep what was measured of other models."""
    files = dict(entry.split("=", 1) for entry in given.weights)
    pair = [as_tensor(read_picture(file).pixels)[None] for file in given.pair]
    top, left = (
        (side - size) // 2 for side, size in zip(pair[0].shape[-2:], given.size, strict=True)
    )
    blurred, sharp = (p[..., top : top + given.size[0], left : left + given.size[1]] for p in pair)
    results = json.loads(STORED.read_text()) if STORED.is_file() else {}
    kind = "bf16" if has_bf16() and not given.plain else "plain"
    result = results.setdefault(kind, {"rows": [], "speeds": {}})
    result |= {"processor": given.processor, "torch": torch.__version__}
    result |= {"rows_of_pixels": given.size[0], "columns": given.size[1]}
    paths = [path for path in PATHS.values() if path.available()]
    if given.plain:
        paths = [path for path in paths if "bfloat16" not in str(path)]
    for path in (path for path in paths if isinstance(path, Eager)):
        name = str(path).partition(",")[0]
        speed = convolution_speed(SHAPES["cpu"], path.precision, "cpu", layout=path.layout)
        result["speeds"][name] = max(speed, result["speeds"].get(name, 0.0))
    for model in given.models:
        file = files.get(model)
        method = prepared(model, file, STEPS)
        weights = f"of {STEPS} steps" if file is None else "stored"
        of_it = (blurred, sharp if file else None)
        rows = measured(model, method, of_it, turns=given.turns, paths=paths)
        rows = [row | {"weights": weights} for row in rows]
        result["rows"] = [row for row in result["rows"] if row["model"] != model] + rows
        print(
            model, *(f"{row['path']}: {row['ratio']:.2f} x" for row in rows), sep="; ", flush=True
        )
        with_shares(result["rows"], result["speeds"])
        STORED.parent.mkdir(parents=True, exist_ok=True)
        STORED.write_text(json.dumps(results, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pair", type=Path, nargs=2, default=[], help="blurred and sharp picture")
    parser.add_argument("--weights", nargs="*", default=["tiny=tiny"], help="model=file")
    parser.add_argument("--models", nargs="+", default=MODELS, help="measure these only")
    parser.add_argument("--size", type=int, nargs=2, default=[256, 384], help="of the crop, pixels")
    parser.add_argument("--turns", type=int, default=2, help="how often each path is taken")
    parser.add_argument("--plain", action="store_true", help="oneDNN was told to have no bf16")
    parser.add_argument("--processor", default=platform.machine(), help="its name, for the table")
    given = parser.parse_args()
    torch.set_num_threads(1)
    if given.pair:
        run(given)
    results = json.loads(STORED.read_text())
    (STORED.parent / "table.md").write_text(report(results))
    TABLE.write_text(table(results))
    print(report(results))


if __name__ == "__main__":
    main()
