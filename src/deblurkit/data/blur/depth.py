"""Fields that follow a disparity map: near things blur otherwise than far ones."""

import torch
from jaxtyping import Float
from torch import Tensor

from deblurkit.data.blur.parts.field import BlurField, layer_windows
from deblurkit.data.blur.shapes import disks
from deblurkit.data.blur.trajectory import exposed
from deblurkit.errors import InputError


def defocus_field(
    disparity: Float[Tensor, "batch 1 height width"],
    *,
    focus: float,
    strength: float,
    size: int,
    layers: int = 8,
) -> BlurField:
    """Blur by disks whose radius grows with the distance from the plane in focus.

    Thin lens: the radius is proportional to the difference of inverse depths, that is, of
    disparities.

    Args:
        disparity: In pixels; inversely proportional to depth.
        focus: Disparity of what is sharp, in pixels.
        strength: Pixels of radius per pixel of disparity.
        size: Side of the kernels, odd, in pixels; larger disks are cut to it.
        layers: Disparities with a kernel of their own.
    """
    levels = _levels(disparity, layers)
    radii = (strength * (levels - focus)).abs().clamp(max=size / 2)
    kernels = disks(radii.flatten(), size=size).reshape(len(levels), layers, size, size)
    return BlurField(kernels, layer_windows(disparity, levels))


def shake_field(
    disparity: Float[Tensor, "batch 1 height width"],
    paths: Float[Tensor, "batch samples 2"],
    *,
    size: int,
    layers: int = 8,
) -> BlurField:
    """Blur by one camera path per picture, longer for what is near.

    Args:
        disparity: In pixels, from 0 on; the motion of a point in the picture is proportional
            to it when the camera moves sideways.
        paths: Column and row of each sample for the nearest point of the picture, in pixels;
            shrunk where the kernel cannot hold it.
        size: Side of the kernels, odd, in pixels.
        layers: Disparities with a kernel of their own.

    Raises:
        InputError: If a disparity is negative.
    """
    levels = _levels(disparity, layers)
    if bool((levels[:, 0] < 0).any()):
        raise InputError("disparities must not be negative; give far things a disparity of 0.")
    whole = torch.ones(len(paths), dtype=paths.dtype, device=paths.device)
    _, shrink = exposed(paths, whole, size=size)  # of the nearest layer, so that all keep pace
    near = levels[:, -1:].clamp(min=1e-12)
    factors = (levels / near).to(paths.dtype) * shrink[:, None]
    scaled = (paths[:, None] * factors[..., None, None]).flatten(0, 1)
    kernels, _ = exposed(scaled, whole.repeat_interleave(layers), size=size)
    return BlurField(
        kernels.reshape(len(levels), layers, size, size), layer_windows(disparity, levels)
    )


def _levels(disparity: Tensor, layers: int) -> Float[Tensor, "batch layers"]:
    if layers < 2:
        raise InputError(f"a field by depth needs at least two layers, got {layers}.")
    if not bool(torch.isfinite(disparity).all()):
        raise InputError("disparities must be finite; fill the holes of the map first.")
    low, high = disparity.amin(dim=(1, 2, 3)), disparity.amax(dim=(1, 2, 3))
    shares = torch.linspace(0, 1, layers, dtype=disparity.dtype, device=disparity.device)
    return low[:, None] + (high - low)[:, None] * shares
