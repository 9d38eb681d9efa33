"""Two figures of the crops where methods disagree most: the pictures, and their errors."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from deblurkit.commands.evaluate.comparison.crops import DisagreementCrop
from deblurkit.imaging.drawing.grid import Panel, Pixels, Row, enlarged, grid, heat, scale

SIDE = 200  # pixels that a crop has at least once it is enlarged by a whole number
STEP = 8  # of the top of the scale of errors, grey levels
SHARE = 99.0  # percent of the errors that the scale tells apart


def crops_figure(crops: Sequence[DisagreementCrop], methods: Sequence[str]) -> Pixels:
    """Blurred, each method, sharp; below each its PSNR in the crop, the best one framed."""
    columns = ["blurred", *methods, "sharp"]
    rows = []
    for crop in crops:
        errors = squared_errors(crop)
        best = min(errors[name] for name in methods)
        tiles = [
            Panel(
                enlarged(pixels(crop.crops[name]), factor(crop)),
                "" if name == "sharp" else decibels(errors[name]),
                name in methods and errors[name] == best,
            )
            for name in columns
        ]
        rows.append(Row(title(crop), tiles))
    return grid(columns, rows)


def errors_figure(crops: Sequence[DisagreementCrop], methods: Sequence[str]) -> Pixels:
    """Absolute errors of the same crops, all on one scale; below each their root mean square."""
    columns = ["blurred", *methods]
    maps = [{name: absolute(crop.crops, name) for name in columns} for crop in crops]
    every = np.concatenate([values.ravel() for by_name in maps for values in by_name.values()])
    top = STEP * max(1, math.ceil(np.percentile(every, SHARE) / STEP))
    rows = []
    for crop, by_name in zip(crops, maps, strict=True):
        errors = squared_errors(crop)
        best = min(errors[name] for name in methods)
        tiles = [
            Panel(
                enlarged(heat(by_name[name], top=top), factor(crop)),
                f"RMS {math.sqrt(errors[name]):.1f}",
                name in methods and errors[name] == best,
            )
            for name in columns
        ]
        rows.append(Row(title(crop), tiles))
    words = "absolute error, mean over colours, in grey levels of 255"
    return grid(columns, rows, footer=scale(words, top=top))


def title(crop: DisagreementCrop) -> str:
    """Which part of which picture."""
    rows, columns = crop.crops["sharp"].shape[-2:]
    return (
        f"{crop.name} · rows {crop.top} to {crop.top + rows}, "
        f"columns {crop.left} to {crop.left + columns}"
    )


def factor(crop: DisagreementCrop) -> int:
    """How many times larger a crop is drawn."""
    return max(1, math.ceil(SIDE / max(crop.crops["sharp"].shape[-2:])))


def pixels(picture: Tensor) -> Pixels:
    """Height, width, channel."""
    return np.ascontiguousarray(picture.permute(1, 2, 0).numpy())


def absolute(crops: Mapping[str, Tensor], name: str) -> NDArray[np.float64]:
    """Error of each pixel, mean over colours, in grey levels."""
    apart = pixels(crops[name]).astype(np.float64) - pixels(crops["sharp"])
    return np.abs(apart).mean(axis=2)


def squared_errors(crop: DisagreementCrop) -> dict[str, float]:
    """Mean squared error of each column, of squared grey levels."""
    sharp = pixels(crop.crops["sharp"]).astype(np.float64)
    return {name: float(((pixels(part) - sharp) ** 2).mean()) for name, part in crop.crops.items()}


def decibels(error: float) -> str:
    """PSNR of a mean squared error."""
    return "equal" if error == 0 else f"{10 * math.log10(255**2 / error):.2f} dB"
