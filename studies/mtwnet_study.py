"""The two-way network against its ablation with one way, with several seeds; what each way draws.

Every row is an ordinary ``deblurkit-train`` run. Finished runs are kept in ``results.json`` and not
run again. Needs the images of BSDS500: <root>/train and <root>/val.

    python studies/mtwnet_study.py --root BSDS500/images --output docs/results/mtwnet
"""

from pathlib import Path
from statistics import fmean
from typing import cast

import measures
import study
import torch
from study import Result, spread

import deblurkit
from deblurkit.contracts import Images
from deblurkit.imaging.psnr import psnr
from deblurkit.imaging.tiling.padding import pad_to_multiple
from deblurkit.networks.mtwnet import TwoWay

TWO = "two ways"
ROWS = {  # overrides of experiment=mtwnet_study
    TWO: [],
    "one way": ["model=mtwnet_oneway"],
}
SCORES = ("rgb8/psnr", "rgb8/ssim", "psnr_blurred", "psnr_gain")


def main() -> None:
    given = study.parser(__doc__, runs="runs/mtwnet_study").parse_args()
    shared = ["experiment=mtwnet_study", "callbacks.pictures.test_folder=${paths.run}/test"]
    rows = {row: [*shared, *overrides] for row, overrides in ROWS.items()}
    done = study.finish(rows, given, measure=measured)
    if done:
        (given.output / "table.md").write_text(table(done))
        print(table(done))


def measured(folder: Path) -> Result:
    """What is kept of a run."""
    network = deblurkit.load(folder).deblurrer
    parameters = sum(parameter.numel() for parameter in network.parameters())
    scores = study.mean_scores(folder, *SCORES)
    ways = of_ways(network, folder) if isinstance(network, TwoWay) else {}
    return {"parameters": parameters, **scores, **ways}


@torch.no_grad()
def of_ways(network: TwoWay, folder: Path) -> Result:
    """What each way draws of the test pictures at full size, means over pictures.

    The share of a way is its part of the gradient energy of both, without what they have in
    common or against each other. The PSNR of the way up alone is taken twice: as it is, and with
    the best constant per channel added, for nothing keeps the ways from drifting apart by one.
    """
    found = []
    pairs = zip(
        measures.pictures(folder, "blurred"), measures.pictures(folder, "sharp"), strict=True
    )
    for blurred, sharp in pairs:
        height, width = blurred.shape[-2:]
        drawn = network(pad_to_multiple(blurred, network.multiple))
        up, down, total = (
            cast("Images", one)[..., :height, :width]
            for one in (drawn.up.fine, drawn.down.fine, drawn.fine)
        )
        level = (sharp - up).mean(dim=(-1, -2), keepdim=True)
        energies = measures.edges(up), measures.edges(down)
        found.append(
            {
                "psnr_up": float(psnr(up.clamp(0, 1), sharp)),
                "psnr_up_levelled": float(psnr((up + level).clamp(0, 1), sharp)),
                "psnr_sum": float(psnr(total.clamp(0, 1), sharp)),
                "down_share": energies[1] / sum(energies),
                "down_deviation": float(down.std(dim=(-1, -2)).mean()),
            }
        )
    return {key: fmean(one[key] for one in found) for key in found[0]}


def table(done: list[Result]) -> str:
    """Mean and standard deviation over the seeds; the difference to two ways, seed by seed."""
    lines = [
        "| row | parameters | seeds | PSNR, dB | gain over blurred, dB | SSIM | difference, dB |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    two = study.of_row(done, TWO)
    for row in ROWS:
        runs = study.of_row(done, row)
        if runs:
            first = next(iter(runs.values()))
            columns = [
                spread([float(run[score]) for run in runs.values()], digits)
                for score, digits in (("rgb8/psnr", 2), ("psnr_gain", 3), ("rgb8/ssim", 4))
            ]
            gaps = [float(runs[s]["psnr_gain"]) - float(two[s]["psnr_gain"]) for s in runs]
            difference = "" if row == TWO else spread(gaps, 3, signed=True)
            lines.append(
                f"| {row} | {first['parameters']:,} | {len(runs)} | {' | '.join(columns)} "
                f"| {difference} |"
            )
    return "\n".join([*lines, "", *ways(list(two.values()))]) + "\n"


def ways(runs: list[Result]) -> list[str]:
    """The second table: what the two ways draw."""
    figures = {
        "PSNR of the sum, dB": ("psnr_sum", 2),
        "PSNR of the way up alone, dB": ("psnr_up", 2),
        "the same with the best constant per channel added, dB": ("psnr_up_levelled", 2),
        "share of the way down in the gradient energy of both": ("down_share", 3),
        "standard deviation of the way down, intensities": ("down_deviation", 3),
    }
    lines = [f"| two ways, mean over pictures ({len(runs)} seeds) | |", "| --- | --- |"]
    for title, (key, digits) in figures.items():
        lines.append(f"| {title} | {spread([float(run[key]) for run in runs], digits)} |")
    return lines


if __name__ == "__main__":
    main()
