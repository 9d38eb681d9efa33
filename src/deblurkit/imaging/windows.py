"""The part of a picture where something is strongest."""

from collections.abc import Callable
from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

Maps = Float[Tensor, "maps rows columns"]
Means = Float[Tensor, "maps tops lefts"]

STRIDE = 8  # pixels between two windows that are looked at


class Peak(NamedTuple):
    """The window with the highest value."""

    window: tuple[slice, slice]  # rows and columns
    value: float


def highest_mean(
    maps: Maps,
    side: int,
    *,
    stride: int = STRIDE,
    of: Callable[[Means], Float[Tensor, "tops lefts"]] = lambda means: means[0],
) -> Peak:
    """The square window with the highest mean of a map; of equal ones the first.

    Args:
        maps: Values of each pixel, in one map or several.
        side: Of the window, pixels; smaller maps are taken as far as they go.
        stride: Pixels between two windows that are looked at.
        of: What counts, out of the means of several maps; that of the first one if not given.

    >>> edge = torch.zeros(1, 20, 40)
    >>> edge[0, 9, 30] = 1.0
    >>> highest_mean(edge, 16).window
    (slice(0, 16, None), slice(16, 32, None))
    """
    rows, columns = (min(side, extent) for extent in maps.shape[-2:])
    values = of(functional.avg_pool2d(maps[:, None], (rows, columns), stride=stride)[:, 0])
    top, left = (stride * index for index in divmod(int(values.argmax()), values.shape[1]))
    return Peak((slice(top, top + rows), slice(left, left + columns)), float(values.max()))
