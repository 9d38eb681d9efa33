"""Restore a large picture piece by piece."""

from collections.abc import Callable, Iterator

import torch

from deblurkit.contracts import Images
from deblurkit.errors import InputError


def tiled(
    restore: Callable[[Images], Images], blurred: Images, *, tile: int, overlap: int
) -> Images:
    """Restore overlapping tiles and blend them linearly.

    Exact for networks whose reach is at most half the overlap; others, such as those that average
    over the whole picture, see another picture in every tile.

    Args:
        restore: Restores pictures of any size.
        blurred: (B, 3, H, W); it may stay on the CPU, only tiles are handed on.
        tile: Side of the tiles, pixels.
        overlap: Of neighbouring tiles, pixels.

    Raises:
        InputError: If the overlap does not leave half of each tile.
    """
    if not 0 <= overlap <= tile // 2:
        raise InputError(f"overlap must lie in [0, tile / 2], got {overlap} for tiles of {tile}")
    height, width = blurred.shape[-2:]
    total = torch.zeros_like(blurred)
    weights = torch.zeros_like(blurred[:1, :1])
    for top in starts(height, tile, overlap):
        for left in starts(width, tile, overlap):
            rows, columns = slice(top, top + tile), slice(left, left + tile)
            restored = restore(blurred[..., rows, columns]).to(total)
            window = ramp(restored.shape[-2], overlap)[:, None] * ramp(restored.shape[-1], overlap)
            total[..., rows, columns] += restored * window.to(total)
            weights[..., rows, columns] += window.to(total)
    return total / weights


def starts(extent: int, tile: int, overlap: int) -> Iterator[int]:
    """First pixel of each tile along one axis; the last tile ends with the picture."""
    last = max(extent - tile, 0)
    yield from range(0, last, max(tile - overlap, 1))
    yield last


def ramp(extent: int, overlap: int) -> torch.Tensor:
    """Weights that rise over the overlap, stay, and fall; all positive."""
    place = torch.arange(extent) + 0.5
    border = torch.minimum(place, extent - place)
    return (border / max(overlap, 1)).clamp(max=1.0)
