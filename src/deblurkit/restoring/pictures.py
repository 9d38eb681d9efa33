"""From the picture of a file to what a method restores, and back."""

from dataclasses import replace

import torch

from deblurkit.contracts import Restoration
from deblurkit.errors import InputError
from deblurkit.imaging.formats.files import Levels, Picture, as_levels, as_pixels, as_tensor

LARGE = 2**24  # pixels; larger pictures are not held as floating-point numbers


def as_blurred(picture: Picture) -> Levels:
    """What a method sees of a picture: (3, H, W) in [0, 1], or whole numbers where it is large."""
    seen = as_levels if picture.pixels[..., 0].size > LARGE else as_tensor
    return seen(picture.pixels)


def finite(restoration: Restoration) -> Levels:
    """The restored picture (3, H, W), on the device where it was restored.

    Raises:
        InputError: If there is none, with the reason, or if its numbers are not finite.
    """
    if "refused" in restoration:
        raise InputError(restoration["refused"])
    restored = restoration["restored"][0]
    if restored.is_floating_point() and not torch.isfinite(restored).all():
        raise InputError("the result is not finite")
    return restored


def like(picture: Picture, restored: Levels) -> Picture:
    """A restored picture with the depth, gray, opacity and metadata of the blurred one."""
    return replace(picture, pixels=as_pixels(restored, bits=picture.bits))
