import pytest
import torch
from torch import nn
from toys import Direct, Network

from deblurkit.errors import InputError
from deblurkit.imaging.padding import cropped_to, pad_to_multiple
from deblurkit.imaging.tiles import starts, tiled
from deblurkit.training.restore_files import in_tiles

REACH = 3


@pytest.fixture
def network() -> nn.Module:
    """Three convolutions: a pixel's result looks three pixels far."""
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 4, 3, padding=1), nn.ReLU()]
    return nn.Sequential(*layers, nn.Conv2d(4, 3, 3, padding=1)).requires_grad_(False)


@pytest.mark.parametrize("overlap", [2 * REACH, 2 * REACH + 1, 12, 16])
@pytest.mark.parametrize(
    "size", [(40, 56), (33, 90), (32, 32), (20, 70), (5, 7), (1, 1), (100, 33)]
)
def test_tiles_are_exact_where_the_overlap_holds_the_reach_twice(
    network: nn.Module, overlap: int, size: tuple[int, int]
) -> None:
    blurred = torch.rand(2, 3, *size)
    restored = tiled(network, blurred, tile=32, overlap=overlap, reach=REACH)
    assert torch.allclose(restored, network(blurred), atol=1e-6)


def test_an_unknown_reach_leaves_seams_at_the_cuts_only(network: nn.Module) -> None:
    blurred = torch.rand(1, 3, 40, 56)
    restored = tiled(network, blurred, tile=32, overlap=8)
    wrong = (restored - network(blurred)).abs().amax((0, 1)) > 1e-5
    assert wrong.any()
    assert not wrong[:8].any(dim=0)[:24].any()  # rows and columns of the first tile alone
    assert (restored - network(blurred)).abs().max() < 0.5


def test_a_network_with_a_multiple_is_exact_on_its_grid() -> None:
    pool = nn.Sequential(nn.AvgPool2d(4), nn.Upsample(scale_factor=4, mode="nearest"))

    def restore(pictures: torch.Tensor) -> torch.Tensor:
        return cropped_to(pool(pad_to_multiple(pictures, 4)), tuple(pictures.shape[-2:]))

    blurred = torch.rand(1, 3, 40, 60)
    assert torch.allclose(tiled(restore, blurred, tile=16, overlap=8, reach=3), restore(blurred))


@pytest.mark.parametrize("size", [(1, 1), (7, 300), (64, 64), (65, 129), (63, 10)])
@pytest.mark.parametrize(("tile", "overlap"), [(64, 0), (64, 16), (64, 32), (7, 3)])
def test_doing_nothing_changes_nothing(size: tuple[int, int], tile: int, overlap: int) -> None:
    blurred = torch.rand(1, 3, *size)
    for reach in {0, overlap // 2}:
        same = tiled(lambda piece: piece, blurred, tile=tile, overlap=overlap, reach=reach)
        assert torch.allclose(same, blurred, atol=1e-6)


def test_no_tile_is_larger_than_asked_for() -> None:
    sizes = []

    def restore(piece: torch.Tensor) -> torch.Tensor:
        sizes.append(tuple(piece.shape[-2:]))
        return piece

    tiled(restore, torch.rand(1, 3, 50, 90), tile=32, overlap=8)
    assert set(sizes) == {(32, 32)}
    assert len(sizes) == len([*starts(50, 32, 8)]) * len([*starts(90, 32, 8)]) == 2 * 4


@pytest.mark.parametrize(("tile", "overlap", "reach"), [(32, 17, 0), (32, -1, 0), (32, 8, 5)])
def test_impossible_tiles_are_refused(tile: int, overlap: int, reach: int) -> None:
    with pytest.raises(InputError, match=r"overlap must"):
        tiled(lambda piece: piece, torch.rand(1, 3, 8, 8), tile=tile, overlap=overlap, reach=reach)


def test_a_method_whose_reach_is_known_restores_the_same_in_tiles() -> None:
    method = Direct(restoring=Network(), lr=1e-3)
    blurred = torch.rand(1, 3, 44, 68)
    whole = method.restore(blurred)
    in_tiles(method, 16, 8)
    assert torch.allclose(method.restore(blurred), whole, atol=1e-6)
