"""Restore a large picture piece by piece."""

from collections.abc import Callable, Iterator

import torch

from deblurkit.contracts import Images
from deblurkit.errors import InputError


def tiled(
    restore: Callable[[Images], Images],
    blurred: Images,
    *,
    tile: int,
    overlap: int,
    reach: int = 0,
) -> Images:
    """Restore overlapping tiles; use of each what its cuts do not touch, and blend the rest.

    Exact for networks whose reach is given and at most half the overlap, where tiles begin at
    multiples of what the network needs. Networks that average over the whole picture see another
    picture in every tile; the blending hides the seams.

    Args:
        restore: Restores pictures of any size.
        blurred: (B, 3, H, W); it may stay on the CPU, only tiles are handed on.
        tile: Side of the tiles, pixels.
        overlap: Of neighbouring tiles, pixels.
        reach: How far a pixel's result looks; nothing this close to a cut is used, pixels.

    Raises:
        InputError: If the overlap is more than half of a tile, or less than twice the reach.
    """
    if not 0 <= overlap <= tile // 2:
        raise InputError(f"overlap must lie in [0, tile / 2], got {overlap} for tiles of {tile}")
    if not 0 <= 2 * reach <= overlap:
        raise InputError(
            f"overlap must be at least twice the network's reach of {reach}, got {overlap}"
        )
    height, width = blurred.shape[-2:]
    total = torch.zeros_like(blurred)
    weights = torch.zeros_like(blurred[:1, :1])
    for top in starts(height, tile, overlap):
        for left in starts(width, tile, overlap):
            rows, columns = slice(top, top + tile), slice(left, left + tile)
            restored = restore(blurred[..., rows, columns]).to(total)
            down = ramp(top, tile, height, overlap=overlap, reach=reach)
            across = ramp(left, tile, width, overlap=overlap, reach=reach)
            window = (down[:, None] * across).to(total)
            total[..., rows, columns] += restored * window
            weights[..., rows, columns] += window
    return total / weights


def starts(extent: int, tile: int, overlap: int) -> Iterator[int]:
    """First pixel of each tile along one axis; the last tile ends with the picture."""
    last = max(extent - tile, 0)
    yield from range(0, last, max(tile - overlap, 1))
    yield last


def ramp(start: int, tile: int, extent: int, *, overlap: int, reach: int) -> torch.Tensor:
    """Weights of a tile along one axis: none near a cut, then rising; all of it at a border."""
    place = torch.arange(start, min(start + tile, extent)) + 0.5
    before = place - start if start > 0 else torch.full_like(place, torch.inf)
    after = start + tile - place if start + tile < extent else torch.full_like(place, torch.inf)
    inside = torch.minimum(before, after) - reach
    return (inside / max(overlap - 2 * reach, 1)).clamp(0, 1)
