"""What the tables of the adversarial methods say beyond PSNR and SSIM, out of a run's folder."""

import csv
import math
import statistics
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import nn

import deblurkit
from deblurkit.contracts import Images
from deblurkit.imaging.formats.files import as_tensor, read_image
from deblurkit.imaging.psnr import psnr
from deblurkit.metrics.rgb8 import ssim

EQUAL = 100.0  # dB that equal pictures count as
CRITICS = {"critic", "critics.patch", "critics.full", "critics.sharp"}


def pictures(folder: Path, role: str) -> Iterator[Images]:
    """Test pictures of a run that wrote them, each as a batch of one, sorted by name."""
    for file in sorted((folder / "test" / role).rglob("*.png")):
        yield as_tensor(read_image(file))[None]


def psnr_to_blurred(folder: Path) -> float:
    """Mean PSNR of restored against blurred pictures, dB: above 40 nothing can be seen."""
    pairs = zip(pictures(folder, "restored"), pictures(folder, "blurred"), strict=True)
    return statistics.fmean(min(float(psnr(*pair)), EQUAL) for pair in pairs)


def colour_shift(folder: Path) -> float:
    """Share of the squared change of pictures that is one number per picture and channel.

    1 where a method only tints or brightens pictures; sharpening leaves their means alone.
    """
    changed, shifted = 0.0, 0.0
    for restored, blurred in zip(
        pictures(folder, "restored"), pictures(folder, "blurred"), strict=True
    ):
        change = restored - blurred
        changed += float(change.square().mean())
        shifted += float(change.mean(dim=(-1, -2)).square().mean())
    return shifted / changed if changed else 0.0


def ssim_of_blurred(folder: Path) -> float:
    """Mean SSIM of blurred against sharp pictures."""
    pairs = zip(pictures(folder, "blurred"), pictures(folder, "sharp"), strict=True)
    return statistics.fmean(float(ssim(*pair)) for pair in pairs)


def gradient_distance(folder: Path, role: str) -> float:
    """Distance of a pool's gradient energy to that of the sharp test pictures, in decades.

    The absolute difference of the log10 of both energies; 0 where the pool is, on the whole, as
    rich in edges as the sharp one, or as noisy.
    """
    return abs(math.log10(energy(folder, role) / energy(folder, "sharp")))


def energy(folder: Path, role: str) -> float:
    """Mean over pictures of the energy of their edges."""
    return statistics.fmean(edges(one) for one in pictures(folder, role))


def edges(picture: Images) -> float:
    """Mean squared differences of neighbours, right and below."""
    return float(picture.diff(dim=-1).square().mean() + picture.diff(dim=-2).square().mean())


def critic_gaps(folder: Path) -> dict[str, float]:
    """Mean score of sharp minus that of restored and of blurred test pictures, by critic.

    In the critic's own unit. Near 0 it does not tell the two apart; below, it takes the made
    pictures for the better ones. Only critics that judge restored pictures are asked.
    """
    modules = dict(deblurkit.load(folder).named_modules())
    gaps = {}
    for name in sorted(CRITICS & modules.keys()):
        critic = modules[name]
        means = {role: score(critic, folder, role) for role in ("sharp", "restored", "blurred")}
        gaps[f"gap/{name}"] = means["sharp"] - means["restored"]
        gaps[f"gap_of_blurred/{name}"] = means["sharp"] - means["blurred"]
    return gaps


@torch.no_grad()
def score(critic: nn.Module, folder: Path, role: str) -> float:
    """Mean score of the test pictures of one role."""
    return statistics.fmean(float(critic(one).mean()) for one in pictures(folder, role))


def last_terms(folder: Path) -> dict[str, float]:
    """Means of the training's terms over the last quarter of what was logged, unweighted."""
    with (folder / "metrics.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    terms = {}
    for column in rows[0]:
        if column.startswith("train/") and column.count("/") == 2 and "norm" not in column:
            values = [float(row[column]) for row in rows if row[column]]
            if values:
                last = values[-max(1, len(values) // 4) :]
                terms[column.removeprefix("train/")] = statistics.fmean(last)
    return terms
