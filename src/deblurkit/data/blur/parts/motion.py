"""What moves during an exposure: paths, displacements of pixels, and pictures moved by them.

A displacement says for each pixel, in pixels and as column and row, how far away lies what it
shows.
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from deblurkit.contracts import Images
from deblurkit.data.blur.parts.family import uniform

Displacement = Float[Tensor, "height width 2"]
UNEVEN = 0.8  # largest change of speed along a path, as share of its mean
BEND = math.pi / 2  # largest change of direction on either side of the middle


class Path(NamedTuple):
    """Where something is at each pose, seen from where it is at the middle one.

    Attributes:
        positions: Column and row, in pixels.
        progress: Share of the path's length, from about -0.5 to about 0.5.
    """

    positions: Float[Tensor, "poses 2"]
    progress: Float[Tensor, " poses"]


def bent_path(poses: int, *, length: float, generator: torch.Generator) -> Path:
    """A path in a random direction, bent and at uneven speed, zero at the middle pose.

    Args:
        poses: How many, odd and at least 3.
        length: Of the whole path, in pixels.
        generator: Draws direction, bend and change of speed.
    """
    heading, bend, change = uniform((-1.0, 1.0), 3, generator)
    times = torch.linspace(-1, 1, poses, dtype=torch.float64, device=generator.device)
    between = (times[1:] + times[:-1]) / 2
    angles = math.pi * heading + BEND * bend * between
    speeds = 1 + UNEVEN * change * between
    steps = speeds[:, None] * torch.stack([angles.cos(), angles.sin()], dim=-1)
    start = steps.new_zeros(1, 2)
    positions = torch.cat([start, steps.cumsum(dim=0)]) * length / speeds.sum()
    progress = torch.cat([start[:, 0], speeds.cumsum(dim=0)]) / speeds.sum()
    middle = poses // 2
    return Path(positions - positions[middle], progress - progress[middle])


def arms(
    height: int, width: int, *, pivot: Float[Tensor, " 2"]
) -> tuple[Float[Tensor, " width"], Float[Tensor, " height"]]:
    """How far columns and rows lie from a pivot.

    Args:
        height: Of the picture, in pixels.
        width: Of the picture, in pixels.
        pivot: Column and row, in pixels.
    """
    columns, rows = (torch.arange(side, device=pivot.device) for side in (width, height))
    return columns - float(pivot[0]), rows - float(pivot[1])


def turned(
    across: Float[Tensor, " width"], down: Float[Tensor, " height"], *, angle: float, scale: float
) -> Displacement:
    """The displacement of a picture that is rotated and enlarged around a pivot.

    Args:
        across: Of each column from the pivot, in pixels.
        down: Of each row from the pivot, in pixels.
        angle: In radians.
        scale: Factor; 1 leaves the size.
    """
    cos, sin = scale * math.cos(angle) - 1, scale * math.sin(angle)
    displacement = across.new_empty(len(down), len(across), 2)
    torch.sub(cos * across, sin * down[:, None], out=displacement[..., 0])
    torch.add(sin * across, cos * down[:, None], out=displacement[..., 1])
    return displacement


def moved(pictures: Images, displacement: Displacement) -> Images:
    """Pictures in which each pixel shows what lies at its displacement, interpolated linearly.

    What lies outside is the nearest pixel of the border.
    """
    height, width = pictures.shape[-2:]
    across = torch.linspace(-1, 1, width, dtype=pictures.dtype, device=pictures.device)
    down = torch.linspace(-1, 1, height, dtype=pictures.dtype, device=pictures.device)
    grid = displacement.to(pictures).clone()
    grid[..., 0].mul_(2 / max(width - 1, 1)).add_(across)
    grid[..., 1].mul_(2 / max(height - 1, 1)).add_(down[:, None])
    return functional.grid_sample(
        pictures,
        grid[None].expand(len(pictures), -1, -1, -1),
        mode="bilinear",
        padding_mode="border",
        align_corners=True,
    )


def relief(
    height: int, width: int, *, nodes: int, generator: torch.Generator
) -> Float[Tensor, "height width"]:
    """A smooth random map in [-1, 1], interpolated between ``nodes`` values along each side."""
    values = uniform((-1.0, 1.0), nodes * nodes, generator).reshape(1, 1, nodes, nodes)
    smooth = functional.interpolate(
        values, size=(height, width), mode="bicubic", align_corners=True
    )
    return smooth[0, 0].clamp(-1, 1).float()
