"""Blur that varies over the picture: several kernels, blended by windows that sum to 1."""

from typing import NamedTuple, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from deblurkit.contracts import Images
from deblurkit.errors import InputError
from deblurkit.imaging.blur.convolution import blur

WINDOW_TOLERANCE = 1e-3


class BlurField(NamedTuple):
    """Kernels of a picture and where each of them holds.

    Attributes:
        kernels: (batch, layers, size, size); odd, centred, each sums to 1.
        windows: (batch, layers, height, width), in [0, 1]; at each pixel they sum to 1.
    """

    kernels: Float[Tensor, "batch layers size size"]
    windows: Float[Tensor, "batch layers height width"]


@runtime_checkable
class FieldFamily(Protocol):
    """A distribution of fields.

    Attributes:
        size: Odd side of all their kernels, in pixels.
    """

    size: int

    def draw(
        self, height: int, width: int, generator: torch.Generator
    ) -> tuple[BlurField, dict[str, float]]:
        """Draw the field of one picture on the generator's device, and its parameters."""
        ...


def blur_field(
    images: Images,
    kernels: Float[Tensor, "batch layers size size"],
    windows: Float[Tensor, "batch layers height width"],
) -> Images:
    """Blur each pixel by the blend of kernels that its windows say.

    With equal kernels this is the uniform model.

    Args:
        images: Pictures of any range.
        kernels: One per layer; they act by convolution.
        windows: Share of each layer at each pixel of the blurred picture.

    Raises:
        InputError: If kernels, windows and pictures do not belong together, or if the windows do
            not sum to 1.
    """
    if kernels.shape[:2] != windows.shape[:2] or windows.shape[-2:] != images.shape[-2:]:
        raise InputError(
            f"a field needs one window of the pictures' size for each kernel, got windows "
            f"{tuple(windows.shape)} for kernels {tuple(kernels.shape)} and pictures "
            f"{tuple(images.shape)}."
        )
    if bool(((windows.sum(dim=1) - 1).abs() > WINDOW_TOLERANCE).any()):
        raise InputError("the windows of a field must sum to 1 at each pixel.")
    blurred = torch.zeros_like(images)
    for layer in range(kernels.shape[1]):
        one = slice(layer, layer + 1)
        blurred = blurred + windows[:, one].to(images.dtype) * blur(images, kernels[:, one])
    return blurred


def layer_windows(
    values: Float[Tensor, "batch 1 height width"], levels: Float[Tensor, "batch layers"]
) -> Float[Tensor, "batch layers height width"]:
    """Blend linearly between the two levels around each pixel's value.

    Args:
        values: A map, for example of disparity.
        levels: Growing values, one per layer; beyond the ends the outermost layer holds.
    """
    inner = (levels[:, :-1, None, None], levels[:, 1:, None, None])
    rise = ((values - inner[0]) / (inner[1] - inner[0]).clamp(min=1e-12)).clamp(0, 1)
    ones = torch.ones_like(values)
    reached = torch.cat([ones, rise], dim=1)  # share of the way to each level
    return reached - torch.cat([rise, 0 * ones], dim=1)


def grid_windows(
    height: int, width: int, *, rows: int, columns: int
) -> Float[Tensor, "1 layers height width"]:
    """Blend bilinearly between the nodes of a grid whose corners are the picture's corners.

    Nodes are counted row by row.
    """
    down = _hats(height, rows)
    across = _hats(width, columns)
    windows = down[:, None, :, None] * across[None, :, None, :]
    return windows.reshape(1, rows * columns, height, width)


def _hats(length: int, nodes: int) -> Float[Tensor, "nodes length"]:
    positions = torch.linspace(0, nodes - 1, length, dtype=torch.float64)
    return (1 - (positions - torch.arange(nodes)[:, None]).abs()).clamp(min=0).float()


def object_field(
    mask: Float[Tensor, "batch 1 height width"],
    moving: Float[Tensor, "batch 1 size size"],
    still: Float[Tensor, "batch 1 size size"],
) -> BlurField:
    """Blur one object by its own kernel and everything around it by another.

    Args:
        mask: 1 on the object, 0 elsewhere, soft at its rim.
        moving: Kernel of the object.
        still: Kernel of everything else, of the same side.
    """
    kernels = torch.cat([moving, still], dim=1)
    return BlurField(kernels, torch.cat([mask, 1 - mask], dim=1))
