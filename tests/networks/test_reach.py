"""Networks look as far as they say, no further; tiles of this overlap are exact for them."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from reach import measured_reach
from torch import Tensor, nn

from deblurkit.errors import InputError
from deblurkit.imaging.tiling.padding import cropped_to, pad_to_multiple
from deblurkit.imaging.tiling.tiles import Grid, tiled
from deblurkit.methods.unsharp import UnsharpMask
from deblurkit.networks import cyclegan, dclnet, deblurgan, deepdeblur, nafnet, residual_u
from deblurkit.networks.parts import resnet


def generator(blocks: int, upsampling: Callable[[int, int], nn.Module]) -> nn.Module:
    return deblurgan.Generator(
        channels=2, blocks=blocks, dropout=0.0, upsampling=upsampling, start=resnet.normal_start
    )


def pyramid(scales: int, blocks: int, kernel: int) -> nn.Module:
    return deepdeblur.Generator(channels=2, blocks=blocks, scales=scales, kernel=kernel, span=1.0)


def simple(encoder: list[int], middle: int, decoder: list[int]) -> nn.Module:
    sizes = {"encoder_blocks": encoder, "middle_blocks": middle, "decoder_blocks": decoder}
    return nafnet.Backbone(channels=2, **sizes, window=None)


def plain(encoder: list[int], middle: int, decoder: list[int]) -> nn.Module:
    sizes = {"encoder_blocks": encoder, "middle_blocks": middle, "decoder_blocks": decoder}
    return residual_u.ResidualU(channels=2, **sizes)


NETWORKS = {
    "deblurgan, 1 block": lambda: generator(1, resnet.Transposed),
    "deblurgan, 2 blocks, resized": lambda: generator(2, resnet.Resized),
    "cyclegan": lambda: cyclegan.Generator(channels=2, blocks=2),
    "dclnet, 1 block": lambda: dclnet.Backbone(channels=2, blocks=1, reduction=1),
    "dclnet, 2 blocks": lambda: dclnet.Backbone(channels=2, blocks=2, reduction=1),
    "dclnet, inverse": lambda: dclnet.Inverse(channels=2, blocks=3, reduction=1),
    "nafnet, 2 stages": lambda: simple([1, 2], 2, [2, 1]),
    "nafnet, 3 stages": lambda: simple([1, 1, 1], 1, [1, 1, 1]),
    "residual_u, 1 stage": lambda: plain([2], 1, [1]),
    "residual_u, 2 stages": lambda: plain([1, 1], 1, [1, 1]),
    "deepdeblur, 1 scale": lambda: pyramid(1, 2, 5),
    "deepdeblur, 2 scales": lambda: pyramid(2, 1, 5),
    "deepdeblur, 3 scales": lambda: pyramid(3, 1, 3),
}


def picture(answer: Any) -> Tensor:
    """What is restored at full size."""
    return answer if isinstance(answer, Tensor) else answer[0]


@pytest.mark.parametrize("name", NETWORKS)
def test_declared_reaches_are_the_measured_ones(name: str) -> None:
    network = NETWORKS[name]()
    measured = measured_reach(network, side=128, picture=picture)
    # Which border a pixel of a coarse scale belongs to decides about the last few pixels.
    assert measured <= network.reach <= measured + 2 * network.multiple


def test_a_reach_beyond_the_picture_is_said() -> None:
    with pytest.raises(InputError, match="further than pictures of 32 pixels"):
        measured_reach(NETWORKS["deblurgan, 2 blocks, resized"](), side=32)


@pytest.mark.parametrize("pixels", [1, 3, 7])
def test_the_reach_of_convolutions_is_half_their_side(pixels: int) -> None:
    layers = nn.Sequential(nn.Conv2d(3, 4, 2 * pixels + 1, padding=pixels), nn.ReLU())
    assert measured_reach(layers, side=32) == pixels
    skewed = nn.Sequential(nn.ZeroPad2d((0, pixels, 0, 0)), nn.Conv2d(3, 3, (1, pixels + 1)))
    assert measured_reach(skewed, side=32) == pixels


@pytest.mark.parametrize("name", ["deepdeblur, 1 scale", "deepdeblur, 2 scales"])
@pytest.mark.parametrize("size", [(150, 211), (97, 333)])
def test_tiles_are_exact_for_local_networks(name: str, size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    network = NETWORKS[name]().requires_grad_(False)
    blurred = torch.rand(1, 3, *size)

    def restore(pictures: Tensor) -> Tensor:
        padded = pad_to_multiple(pictures, network.multiple)
        return cropped_to(picture(network(padded)), tuple(pictures.shape[-2:]))

    overlap = 2 * -(-network.reach // network.multiple) * network.multiple
    restored = tiled(restore, blurred, Grid(2 * overlap, overlap, network.multiple, 0))
    assert (restored - restore(blurred)).abs().max() < 2e-6  # sums of another order


def test_an_unsharp_mask_knows_its_reach() -> None:
    mask = UnsharpMask(amount=1.5, sigma=2.3)
    blurred = torch.rand(1, 3, 71, 103)

    def restore(pictures: Tensor) -> Tensor:
        return mask.restoration({"blurred": pictures, "name": ["photo"]})["restored"]

    restored, cut = (
        tiled(restore, blurred, Grid(4 * mask.reach, 2 * reach, 1, 0))
        for reach in (mask.reach, mask.reach - 1)
    )
    assert (restored - restore(blurred)).abs().max() < 2e-6
    assert (cut - restore(blurred)).abs().max() > 1e-4
