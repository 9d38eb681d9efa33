"""Restore a large picture piece by piece, and hand over rows as soon as they are finished."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from deblurkit.contracts import Images
from deblurkit.errors import InputError

Levels = Shaped[Tensor, "batch channels height width"]  # whole numbers of a file, or in [0, 1]
Rows = Float[Tensor, "batch channels rows width"]


class Span(NamedTuple):
    """A tile along one axis, in pixels of the picture.

    Args:
        start: First pixel that is handed to the network.
        stop: Behind the last one.
        begin: First pixel that is this tile's own; where the network looks no further than to the
            cuts, its result is that for the whole picture from here on.
        end: Behind the last one; there, the next tile's own pixels begin.
        window: Share of this tile in each of its pixels; over all tiles they sum to one.
    """

    start: int
    stop: int
    begin: int
    end: int
    window: Float[Tensor, " side"]


class Tile(NamedTuple):
    """A piece of a picture, and which part of it is its own.

    >>> ((tile,),) = Grid(tile=16, overlap=0, multiple=4, fade=0).rows((8, 16))
    >>> tile.of(torch.rand(1, 3, 8, 16)).shape
    torch.Size([1, 3, 8, 16])
    """

    down: Span
    across: Span

    def of(self, picture: Levels) -> Shaped[Tensor, "batch channels tile_height tile_width"]:
        """This tile's pixels, not copied."""
        rows, columns = slice(*self.down[:2]), slice(*self.across[:2])
        return picture[..., rows, columns]


Restore = Callable[[Tensor, Tile], Tensor]  # pixels of a tile as they are, and where it lies


class Grid(NamedTuple):
    """How a picture is cut.

    >>> rows = Grid(tile=16, overlap=4, multiple=4, fade=0).rows((40, 16))
    >>> [len(row) for row in rows]
    [1, 1, 1]

    Args:
        tile: Longest side of the tiles, pixels; divisible by ``multiple``.
        overlap: Of neighbouring tiles at least, pixels; divisible by ``multiple``.
        multiple: Tiles begin at multiples of it, pixels.
        fade: Width of the bands in which neighbours are blended, pixels; 0 cuts between them.
    """

    tile: int
    overlap: int
    multiple: int
    fade: int

    def rows(self, size: tuple[int, int]) -> list[list[Tile]]:
        """The tiles of a picture of this height and width, row by row.

        Raises:
            InputError: If the overlap is more than half of a tile, or a number does not fit.
        """
        if not 0 <= self.overlap <= self.tile // 2:
            raise InputError(
                f"overlap must lie in [0, tile / 2], got {self.overlap} for tiles of {self.tile}; "
                "choose a larger tile="
            )
        if self.tile % self.multiple or self.overlap % self.multiple or self.tile < 1:
            raise InputError(
                f"tile and overlap must be divisible by {self.multiple}, got {self.tile} and "
                f"{self.overlap}"
            )
        down, across = (self.spans(side) for side in size)
        return [[Tile(above, beside) for beside in across] for above in down]

    def spans(self, extent: int) -> list[Span]:
        """The tiles along an axis: as few as possible, and no longer than these have to be."""
        whole = -(-extent // self.multiple) * self.multiple
        steps = max(-(-(whole - self.tile) // (self.tile - self.overlap)), 0)
        needed = -(-(whole + steps * self.overlap) // (steps + 1))
        side = -(-needed // self.multiple) * self.multiple
        starts = [
            step * (whole - side) // max(steps, 1) // self.multiple * self.multiple
            for step in range(steps + 1)
        ]
        middles = [
            (before + side + after) // 2 // self.multiple * self.multiple
            for before, after in pairwise(starts)
        ]
        shares, bounds = [], []
        for start, begin, end in zip(starts, [0, *middles], [*middles, extent], strict=True):
            stop = min(start + side, extent)
            share = torch.zeros(extent)
            share[start:stop] = self._share(begin, end, extent=extent)[start:stop]
            shares.append(share)
            bounds.append((start, stop, begin, end))
        total = torch.stack(shares).sum(dim=0)
        return [
            Span(*ends, (share / total)[ends[0] : ends[1]])
            for ends, share in zip(bounds, shares, strict=True)
        ]

    def _share(self, begin: int, end: int, *, extent: int) -> Float[Tensor, " extent"]:
        """One inside, nothing outside, a slope between; all of it at the picture's borders."""
        position = torch.arange(extent) + 0.5
        inside = torch.full_like(position, torch.inf)
        if begin > 0:
            inside = torch.minimum(inside, position - begin)
        if end < extent:
            inside = torch.minimum(inside, end - position)
        return (inside / self.fade + 0.5).clamp(0, 1) if self.fade else (inside > 0).float()


class Seams:
    """How much neighbouring tiles differ where one hands over to the other.

    Attributes:
        largest: Largest difference, in intensity units.
        total: Sum of the differences' sizes.
        count: How many there are.

    >>> grid, seams = Grid(tile=16, overlap=4, multiple=4, fade=0), Seams()
    >>> rows = restored_rows(lambda tile, _: tile, torch.rand(1, 3, 40, 16), grid, seams=seams)
    >>> len(list(rows)), seams.largest
    (3, 0.0)
    """

    def __init__(self) -> None:
        self.largest, self.total, self.count = 0.0, 0.0, 0
        self._below: dict[int, Tensor] = {}
        self._beside: Tensor | None = None

    @property
    def mean(self) -> float:
        """Mean size of the differences, in intensity units."""
        return self.total / max(self.count, 1)

    def compare(self, tile: Tile, restored: Images) -> None:
        """Take the next tile, row by row and from left to right."""
        down, across = tile
        if down.begin:
            self._add(self._below[across.start], restored[..., down.begin - down.start, :])
        if across.begin and self._beside is not None:
            self._add(self._beside, restored[..., across.begin - across.start])
        last_row, last_column = down.end - down.start, across.end - across.start
        if last_row < restored.shape[-2]:
            self._below[across.start] = restored[..., last_row, :].clone()
        beside = restored[..., last_column] if last_column < restored.shape[-1] else None
        self._beside = None if beside is None else beside.clone()

    def _add(self, first: Tensor, second: Tensor) -> None:
        differences = (first - second).abs()
        self.largest = max(self.largest, differences.max().item())
        self.total += differences.double().sum().item()
        self.count += differences.numel()


def restored_rows(
    restore: Restore,
    picture: Levels,
    grid: Grid,
    *,
    seams: Seams | None = None,
) -> Iterator[Rows]:
    """Restore a picture from top to bottom; not more than a row of tiles is held at a time.

    >>> grid, picture = Grid(tile=16, overlap=4, multiple=4, fade=0), torch.rand(1, 3, 40, 16)
    >>> rows = restored_rows(lambda tile, _: tile, picture, grid)
    >>> torch.cat([*rows], dim=-2).equal(picture)
    True

    Args:
        restore: Restores a tile; gets its pixels as they are in ``picture``.
        picture: It may stay on the CPU, or hold the whole numbers of a file.
        grid: How it is cut.
        seams: Told of every tile.

    Yields:
        Finished rows in order, float32 on the CPU. The rows above the end of what was yielded are
        not read again.
    """
    rows = grid.rows((picture.shape[-2], picture.shape[-1]))
    finished, width = 0, picture.shape[-1]
    pending: Tensor | None = None  # what the tiles so far know of rows that are not finished
    for number, row in enumerate(rows):
        down = row[0].down
        strip = torch.zeros(*picture.shape[:2], down.stop - finished, width)
        if pending is not None:
            strip[..., : pending.shape[-2], :] = pending
        for tile in row:
            restored = restore(tile.of(picture), tile).float().cpu()
            if seams is not None:
                seams.compare(tile, restored)
            window = down.window[:, None] * tile.across.window
            across = slice(tile.across.start, tile.across.stop)
            strip[..., down.start - finished :, across] += restored * window
        until = rows[number + 1][0].down.start if number + 1 < len(rows) else down.stop
        yield strip[..., : until - finished, :]
        pending, finished = strip[..., until - finished :, :].clone(), until
        del strip


def tiled(restore: Callable[[Images], Images], blurred: Images, grid: Grid) -> Images:
    """Restore a batch in tiles, all at once in memory.

    Exact where the network looks no further than ``overlap // 2`` pixels and ``fade`` is 0.

    >>> grid, picture = Grid(tile=16, overlap=4, multiple=4, fade=0), torch.rand(1, 3, 40, 16)
    >>> tiled(lambda pictures: 1 - pictures, picture, grid).equal(1 - picture)
    True

    Args:
        restore: Restores pictures of any size.
        blurred: (B, 3, H, W).
        grid: How it is cut.
    """
    return torch.cat([*restored_rows(lambda tile, _: restore(tile), blurred, grid)], dim=-2)
