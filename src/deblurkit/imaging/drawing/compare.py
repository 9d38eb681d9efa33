"""Pictures side by side, with their names written above them."""

import math
from collections.abc import Mapping

from torch import Tensor

from deblurkit.errors import InputError
from deblurkit.imaging.drawing.grid import Pixels, named_row
from deblurkit.imaging.formats.files import as_pixels, eight_bit
from deblurkit.imaging.windows import highest_mean

FINEST = 2000  # side of what is looked at to find the liveliest part, pixels


def side_by_side(pictures: Mapping[str, Tensor]) -> Pixels:
    """Draw pictures of one height in a row, each under its name.

    >>> pictures = {"blurred": torch.rand(3, 32, 32), "restored": torch.rand(3, 32, 32)}
    >>> side_by_side(pictures).shape  # with names above and a gap between
    (60, 70, 3)

    Args:
        pictures: Name to (3, H, W) in [0, 1]; all of the same height. NaN is drawn black.

    Returns:
        (H + heading, width of all, 3), RGB, 8 bit.

    Raises:
        InputError: If their heights differ.
    """
    heights = {picture.shape[-2] for picture in pictures.values()}
    if len(heights) != 1:
        raise InputError(f"pictures side by side need one height, got {sorted(heights)}")
    finite = {name: picture.detach().float().nan_to_num() for name, picture in pictures.items()}
    return named_row({name: eight_bit(as_pixels(picture)) for name, picture in finite.items()})


def liveliest_crop(picture: Tensor, side: int) -> tuple[slice, slice]:
    """Rows and columns of the square with the strongest gradients: there blur shows best.

    In large pictures only every so many pixels are looked at.

    >>> picture = torch.zeros(3, 16, 64)
    >>> picture[:, :, 48:] = torch.rand(3, 16, 16)
    >>> liveliest_crop(picture, 16)
    (slice(0, 16, None), slice(48, 64, None))

    Args:
        picture: (3, H, W), of any type of numbers.
        side: Side of the square in pixels; a smaller picture is taken as far as it goes.
    """
    height, width = picture.shape[-2:]
    if height <= side and width <= side:
        return slice(0, height), slice(0, width)
    step = math.ceil(max(height, width) / FINEST)
    luminance = picture[:, ::step, ::step].float().mean(dim=0)
    energy = luminance.new_zeros(luminance.shape)
    energy[:, 1:] += luminance.diff(dim=1).abs()
    energy[1:, :] += luminance.diff(dim=0).abs()
    window = highest_mean(energy[None], max(side // step, 1)).window
    rows, columns = (
        within(step * span.start, side, extent)
        for span, extent in zip(window, (height, width), strict=True)
    )
    return rows, columns


def within(start: int, side: int, extent: int) -> slice:
    """So many pixels from a start on, moved so that they lie within an extent."""
    begin = max(min(start, extent - side), 0)
    return slice(begin, min(begin + side, extent))
