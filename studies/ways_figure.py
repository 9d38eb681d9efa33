"""What the two ways of the multi-scale two-way network draw: a row per picture.

Blurred, the way up, the way down around mid-grey with its contrast stretched, their sum, sharp. The
pictures are those that a run or ``deblurkit-eval`` saved (``save=``), so they have sharp partners.

    deblurkit-eval weights=runs/mtwnet_study/two_ways_0/best.ckpt data=photos save=runs/ways
    python studies/ways_figure.py --weights runs/mtwnet_study/two_ways_0 --pictures runs/ways \
        --output docs/results/mtwnet/ways.png
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from figure import GAP, picture, twice
from numpy.typing import NDArray

import deblurkit
from deblurkit.contracts import Image
from deblurkit.imaging.drawing.compare import liveliest_crop, side_by_side
from deblurkit.imaging.formats.files import write_image
from deblurkit.imaging.psnr import psnr
from deblurkit.imaging.tiling.padding import pad_to_multiple
from deblurkit.networks.mtwnet import TwoWay


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, required=True, help="a run, or its checkpoint")
    parser.add_argument("--pictures", type=Path, required=True, help="with blurred/ and sharp/")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--side", type=int, default=112, help="of the squares, pixels")
    given = parser.parse_args()
    network = deblurkit.load(given.weights).deblurrer
    if not isinstance(network, TwoWay):
        parser.error("these weights are not of the network with two ways")
    names = sorted(file.stem for file in (given.pictures / "sharp").rglob("*.png"))
    rows = [row(network, given.pictures, name, side=given.side) for name in names]
    gap = np.full((GAP, rows[0].shape[1], 3), 255, np.uint8)
    write_image(given.output, np.vstack([part for one in rows for part in (one, gap)][:-1]))


@torch.no_grad()
def row(network: TwoWay, folder: Path, name: str, *, side: int) -> NDArray[np.uint8]:
    """Squares of one picture, each under its label; PSNR is that of the whole picture."""
    blurred, sharp = (picture(folder / role, name) for role in ("blurred", "sharp"))
    height, width = blurred.shape[-2:]
    drawn = network(pad_to_multiple(blurred[None], network.multiple))
    up, down, total = (
        one[0, :, :height, :width] for one in (drawn.up.fine, drawn.down.fine, drawn.fine)
    )
    rows, columns = liveliest_crop(sharp, side)
    squares = {}
    for label, one in (("blurred", blurred), ("up", up), ("sum", total)):
        quality = float(psnr(one.clamp(0, 1)[None], sharp[None]))
        squares[f"{label}  {quality:.2f} dB"] = twice(one[:, rows, columns].clamp(0, 1))
    gain, around_grey = stretched(down[:, rows, columns])
    squares[f"down x {gain:.0f}"] = twice(around_grey)
    return side_by_side(squares | {"sharp": twice(sharp[:, rows, columns])})


def stretched(down: Image) -> tuple[float, Image]:
    """Deviations from each channel's mean, around mid-grey, by a whole factor that fills [0, 1]."""
    deviation = down - down.mean(dim=(-1, -2), keepdim=True)
    gain = max(1.0, float((0.5 / deviation.abs().quantile(0.995)).floor()))
    return gain, (0.5 + gain * deviation).clamp(0, 1)


if __name__ == "__main__":
    main()
