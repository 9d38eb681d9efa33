"""Tiles: exact where the overlap holds the reach, blended where not, finished row by row."""

import itertools
import math

import pytest
import torch
from torch import nn

from deblurkit.errors import InputError
from deblurkit.imaging.tiling.padding import cropped_to, pad_to_multiple
from deblurkit.imaging.tiling.tiles import Grid, Seams, restored_rows, tiled

REACH = 3


@pytest.fixture
def network() -> nn.Module:
    """Three convolutions: a pixel's result looks three pixels far."""
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 4, 3, padding=1), nn.ReLU()]
    return nn.Sequential(*layers, nn.Conv2d(4, 3, 3, padding=1)).requires_grad_(False)


@pytest.mark.parametrize("overlap", [2 * REACH, 2 * REACH + 1, 12, 16])
@pytest.mark.parametrize(
    "size", [(40, 56), (33, 90), (32, 32), (20, 70), (5, 7), (1, 1), (131, 257)]
)
def test_tiles_are_exact_to_the_bit_where_the_overlap_holds_the_reach_twice(
    network: nn.Module, overlap: int, size: tuple[int, int]
) -> None:
    blurred = torch.rand(2, 3, *size)
    restored = tiled(network, blurred, Grid(32, overlap, 1, 0))
    assert torch.equal(restored, network(blurred))


def test_an_overlap_below_the_reach_is_wrong_at_the_cuts_only(network: nn.Module) -> None:
    blurred = torch.rand(1, 3, 60, 60)
    restored = tiled(network, blurred, Grid(32, 4, 1, 0))
    wrong = (restored != network(blurred)).any(1)[0]
    near = abs(torch.arange(60) + 0.5 - 30) < REACH
    assert wrong.any()
    assert not wrong[~near][:, ~near].any()


@pytest.mark.parametrize("size", [(40, 60), (41, 61), (97, 30), (39, 17), (5, 130)])
def test_a_network_with_a_multiple_is_exact_on_its_grid(size: tuple[int, int]) -> None:
    pool = nn.Sequential(nn.AvgPool2d(4), nn.Upsample(scale_factor=4, mode="nearest"))

    def restore(pictures: torch.Tensor) -> torch.Tensor:
        return cropped_to(pool(pad_to_multiple(pictures, 4)), tuple(pictures.shape[-2:]))

    blurred = torch.rand(1, 3, *size)
    assert torch.equal(tiled(restore, blurred, Grid(16, 8, 4, 0)), restore(blurred))


@pytest.mark.parametrize("size", [(1, 1), (7, 300), (64, 64), (65, 129), (63, 10)])
@pytest.mark.parametrize(("tile", "overlap"), [(64, 0), (64, 16), (64, 32), (7, 3)])
def test_doing_nothing_changes_nothing(size: tuple[int, int], tile: int, overlap: int) -> None:
    blurred = torch.rand(1, 3, *size)
    for fade in {0, overlap // 2, overlap}:
        same = tiled(lambda piece: piece, blurred, Grid(tile, overlap, 1, fade))
        assert torch.allclose(same, blurred, atol=1e-6)
        assert fade or torch.equal(same, blurred)


@pytest.mark.parametrize(
    ("extent", "tile", "overlap", "multiple"),
    [(1, 8, 0, 1), (100, 32, 16, 1), (1001, 64, 24, 4), (97, 32, 16, 16), (4099, 128, 32, 32)],
)
def test_tiles_begin_on_the_grid_and_overlap_enough(
    extent: int, tile: int, overlap: int, multiple: int
) -> None:
    grid = Grid(tile, overlap, multiple, 0)
    spans = grid.spans(extent)
    assert spans[0].start == spans[0].begin == 0
    assert spans[-1].stop == spans[-1].end == extent
    for span in spans:
        assert span.start % multiple == 0
        assert 0 < span.stop - span.start <= tile
    for one, other in itertools.pairwise(spans):
        assert one.end == other.begin
        assert one.stop - one.end >= overlap // 2 // multiple * multiple
        assert other.begin - other.start >= overlap // 2 // multiple * multiple
    fewest = 1 + max(math.ceil((extent - tile) / (tile - overlap)), 0)
    assert len(spans) <= fewest + 1
    longest = max(span.stop - span.start for span in spans)
    assert longest < (extent + (len(spans) - 1) * overlap) / len(spans) + 2 * multiple


def test_twelve_megapixels_with_the_reach_of_dclnet_are_six_tiles() -> None:
    rows = Grid(2048, 392, 4, 0).rows((3000, 4000))
    tiles = [
        [(down.stop - down.start, across.stop - across.start) for down, across in row]
        for row in rows
    ]
    assert tiles == [3 * [(1696, 1596)], 3 * [(1696, 1596)]]


def test_rows_are_finished_before_the_next_tiles_are_read(network: nn.Module) -> None:
    blurred = torch.rand(1, 3, 90, 40)
    whole, given = network(blurred), blurred.clone()
    done = 0
    for rows in restored_rows(lambda piece, _: network(piece), given, Grid(32, 8, 1, 0)):
        given[..., done : done + rows.shape[-2], :] = torch.nan  # a writer may use that memory
        assert torch.equal(rows, whole[..., done : done + rows.shape[-2], :])
        done += rows.shape[-2]
    assert done == 90


def test_seams_tell_how_much_neighbours_differ() -> None:
    blurred = torch.full((1, 3, 50, 90), 0.5)
    numbers = itertools.count()
    seams = Seams()
    rows = restored_rows(
        lambda piece, _: piece + next(numbers) / 10, blurred, Grid(32, 8, 1, 8), seams=seams
    )
    torch.cat([*rows], dim=-2)
    across = len(Grid(32, 8, 1, 8).spans(90))
    assert next(numbers) == 2 * across == 8
    assert seams.largest == pytest.approx(across / 10)  # a tile and the one below it
    count = 3 * (2 * (across - 1) * 29 + 4 * 26.5)  # pixels along the cuts, in each colour
    assert seams.count == pytest.approx(count, rel=0.2)
    assert 0.1 < seams.mean < 0.4
    exact = Seams()
    [
        *restored_rows(
            lambda piece, _: piece, torch.rand(1, 3, 50, 90), Grid(32, 8, 1, 8), seams=exact
        )
    ]
    assert exact.largest == exact.mean == 0
    assert exact.count == seams.count


def test_tiles_have_one_size_which_is_no_larger_than_asked_for_and_than_needed() -> None:
    sizes = []

    def restore(piece: torch.Tensor) -> torch.Tensor:
        sizes.append(tuple(piece.shape[-2:]))
        return piece

    tiled(restore, torch.rand(1, 3, 50, 82), Grid(32, 8, 1, 8))
    assert sizes == 2 * 4 * [(29, 27)]  # 2 * 29 - 8 = 50, and 4 * 27 - 3 * 8 = 84
    assert len(sizes) == 2 * 4


@pytest.mark.parametrize(
    ("tile", "overlap", "multiple"), [(32, 17, 1), (32, -1, 1), (30, 8, 4), (32, 6, 4), (0, 0, 1)]
)
def test_impossible_tiles_are_refused(tile: int, overlap: int, multiple: int) -> None:
    with pytest.raises(InputError, match=r"overlap must"):
        tiled(lambda piece: piece, torch.rand(1, 3, 8, 8), Grid(tile, overlap, multiple, 0))
