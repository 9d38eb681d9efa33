"""Scores of the weights that come with the install, on pictures that they were not trained on.

Blurred as they were, sharpened by an unsharp mask, restored. Made blur is drawn anew with each
seed. What is done is kept: the command goes on where it stopped.

    python studies/tiny.py --kodak kodak --gopro GOPR0384_11_00-000001_blur.png
        GOPR0384_11_00-000001_sharp.png --frames GOPRO_Large_all/test --output docs/results/tiny

``--run`` takes the folder of a run of ``experiment=tiny`` in place of the weights, and with
``--ship`` puts its weights in their place first.
"""

import argparse
import csv
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import deblurkit
from deblurkit.imaging.formats.files import as_tensor, read_image
from deblurkit.imaging.quality import complaint
from deblurkit.restoring.guard import sharpness
from deblurkit.weights import FOLDER

Result = dict[str, Any]
SCORES = {"psnr_blurred": "psnr_blurred", "psnr": "rgb8/psnr", "ssim": "rgb8/ssim"}  # columns
ORIGIN = {  # what the file says of itself
    "repository": "deblurkit",
    "card": "docs/results/tiny",
    "licence": "Apache-2.0",
    "pictures": "scikit-image's (CC0 or public domain), kodim01 and kodim05 of Kodak's (free use)",
}
SEEDS = range(1, 9)  # of made blur
ROLES = ("blurred", "restored")
WINDOW = 7  # frames per average, in linear light
TITLES = {
    "kodim04": "kodim04, made blur of every kind",
    "photos": "astronaut and chelsea of scikit-image, the same",
    "gopro": "test pair 1 of GOPR0384_11_00 (GoPro)",
    "frames": f"averages of {WINDOW} frames",
}


def main() -> None:
    asked = arguments()
    if asked.ship:
        method = deblurkit.load(asked.run)
        method.origin = ORIGIN
        print("SHA-256:", deblurkit.save_weights(method, FOLDER / "tiny.safetensors"))
    methods = {"unsharp": "model=unsharp", "tiny": f"weights={asked.run or 'tiny'}"}
    file = asked.output / "scores.json"
    done: list[Result] = json.loads(file.read_text()) if file.is_file() else []
    for data, seed, where in sets(asked):
        for method, chosen in methods.items():
            if any((one["data"], one["seed"], one["row"]) == (data, seed, method) for one in done):
                continue
            run = asked.runs / data / f"{seed}_{method}"
            done += [
                {"data": data, "seed": seed, "row": method, **picture}
                for picture in scored(run, chosen, where)
            ]
            asked.output.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(done, indent=1) + "\n")
            (asked.output / "table.md").write_text(table(done))
    print(table(done))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kodak", type=Path, help="folder that holds kodim04.png")
    parser.add_argument("--gopro", type=Path, nargs=2, help="a blurred picture and its sharp one")
    parser.add_argument("--frames", type=Path, help="folder of sequences of sharp frames")
    parser.add_argument("--run", type=Path, help="folder of a run, in place of the weights")
    parser.add_argument("--ship", action="store_true")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--runs", type=Path, default=Path("runs/tiny_scores"))
    return parser.parse_args()


def sets(asked: argparse.Namespace) -> list[tuple[str, int, list[str]]]:
    """Names, seeds of the blur, and overrides of the data that are at hand."""
    found = []
    for seed in SEEDS:
        made = ["data=free_photos", f"seed={seed}", f"data.evaluation_synthesis.seed={seed}"]
        if asked.kodak:
            kodim = "{_target_:deblurkit.data.sources.folders.FolderPictures,root:'${data.root}',"
            kodim += "pictures:kodim04.png,role:sharp}"
            root = f"data.root={asked.kodak.resolve()}"
            found.append(("kodim04", seed, [*made, root, "~data.test", f"+data.test={kodim}"]))
        found.append(("photos", seed, made))
    if asked.gopro:
        folder = asked.runs / "pair"
        for role, file in zip(("blurred", "sharp"), asked.gopro, strict=True):
            (folder / role).mkdir(parents=True, exist_ok=True)
            (folder / role / "000001.png").write_bytes(file.read_bytes())
        found.append(("gopro", 0, pairs(folder)))
    if asked.frames:
        folder = asked.runs / "averages"
        if not (folder / "sharp").is_dir():
            settings = (f"window={WINDOW}", "gamma=2.2", f"output={folder}")
            command("blur", f"frames={asked.frames}", *settings)
        found.append(("frames", 0, pairs(folder)))
    return found


def pairs(folder: Path) -> list[str]:
    """Overrides of a folder of pairs."""
    where = ["data=folder_paired", f"data.root={folder.resolve()}"]
    return [*where, "data.test.blurred=blurred", "data.test.sharp=sharp"]


def scored(run: Path, chosen: str, where: list[str]) -> list[Result]:
    """Scores of each picture, and why deblurkit-deblur would keep it as it was."""
    saved = run / "saved"
    quiet = ("page=false", "trainer.enable_progress_bar=false")
    command("eval", chosen, *where, *quiet, f"save={saved}", f"hydra.run.dir={run}")
    with (run / "test.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    found = []
    for row in rows:
        views = [as_tensor(read_image(of(saved / role, row["name"]))) for role in ROLES]
        numbers = {score: float(row[column]) for score, column in SCORES.items()}
        kept = sharpness(views[0]) or complaint(*views)
        found.append({"name": row["name"], **numbers, "kept": kept})
    return found


def of(folder: Path, name: str) -> Path:
    """The saved picture of a row."""
    return folder / f"{Path(name).with_suffix('')}.png"


def table(done: list[Result]) -> str:
    """Means over pictures and seeds."""
    head = (
        "| pictures | n | blurred | unsharp mask | `tiny` | gain | kept | gain then | worse then |"
    )
    lines = [head, "| --- " * 9 + "|"]
    for data, title in TITLES.items():
        rows = {
            method: [one for one in done if (one["data"], one["row"]) == (data, method)]
            for method in ("unsharp", "tiny")
        }
        if all(rows.values()):
            lines.append(line(title, rows["unsharp"], rows["tiny"]))
    return "\n".join(lines) + "\n"


def line(title: str, unsharp: list[Result], tiny: list[Result]) -> str:
    """A row of the table, PSNR in dB."""
    blurred, sharpened, restored = (
        statistics.fmean(one[score] for one in rows)
        for rows, score in ((tiny, "psnr_blurred"), (unsharp, "psnr"), (tiny, "psnr"))
    )
    taken = [one["psnr"] - one["psnr_blurred"] for one in tiny if one["kept"] is None]
    kept, worse = len(tiny) - len(taken), sum(gain < 0 for gain in taken)
    numbers = f"{blurred:.2f} | {sharpened:.2f} | {restored:.2f} | {restored - blurred:+.2f}"
    return (
        f"| {title} | {len(tiny)} | {numbers} | {kept} | {sum(taken) / len(tiny):+.2f} | {worse} |"
    )


def command(name: str, *overrides: str) -> None:
    """One of the package's own commands."""
    subprocess.run([sys.executable, "-m", f"deblurkit.cli.{name}", *overrides], check=True)


if __name__ == "__main__":
    main()
