"""One figure of a study: a row per picture; blurred, what each method made of it, sharp.

The columns are folders of runs that wrote their test pictures, each with its label. PSNR is that of
the whole picture, of which a square with many edges is shown.

    python studies/figure.py --output figure.png DeblurGAN=runs/gan_study/deblurgan_0 ...
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from deblurkit.contracts import Image
from deblurkit.imaging.drawing.compare import liveliest_crop, side_by_side
from deblurkit.imaging.formats.files import as_tensor, read_image, write_image
from deblurkit.imaging.psnr import psnr

GAP = 6  # white lines between two rows, pixels


def main() -> None:
    given = arguments()
    runs = {label: Path(folder) for label, folder in (c.split("=", 1) for c in given.columns)}
    first = next(iter(runs.values())) / "test"
    names = sorted(file.stem for file in (first / "sharp").rglob("*.png"))
    chosen = given.pictures or [names[len(names) * n // 3] for n in range(3)]
    rows = [row(name, runs, first, side=given.side) for name in chosen]
    gap = np.full((GAP, rows[0].shape[1], 3), 255, np.uint8)
    parts = [part for drawn in rows for part in (drawn, gap)]
    write_image(given.output, np.vstack(parts[:-1]))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--pictures", nargs="+", help="names; three, evenly spread, if not given")
    parser.add_argument("--side", type=int, default=80, help="of the squares, pixels")
    parser.add_argument("columns", nargs="+", help="label=folder of a run")
    return parser.parse_args()


def row(name: str, runs: dict[str, Path], first: Path, *, side: int) -> NDArray[np.uint8]:
    """Squares of one picture, each under its label and PSNR."""
    sharp = picture(first / "sharp", name)
    shown = {"blurred": picture(first / "blurred", name)}
    shown |= {label: picture(run / "test" / "restored", name) for label, run in runs.items()}
    rows, cols = liveliest_crop(sharp, side)
    squares = {}
    for label, one in shown.items():
        quality = float(psnr(one[None], sharp[None]))
        squares[f"{label}  {quality:.2f} dB"] = twice(one[:, rows, cols])
    return side_by_side(squares | {"sharp": twice(sharp[:, rows, cols])})


def picture(folder: Path, name: str) -> Image:
    """One written test picture."""
    return as_tensor(read_image(folder / f"{name}.png"))


def twice(square: Image) -> Image:
    """At twice the size, pixels repeated: nothing is smoothed."""
    pixels = square.permute(1, 2, 0).numpy()
    large = cv2.resize(pixels, None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
    return torch.from_numpy(large).permute(2, 0, 1)


if __name__ == "__main__":
    main()
