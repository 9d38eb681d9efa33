"""Points to pixels: bilinear splatting of many paths at once."""

import torch
from jaxtyping import Float
from torch import Tensor

from deblurkit.contracts import Kernels

AT_ONCE = 65_536  # points per round, so that the intermediate values stay in the cache


def splat(
    paths: Float[Tensor, "batch samples 2"], weights: Float[Tensor, "batch samples"], *, size: int
) -> Kernels:
    """Share each point's weight among its four neighbouring pixels, in proportion to nearness.

    The centre of mass of the picture is exactly that of the points. What falls outside is lost.

    Args:
        paths: Column and row of each point, in pixels from the centre of the first pixel.
        weights: Weight of each point.
        size: Side of the pictures, in pixels.

    Returns:
        Pictures (batch, 1, size, size) of the paths' dtype; each sums to its weights inside.
    """
    rounds = max(1, AT_ONCE // paths.shape[1])
    parts = zip(paths.split(rounds), weights.split(rounds), strict=True)
    return torch.cat([_splat_some(path, weight, size) for path, weight in parts])


def _splat_some(paths: Tensor, weights: Tensor, size: int) -> Tensor:
    side = size + 2  # one pixel more around: points just outside still touch the picture
    column, row = (paths[..., axis].clamp(-1, size).contiguous() for axis in (0, 1))
    left, top = column.floor().clamp(max=size - 1), row.floor().clamp(max=size - 1)
    right_share, low_share = column.sub_(left), row.sub_(top)
    corner = ((top + 1) * side + (left + 1)).long()
    low, high = weights * low_share, weights * (1 - low_share)
    canvas = paths.new_zeros(len(paths), side * side)
    canvas.scatter_add_(1, corner, high * (1 - right_share))
    canvas.scatter_add_(1, corner + 1, high * right_share)
    canvas.scatter_add_(1, corner + side, low * (1 - right_share))
    canvas.scatter_add_(1, corner + side + 1, low * right_share)
    return canvas.reshape(-1, 1, side, side)[..., 1:-1, 1:-1]
