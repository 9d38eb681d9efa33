"""Statistics of feature maps: in windows around every pixel, and over the whole picture."""

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

Features = Float[Tensor, "batch channels height width"]


def box_mean(maps: Features, *, side: int) -> Features:
    """Mean over a window of odd side, in pixels; at the border over what lies inside."""
    for window in ((side, 1), (1, side)):  # one after the other: side + side reads, not side * side
        padding = (window[0] // 2, window[1] // 2)
        maps = functional.avg_pool2d(
            maps, window, stride=1, padding=padding, count_include_pad=False
        )
    return maps


def deviation(maps: Features, *, side: int) -> Features:
    """Standard deviation in a window of odd side, in pixels; unit of the maps."""
    mean = maps.mean(dim=(-2, -1), keepdim=True)  # off first: squares of what is left are small
    centred = maps - mean
    square = box_mean(centred.square(), side=side) - box_mean(centred, side=side).square()
    return square.clamp(min=0).sqrt()


def median(maps: Features) -> Float[Tensor, "batch channels 1 1"]:
    """Of every map of every picture; the upper one of two.

    ``torch.median`` would be refused on a GPU where algorithms must be deterministic.
    """
    ordered = maps.flatten(2).sort(dim=2).values
    return ordered[..., ordered.shape[2] // 2, None, None]
