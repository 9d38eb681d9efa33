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
    return torch.cat(
        [splat_in_rows(path.permute(2, 1, 0).clone(), own.T, size=size) for path, own in parts]
    )


def splat_in_rows(
    paths: Float[Tensor, "2 samples batch"],
    weights: Float[Tensor, " samples #batch"],
    *,
    size: int,
) -> Kernels:
    """Do what ``splat`` does, for points that stand in another order; they are overwritten.

    Neighbours on a path, which add to the same pixels and would wait for each other, lie apart in
    memory here.

    Args:
        paths: Columns, then rows of the points, in pixels from the centre of the first pixel.
        weights: Weight of each point.
        size: Side of the pictures, in pixels.
    """
    side, count = size + 2, paths.shape[-1]  # a pixel more around: points outside still touch
    placed = paths.clamp_(-1, size)
    corner = placed.floor()
    right_share, low_share = placed.sub_(corner).unbind()
    pixel = torch.add(corner[0], corner[1], alpha=side).long()
    pixel += torch.arange(count, device=paths.device) * side**2 + side + 1
    flat = pixel.flatten()
    canvas = paths.new_zeros(count * side**2 + side + 1)  # points at the far edge add zeros beyond
    low = weights * low_share
    high = weights - low
    for first, row in ((0, high), (side, low)):
        right = row * right_share
        canvas[first:].scatter_add_(0, flat, (row - right).flatten())
        canvas[first + 1 :].scatter_add_(0, flat, right.flatten())
    return canvas[: count * side**2].reshape(-1, 1, side, side)[..., 1:-1, 1:-1]
