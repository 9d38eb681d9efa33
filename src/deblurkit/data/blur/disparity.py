"""Random fields that follow a given disparity map."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from deblurkit.data.blur.depth import defocus_field, shake_field
from deblurkit.data.blur.parts.family import Interval, check_side, choice, interval, uniform
from deblurkit.data.blur.parts.field import BlurField
from deblurkit.data.blur.trajectory import CameraShake, shake_draws, shake_paths
from deblurkit.errors import InputError

Disparity = Float[Tensor, "1 1 height width"]  # in [0, 1]: 0 is farthest, 1 is nearest


class Drawn(NamedTuple):
    """What a field family answers."""

    field: BlurField
    parameters: dict[str, float]


class DepthDefocus:
    """Fields of defocus: disks that grow with the distance from a random plane in focus.

    Args:
        size: Side of the kernels, odd, in pixels; larger disks are cut to it.
        radius: Interval of the radius of what is the full range of disparity out of focus,
            in pixels.
        focus: Interval of the disparity in focus; 0 is farthest, 1 is nearest.
        layers: Disparities with a kernel of their own.

    Attributes:
        disparity: Map of the picture that is blurred next; to be set before each draw.
    """

    disparity: Disparity | None = None

    def __init__(
        self, *, size: int, radius: Interval, focus: Interval = (0.0, 1.0), layers: int = 8
    ) -> None:
        self.size, self.layers = check_side(size), layers
        self.radius = interval("radius", radius, least=0.0, most=size / 2)
        self.focus = interval("focus", focus, least=0.0, most=1.0)

    def draw(self, height: int, width: int, generator: torch.Generator) -> Drawn:
        """Draw one field; parameters: ``focus`` and, in pixels, ``radius``."""
        disparity = fitting(self.disparity, height, width)
        radius = float(uniform(self.radius, 1, generator))
        focus = float(uniform(self.focus, 1, generator))
        field = defocus_field(
            disparity, focus=focus, strength=radius, size=self.size, layers=self.layers
        )
        return Drawn(field, {"radius": radius, "focus": focus})


class DepthShake:
    """Fields of camera shake whose paths are proportional to disparity.

    Args:
        shake: Distribution of the path of the nearest point.
        layers: Disparities with a kernel of their own.

    Attributes:
        disparity: Map of the picture that is blurred next; to be set before each draw.
    """

    disparity: Disparity | None = None

    def __init__(self, *, shake: CameraShake, layers: int = 8) -> None:
        self.shake, self.layers, self.size = shake, layers, shake.size

    def draw(self, height: int, width: int, generator: torch.Generator) -> Drawn:
        """Draw one field; parameters: ``anxiety``, ``fraction``, ``scale`` as of the shake."""
        disparity = fitting(self.disparity, height, width)
        shake = self.shake
        anxiety = choice(shake.anxieties, 1, generator)
        fraction = float(choice(shake.fractions, 1, generator))
        scale = float(uniform(shake.scale, 1, generator))
        draws = shake_draws(anxiety.float(), shake.samples, generator)
        paths = shake_paths(draws, length=shake.length) * scale
        exposed = paths[:, : max(2, round(fraction * shake.samples))]
        field = shake_field(disparity, exposed, size=self.size, layers=self.layers)
        parameters = {"anxiety": float(anxiety), "fraction": fraction, "scale": scale}
        return Drawn(field, parameters)


def fitting(disparity: Disparity | None, height: int, width: int) -> Disparity:
    """The map, if it is there and of the picture's size.

    Raises:
        InputError: If it is not.
    """
    if disparity is None:
        raise InputError(
            "blur by depth needs a disparity map for each picture: give disparity=<folder of maps>"
        )
    if disparity.shape[-2:] != (height, width):
        size = "{1}x{0}".format(*disparity.shape[-2:])
        raise InputError(
            f"the disparity map has {size} pixels and the picture {width}x{height}; "
            "they must be of one size"
        )
    return disparity
