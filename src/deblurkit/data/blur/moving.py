"""One moving object in front of a still or shaken background."""

import torch
from jaxtyping import Float
from torch import Tensor

from deblurkit.data.blur.parts.family import Interval, KernelFamily, interval, uniform
from deblurkit.data.blur.parts.field import BlurField, object_field
from deblurkit.data.blur.shapes import disks
from deblurkit.errors import InputError
from deblurkit.imaging.blur.kernels import padded


class MovingObject:
    """Fields with a soft ellipse that moves by its own kernel.

    Args:
        family: Kernels of the object.
        background: Kernels of everything else; none: it is sharp.
        extent: Interval of the ellipse's half-axes, as share of the picture's sides.
        softness: Width of the ellipse's rim, as share of its half-axes.
    """

    def __init__(
        self,
        *,
        family: KernelFamily,
        background: KernelFamily | None = None,
        extent: Interval = (0.15, 0.4),
        softness: float = 0.2,
    ) -> None:
        if softness <= 0:
            raise InputError(f"softness must be positive, got {softness}.")
        self.family, self.background, self.softness = family, background, softness
        self.extent = interval("extent", extent, least=1e-3, most=10.0)
        self.size = max(family.size, background.size if background else 1)

    def draw(
        self, height: int, width: int, generator: torch.Generator
    ) -> tuple[BlurField, dict[str, float]]:
        """Draw one field; parameters: the ellipse, and the kernels' with a prefix."""
        centre = uniform((0.2, 0.8), 2, generator)
        axes = uniform(self.extent, 2, generator)
        moving = self.family.draw(1, generator)
        parameters = {f"object_{name}": value for name, value in moving.rows()[0].items()}
        still = disks(torch.zeros(1, device=generator.device), size=self.size)
        if self.background is not None:
            behind = self.background.draw(1, generator)
            still = padded(behind.kernels, self.size)
            parameters |= {f"background_{name}": value for name, value in behind.rows()[0].items()}
        mask = soft_ellipse(height, width, centre=centre, axes=axes, softness=self.softness)
        parameters |= {"object_row": float(centre[0]), "object_column": float(centre[1])}
        return object_field(mask, padded(moving.kernels, self.size), still), parameters


def soft_ellipse(
    height: int,
    width: int,
    *,
    centre: Float[Tensor, " 2"],
    axes: Float[Tensor, " 2"],
    softness: float,
) -> Float[Tensor, "1 1 height width"]:
    """Draw an ellipse of ones that falls to zero across its rim.

    Args:
        height: Of the picture, in pixels.
        width: Of the picture, in pixels.
        centre: Row and column of its middle, as shares of height and width.
        axes: Half-axes downwards and across, as shares of height and width.
        softness: Width of the rim as share of the half-axes.
    """
    distance = elliptic_distance(height, width, centre=centre, axes=axes)
    return soft_inside(distance, softness=softness)


def elliptic_distance(
    height: int, width: int, *, centre: Float[Tensor, " 2"], axes: Float[Tensor, " 2"]
) -> Float[Tensor, "height width"]:
    """Distance from the middle of an ellipse in units of its half-axes: 1 on its rim."""
    rows = (torch.arange(height, device=centre.device) + 0.5) / height
    columns = (torch.arange(width, device=centre.device) + 0.5) / width
    return torch.hypot(
        (rows[:, None] - centre[0]) / axes[0], (columns[None, :] - centre[1]) / axes[1]
    )


def soft_inside(
    distance: Float[Tensor, "height width"], *, softness: float
) -> Float[Tensor, "1 1 height width"]:
    """1 where the distance is below 1, 0 above, falling across a rim of width ``softness``."""
    return ((1 - distance) / softness + 0.5).clamp(0, 1).float()[None, None]
