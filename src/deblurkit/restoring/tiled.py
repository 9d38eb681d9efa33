"""Pictures of any size: whole where they fit into memory, otherwise in tiles."""

import logging
import math
from collections.abc import Iterator
from contextlib import nullcontext

import numpy as np
import torch
from torch import Tensor

from deblurkit.contracts import BlurredBatch, Restoration
from deblurkit.errors import InputError
from deblurkit.imaging.formats.files import as_levels, as_pixels, in_unit_range
from deblurkit.imaging.tiling.memory import bytes_taken, free_memory, is_out_of_memory
from deblurkit.imaging.tiling.statistics import PictureStatistics
from deblurkit.imaging.tiling.tiles import Grid, Levels, Rows, Seams, Tile, restored_rows
from deblurkit.imaging.tiling.tiles import Restore as RestoreTile
from deblurkit.methods.frame.base import RestorationMethod
from deblurkit.methods.frame.network import NetworkMethod
from deblurkit.progress import moved
from deblurkit.restoring.chain import Restore

log = logging.getLogger(__name__)

AUTO = "auto"
LARGEST, SMALLEST = 2048, 64  # pixels; sides of tiles that are chosen here
SHARE = 0.5  # of the free memory; operators need some beside their tensors
ENOUGH = 2**30  # bytes; where tiles lose nothing, more memory gains nothing
PROBE = 128  # pixels; side of the piece that is restored to see what memory it takes
SEAMS = (
    "%s: restored in tiles of up to %d pixels; where two of them meet they differ by %.2g grey "
    "levels of 255 on average and by %.2g at most"
)
CUT = "%s: restored in tiles of up to %d pixels, with %s"


class Tiled:
    """Restores with a method, whole or in tiles, and in smaller tiles where memory runs out.

    Tiles are exact for networks whose reach is known: neighbours overlap by twice that, and layers
    that average over the picture get their numbers from passes over all tiles. Those of other
    methods are blended, and how much neighbours differ is told.

    Args:
        restore: What restores.
        method: Whose restoration that is; it knows what tiles must be like.
        tile: Side of tiles in pixels; None for whole pictures only; ``auto`` for whole pictures
            where they are expected to fit.
        overlap: Of tiles that are blended, pixels.

    Raises:
        InputError: If there are no such tiles.
    """

    def __init__(
        self,
        restore: Restore,
        *,
        method: RestorationMethod,
        tile: int | str | None,
        overlap: int,
    ) -> None:
        if tile is not None and tile != AUTO and type(tile) is not int:
            raise InputError(f"tile is a number of pixels, auto or null, got {tile}")
        self.tile, self.overlap = tile, overlap
        self.whole = restore
        self.multiple, self.reach = method.multiple, method.reach
        self.can_be_cut = isinstance(method, NetworkMethod) or self.reach is not None
        if isinstance(tile, int):
            self.grid(tile).rows((1, 1))  # refuses what cannot be

    def __call__(self, batch: BlurredBatch) -> Restoration:
        """Restore one picture; whole numbers of a file come back as such, and on the CPU.

        Raises:
            InputError: If even small tiles take more memory than there is.
        """
        side, picture = self.first_side(batch), batch["blurred"]
        while True:
            try:
                if side is None:
                    return self.whole({**batch, "blurred": in_unit_range(picture)})
                return {"restored": self.in_tiles(batch, self.grid(side))}
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
            side = self.smaller(side, max(picture.shape[-2:]))
            log.warning("memory ran out; going on with tiles of %d pixels", side)

    def first_side(self, batch: BlurredBatch) -> int | None:
        """Side of the tiles to begin with, pixels; None for the whole picture."""
        if not isinstance(self.tile, str):
            return self.tile
        picture = batch["blurred"]
        if not self.can_be_cut or max(picture.shape[-2:]) <= PROBE:
            return None
        free = SHARE * free_memory(picture.device)
        taken, averages = self.probed(batch)
        room = free if averages or self.reach is None else min(free, ENOUGH)
        if taken * picture[0, 0].numel() <= room:
            return None
        side = min(math.isqrt(int(room / taken)), LARGEST)
        exact = 2 * self.exact_overlap(self.reach) if self.reach is not None else 0
        if taken * exact**2 <= free:
            side = max(side, exact)
        return max(self.fitting(side), SMALLEST)

    def probed(self, batch: BlurredBatch) -> tuple[float, bool]:
        """Bytes that a pixel takes, and whether layers average over the picture."""
        blurred = in_unit_range(batch["blurred"][..., :PROBE, :PROBE])
        piece: BlurredBatch = {**batch, "blurred": blurred}
        taken = bytes_taken(lambda: self.whole(piece)) / blurred[0, 0].numel()
        statistics = PictureStatistics(self.multiple)
        (tile,) = Grid(PROBE, 0, PROBE, 0).rows((blurred.shape[-2], blurred.shape[-1]))[0]
        with statistics.at(tile):
            self.whole(piece)
        return taken, bool(statistics.collected)

    def smaller(self, side: int | None, largest: int) -> int:
        """What to try when memory ran out.

        Raises:
            InputError: If there is nothing left to try.
        """
        if self.tile is None or not self.can_be_cut:
            way = "leave tile=auto" if self.can_be_cut else "make the picture smaller"
            raise InputError(f"restoring it takes more memory than there is; {way}")
        half = self.fitting((largest if side is None else side) // 2)
        if half < SMALLEST:
            raise InputError("even small tiles of it take more memory than there is")
        return half

    def fitting(self, side: int) -> int:
        """The next smaller side that suits the network."""
        return side // self.multiple * self.multiple

    def grid(self, side: int) -> Grid:
        """How pictures are cut: exactly where the reach leaves half of a tile, else blended."""
        tile = max(self.fitting(side), self.multiple)
        if self.reach is not None and self.exact_overlap(self.reach) <= tile // 2:
            return Grid(tile, self.exact_overlap(self.reach), self.multiple, fade=0)
        overlap = math.ceil(self.overlap / self.multiple) * self.multiple
        return Grid(tile, overlap, self.multiple, fade=overlap)

    def exact_overlap(self, reach: int) -> int:
        """Of tiles that lose nothing by being cut, pixels."""
        return 2 * math.ceil(reach / self.multiple) * self.multiple

    def in_tiles(self, batch: BlurredBatch, grid: Grid) -> Levels:
        """Restore tiles, after as many passes over them as the network's averages need."""
        picture, name = batch["blurred"], batch["name"][0]
        seams = Seams()
        if grid.fade:
            restore = self.piecewise(batch, None)
            restored = assembled(restored_rows(restore, picture, grid, seams=seams), picture)
            log.info(SEAMS, name, grid.tile, 255 * seams.mean, 255 * seams.largest)
            return restored
        statistics = PictureStatistics(grid.multiple)
        restore = self.piecewise(batch, statistics)
        collect(restore, picture, grid, statistics=statistics)
        restored = assembled(restored_rows(restore, picture, grid), picture)
        alike = (
            "averages of the whole picture" if statistics.layers else "the same result as at once"
        )
        log.info(CUT, name, grid.tile, alike)
        return restored

    def piecewise(self, batch: BlurredBatch, statistics: PictureStatistics | None) -> RestoreTile:
        """Restores a tile of whole numbers or of values in [0, 1]; with a picture's statistics."""

        def restore(piece: Tensor, tile: Tile) -> Tensor:
            blurred = in_unit_range(piece)
            with nullcontext() if statistics is None else statistics.at(tile):
                restored: Tensor = self.whole({**batch, "blurred": blurred})["restored"]
                return restored
            return blurred  # a pass that collects ended early

        return restore


def collect(
    restore: RestoreTile,
    picture: Levels,
    grid: Grid,
    *,
    statistics: PictureStatistics,
) -> None:
    """Pass over all tiles until every average of the whole picture is known."""
    rows = grid.rows((picture.shape[-2], picture.shape[-1]))
    while True:
        for row in rows:
            for tile in row:
                restore(tile.of(picture), tile)
                if not statistics.collected:  # the first tile of a pass already meets every layer
                    return
            what = f"rows for the averages of layer {statistics.layers + 1}"
            moved(what, row[0].down.end, picture.shape[-2])
        statistics.settle()


def assembled(strips: Iterator[Rows], picture: Levels) -> Levels:
    """Finished rows put together, as whole numbers where the picture has such.

    Raises:
        InputError: If a result is not finite.
    """
    whole = not picture.is_floating_point()
    bits = 8 * picture.dtype.itemsize
    pixels = np.empty((*picture.shape[-2:], 3), np.uint8 if bits == 8 else np.uint16)
    kept, done = [], 0
    for strip in strips:
        if not torch.isfinite(strip).all():
            raise InputError("the result is not finite")
        if whole:
            pixels[done : done + strip.shape[-2]] = as_pixels(strip[0], bits)
        else:
            kept.append(strip)
        done += strip.shape[-2]
        moved("rows", done, picture.shape[-2])
    return as_levels(pixels)[None] if whole else torch.cat(kept, dim=-2)
