"""Blur that varies over a picture: one kernel, a grid of nine, four that a network mixes.

Two crops: of a photograph blurred by a camera that rolls (the library's motion field), and of the
average of a row of frames. For each, two questions. How well can a model explain the blurred crop
at best, its sharp picture being known? That is a convex problem, solved in ``explained.py``: half
of the pixels, a checkerboard, decide the kernels, the other half is scored, so that more kernels
are not better by their number alone. And what does blind restoration reach with it, guided by the
picture of ``l0_blind``? What is done is kept in ``results.json`` and not run again.

    python studies/varying.py --frames GOPR0477_11_00 --output docs/results/varying
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

import skimage.data
import torch
from explained import best_kernels
from study import spread
from torch import Tensor
from torch.nn import functional

from deblurkit.config import build_recipe, compose, plain
from deblurkit.contracts import Images
from deblurkit.data.blur.averaging import frame_mean
from deblurkit.data.blur.roll import CameraRoll
from deblurkit.data.blur.synthesis import BlurSynthesis
from deblurkit.imaging.colour import luminance
from deblurkit.imaging.formats.files import as_tensor, read_image
from deblurkit.imaging.psnr import psnr
from deblurkit.methods.priors.blind import BlindProblem
from deblurkit.methods.weak_selfdeblur import WeakSelfDeblur
from deblurkit.metrics.levin import Levin
from deblurkit.networks.parts.nonuniform import Tents, blended

Result = dict[str, Any]

SIDE, SIZE = 80, 17  # of crops and of kernels, pixels
MARGIN = SIZE // 2  # around a crop: what was blurred into it
ROLL = CameraRoll(size=SIZE, degrees=(10, 10), pivot=(0.5, 0.5), nodes=9)
CORNERS = {"roll": (60, 190), "frames": (10, 70)}  # of the crops, top and left
SHRINKING = 4  # of frames, so that a crop shows enough of the scene
GRIDS = {"uniform": 1, "grid": 3}  # models whose limit is a convex problem: kernels along a side
MODELS = {  # and all models
    "uniform": "weak_selfdeblur",
    "grid": "weak_selfdeblur_grid",
    "basis": "weak_selfdeblur_basis",
}
# Generators and every number of iterations smaller than in the models' configs.
BUDGET = (
    "model/stopping@model.priors.stopping=fixed",
    "model.priors.stopping.iterations=400",
    "model.priors.picture={channels:32,skipped:8,scales:4}",
    "model.fidelity.switch=140",
    "model.weights.weak={hold:120,end:240}",
    "model.weights.consistency.value=0",
    "model.descent.milestones=[240,290,350]",
    "model.average=0.96",
)
PROTOCOL = Levin(border=10, reach=8)
SHOWN = {"limit": 1, "explained": 1, "levin/psnr": 2, "levin/ssim_wang": 3}  # digits


class Crop(NamedTuple):
    blurred: Images
    around: Images  # the sharp picture, larger by the margin on each side

    @property
    def sharp(self) -> Images:
        """As large as the blurred crop."""
        return inner(self.around)


def main() -> None:
    given = arguments()
    torch.set_num_threads(1)
    file = given.output / "results.json"
    done: list[Result] = json.loads(file.read_text()) if file.is_file() else []
    given.output.mkdir(parents=True, exist_ok=True)
    crops = {"roll": rolled(), "frames": averaged(given.frames)}
    for found in measured(crops, given.seeds, done):
        done.append(found)
        file.write_text(json.dumps(done, indent=1) + "\n")
        (given.output / "table.md").write_text(table(done))
        print(found, flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=Path, required=True, help="an odd number of frames")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    return parser.parse_args()


def measured(crops: dict[str, Crop], seeds: list[int], done: list[Result]) -> Iterator[Result]:
    """What is not done yet: limits first, then restorations, seed by seed."""
    known = {(run["picture"], run["row"], run.get("seed")) for run in done}
    for name, crop in crops.items():
        if (name, "blurred", None) not in known:
            yield {"picture": name, "row": "blurred", **scores(crop, crop.blurred)}
        for row, along in GRIDS.items():
            if (name, row, None) not in known:
                yield {"picture": name, "row": row, "limit": limit(crop, along)}
    for seed in seeds:
        for name, crop in crops.items():
            for row in MODELS:
                if (name, row, seed) not in known:
                    yield {"picture": name, "row": row, "seed": seed, **solved(crop, row, seed)}


def rolled() -> Crop:
    """A photograph under the blur of a camera that turns around the middle of the crop."""
    top, left = CORNERS["roll"]
    side = SIDE + 4 * MARGIN
    around = as_tensor(skimage.data.astronaut()[top : top + side, left : left + side])[None]
    synthesis = BlurSynthesis(field=ROLL, seed=0, rounding=True)
    return Crop(inner(inner(synthesis(around, [0]).blurred)), inner(around))


def averaged(folder: Path) -> Crop:
    """Mean of encoded frames, and the one in the middle, both made smaller."""
    files = sorted(folder.glob("*.png"))
    frames = [torch.from_numpy(read_image(file).transpose(2, 0, 1)) for file in files]
    middle = as_tensor(read_image(files[len(files) // 2]))[None]
    mean = frame_mean(iter(frames), gamma=1.0)[None].to(middle) / 255
    top, left = CORNERS["frames"]
    cut = (..., slice(top, top + SIDE + 2 * MARGIN), slice(left, left + SIDE + 2 * MARGIN))
    around, blurred = (functional.avg_pool2d(one, SHRINKING)[cut] for one in (middle, mean))
    return Crop(inner(blurred), around)


def inner(pictures: Tensor) -> Tensor:
    """Without the margin."""
    return pictures[..., MARGIN:-MARGIN, MARGIN:-MARGIN]


def scores(crop: Crop, restored: Images) -> Result:
    """PSNR in dB and SSIM of luminance, where they fit best."""
    taken = PROTOCOL.measure(restored, crop.sharp)
    return {f"levin/{name}": float(score) for name, score in taken.items()}


def limit(crop: Crop, along: int) -> float:
    """PSNR, in dB, of what the best kernels make of the sharp picture, on pixels kept from them."""
    latent, blurred = (luminance(one).double() for one in (crop.around, crop.blurred))
    shares = Tents((SIDE, SIDE), rows=along, columns=along)().double()
    places = torch.arange(SIDE)
    seen = (places[:, None] + places) % 2 == 0
    again = blended(latent, best_kernels(latent, blurred, shares, seen=seen), shares)
    return float(-10 * (again - blurred)[0, 0][~seen].square().mean().log10())


def solved(crop: Crop, row: str, seed: int) -> Result:
    """Scores of one blind restoration, and how well it explains the blurred crop, in dB."""
    config = compose(f"model={MODELS[row]}", *BUDGET, f"model.priors.seed={seed}")
    method = cast("WeakSelfDeblur", build_recipe(plain(config.model), trust=[]))
    problem = method.finished(method.initial_state(crop.blurred[0], SIZE), row)
    assert isinstance(problem, BlindProblem)
    with torch.no_grad():
        reblurred = problem.generate(0.0).reblurred
    return scores(crop, problem.answer[None]) | {
        "explained": float(psnr(reblurred, problem.luminance)),
        "seconds": round(float(problem.seconds)),
    }


def table(done: list[Result]) -> str:
    """A row per picture and model, mean and standard deviation over the seeds."""
    lines = [
        "| picture | kernels | explained at best, dB | by the restoration, dB | runs "
        "| PSNR, dB | SSIM |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for picture in dict.fromkeys(run["picture"] for run in done):
        for row in ("blurred", *MODELS):
            of_row = [run for run in done if (run["picture"], run["row"]) == (picture, row)]
            best, explained, *quality = (
                spread([run[name] for run in of_row if name in run], digits)
                for name, digits in SHOWN.items()
            )
            runs = sum("seed" in run for run in of_row) or ""
            cells = [picture, row, best, explained, str(runs), *quality]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
