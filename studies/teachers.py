"""Which method may teach another: scores of each alone, on pictures whose blur is uniform and not.

Levin's and Lai's pictures are blurred by one kernel each, averages of frames as things and the
camera moved. A method that wants the true kernel runs where the data set has it; the others are
blind. What is done is kept: the command goes on where it stopped.

    python studies/teachers.py --levin Levin09 --lai Lai16 --lai-pictures 5
        --frames GOPRO_Large_all/test --weights dmphn=dmphn.safetensors
        --output docs/results/teachers
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

Result = dict[str, Any]

IDENTITY = "blurred"  # a row of its own: what a teacher has to beat
METHODS = {
    IDENTITY: ("model=unsharp", "model.amount=0"),
    "unsharp": ("model=unsharp",),
    "wiener": ("model=wiener",),
    "richardson_lucy": ("model=richardson_lucy",),
    "hyper_laplacian": ("model=hyper_laplacian",),
    "l0_blind": ("model=l0_blind",),
}
WITH_KERNEL = {"wiener", "richardson_lucy", "hyper_laplacian"}
SETS = {  # protocol, and the scores that are shown
    "levin": ("levin", ("levin/psnr", "levin/ssim_wang", "kernel_similarity")),
    "lai": ("lai", ("lai/psnr_y", "lai/ssim_wang")),
    "frames": ("rgb8", ("rgb8/psnr", "rgb8/ssim")),
}
HEADINGS = {"psnr": "PSNR, dB", "psnr_y": "PSNR of Y, dB", "ssim": "SSIM", "ssim_wang": "SSIM"}
TITLES = {
    "levin": "Levin, {} pictures, `levin`: uniform blur",
    "lai": "Lai, {} pictures, `lai`: uniform blur, large kernels",
    "frames": "Averages of frames, {} pictures, `rgb8`: blur varies over the picture",
}
WINDOW = 7  # frames per average


def main() -> None:
    asked = arguments()
    methods = METHODS | {
        name: (f"weights={Path(file).resolve()}",)
        for name, file in (entry.split("=", 1) for entry in asked.weights)
    }
    file = asked.output / "results.json"
    done: list[Result] = json.loads(file.read_text()) if file.is_file() else []
    folders = {"levin": asked.levin, "lai": asked.lai, "frames": asked.frames}
    if asked.lai and asked.lai_pictures:
        folders["lai"] = some(asked.lai, asked.lai_pictures, asked.runs / "lai" / "pictures")
    for data, folder in folders.items():
        for method in [] if folder is None else asked.methods or methods:
            known = any((run["data"], run["row"]) == (data, method) for run in done)
            if known or (method in WITH_KERNEL and data != "levin"):
                continue
            run = asked.runs / data / method
            means = scored(run, data, folder, methods[method])
            done.append({"row": method, "data": data, **means})
            asked.output.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(done, indent=1) + "\n")
            (asked.output / "table.md").write_text(tables(done))
            print(done[-1], flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--levin", type=Path, help="folder of the data set, as of data=levin")
    parser.add_argument("--lai", type=Path, help="folder of the data set, as of data=lai")
    parser.add_argument(
        "--lai-pictures", type=int, help="of Lai's, evenly spread; all if not given"
    )
    parser.add_argument("--frames", type=Path, help="folder of sequences of sharp frames")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--runs", type=Path, default=Path("runs/teachers"))
    parser.add_argument("--methods", nargs="+", help="some of them; all if not given")
    parser.add_argument("--weights", nargs="*", default=[], help="name=file of trained methods")
    return parser.parse_args()


def some(folder: Path, count: int, links: Path) -> Path:
    """A folder of links to some of Lai's pictures, from the first to the last."""
    files = sorted((folder / "blur_y").glob("*_kernel_*.png"))
    (links / "blur_y").mkdir(parents=True, exist_ok=True)
    targets = {"gt": folder / "gt"}
    for place in range(count):
        file = files[place * (len(files) - 1) // max(count - 1, 1)]
        targets[f"blur_y/{file.name}"] = file
    for name, target in targets.items():
        if not (links / name).exists():
            (links / name).symlink_to(target.resolve())
    return links


def scored(run: Path, data: str, folder: Path, chosen: tuple[str, ...]) -> Result:
    """Mean scores of one method on one data set."""
    protocol, shown = SETS[data]
    where = (f"data={data}", f"data.root={folder.resolve()}")
    if data == "frames":
        pairs = run.parent / "pairs"
        if not (pairs / "sharp").is_dir():
            command("blur", f"frames={folder}", f"window={WINDOW}", "gamma=2.2", f"output={pairs}")
        where = ("data=folder_paired", f"data.root={pairs.resolve()}")
        where += ("data.test.blurred=blurred", "data.test.sharp=sharp")
    file = run / "scores.json"
    if not file.is_file():
        command("eval", *chosen, *where, f"protocol=[{protocol}]", f"hydra.run.dir={run}")
    scores = json.loads(file.read_text())
    kept = {name: float(scores["mean"][name]) for name in shown if name in scores["mean"]}
    return {"pictures": scores["pictures"], **kept}


def command(name: str, *overrides: str) -> None:
    """One of the package's own commands."""
    subprocess.run([sys.executable, "-m", f"deblurkit.cli.{name}", *overrides], check=True)


def tables(done: list[Result]) -> str:
    """A table per data set, the row of the blurred pictures first."""
    parts = []
    for data, (_, shown) in SETS.items():
        rows = [run for run in done if run["data"] == data]
        if rows:
            names = [score.split("/")[-1] for score in shown]
            heads = [HEADINGS.get(name, name.replace("_", " ")) for name in names]
            lines = [
                f"| method | kernel | {' | '.join(heads)} |",
                "| --- " * (2 + len(heads)) + "|",
            ]
            lines += [line(run, shown) for run in rows]
            title = TITLES[data].format(rows[0]["pictures"])
            parts.append("\n".join([f"{title}\n", *lines]))
    return "\n\n".join(parts) + "\n"


def line(run: Result, shown: tuple[str, ...]) -> str:
    kernel = {IDENTITY: "", "l0_blind": "estimated"}.get(run["row"], "none")
    kernel = "true" if run["row"] in WITH_KERNEL else kernel
    numbers = [
        "" if score not in run else f"{run[score]:.2f}" if "psnr" in score else f"{run[score]:.4f}"
        for score in shown
    ]
    return f"| {run['row']} | {kernel} | {' | '.join(numbers)} |"


if __name__ == "__main__":
    main()
