"""Borders and resizing as in TensorFlow 1, and the parts that SRN and its followers share."""

import pytest
import torch
from torch import nn

from deblurkit.networks.parts.scale_recurrent import (
    Decoder,
    Encoder,
    ResidualBlock,
    carried,
    decimated,
    doubled,
    symmetric_halving,
    tensorflow_halving,
    xavier_start,
)


def test_reduction_keeps_the_first_pixel_of_each_cell_and_averages_nothing() -> None:
    ramp = torch.arange(64.0).reshape(1, 1, 8, 8)
    assert decimated(ramp, 2)[0, 0, :2].tolist() == [[0, 2, 4, 6], [16, 18, 20, 22]]
    assert decimated(ramp, 4)[0, 0].tolist() == [[0, 4], [32, 36]]


def test_enlargement_by_hand() -> None:
    small = torch.tensor([[0.0, 4.0], [8.0, 20.0]])[None, None]
    assert doubled(small)[0, 0].tolist() == [
        [0, 2, 4, 4],
        [4, 8, 12, 12],
        [8, 14, 20, 20],
        [8, 14, 20, 20],
    ]


def test_enlargement_is_the_bilinear_rule_without_pixel_centres() -> None:
    """Sample at i / 2, as TensorFlow 1 says, by the definition."""
    small = torch.rand(2, 3, 5, 7, dtype=torch.float64)
    answer = doubled(small)
    for axis, side in ((-2, 5), (-1, 7)):
        assert answer.shape[axis] == 2 * side
    rows = torch.arange(10) / 2
    columns = torch.arange(14) / 2
    top, left = rows.floor().long(), columns.floor().long()
    bottom, right = (top + 1).clamp(max=4), (left + 1).clamp(max=6)
    down, across = (rows - top)[:, None].double(), (columns - left).double()
    above = small[:, :, top][..., left] * (1 - across) + small[:, :, top][..., right] * across
    below = small[:, :, bottom][..., left] * (1 - across) + small[:, :, bottom][..., right] * across
    assert answer == pytest.approx(above * (1 - down) + below * down, abs=1e-15)


def test_reduction_takes_back_the_enlargement() -> None:
    small = torch.rand(1, 2, 3, 5)
    assert decimated(doubled(small), 2).equal(small)


def test_what_is_carried_on_is_a_constant() -> None:
    small = torch.rand(1, 3, 2, 2, requires_grad=True)
    assert doubled(small).requires_grad
    assert not carried(small).requires_grad
    assert carried(small).equal(doubled(small))


@pytest.mark.parametrize(
    ("halving", "kernel", "first"),
    [
        (tensorflow_halving, 5, -1),  # one pixel before, two behind
        (tensorflow_halving, 3, 0),  # none before, one behind
        (symmetric_halving, 5, -2),
        (symmetric_halving, 3, -1),
    ],
)
def test_where_a_halving_begins_to_look(halving, kernel: int, first: int) -> None:
    """A kernel of ones in its first corner alone shows which pixel it reads."""
    network = halving(1, 1, kernel)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        next(network.parameters())[..., 0, 0] = 1
    ramp = 1 + torch.arange(64.0).reshape(1, 1, 8, 8)
    answer = network(ramp)
    assert answer.shape == (1, 1, 4, 4)
    shifted = 2 + first  # the second sample of each axis
    assert answer[0, 0, 1, 1] == ramp[0, 0, shifted, shifted]
    assert answer[0, 0, 0, 0] == (ramp[0, 0, 0, 0] if first == 0 else 0)


def test_first_weights_are_uniform_within_the_bound_and_biases_empty() -> None:
    torch.manual_seed(0)
    convolution = nn.Conv2d(8, 24, 5)
    transposed = nn.ConvTranspose2d(16, 8, 4)
    xavier_start(nn.Sequential(convolution, transposed))
    for module, bound in (
        (convolution, (6 / (25 * 32)) ** 0.5),
        (transposed, (6 / (16 * 24)) ** 0.5),
    ):
        assert 0.97 * bound < module.weight.max() <= bound
        assert -bound <= module.weight.min() < -0.97 * bound
        assert module.weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.05)
        assert not module.bias.any()


def test_a_block_without_a_correction_hands_its_input_on_even_where_it_is_negative() -> None:
    block = ResidualBlock(channels=3, kernel=3)
    nn.init.zeros_(block.correction[2].weight)
    nn.init.zeros_(block.correction[2].bias)
    features = torch.randn(2, 3, 5, 7)
    assert block(features).equal(features)


def test_a_decoder_alone_is_one_whose_skips_are_empty() -> None:
    torch.manual_seed(0)
    sizes = {"colors": 3, "channels": 2, "blocks": 1, "kernel": 3}
    encoder, decoder = Encoder(**sizes, halving=symmetric_halving), Decoder(**sizes)
    features = encoder(torch.rand(1, 3, 16, 16), torch.rand(1, 3, 16, 16))
    assert [tuple(f.shape[1:]) for f in features] == [(2, 16, 16), (4, 8, 8), (8, 4, 4)]
    empty = features._replace(
        full=torch.zeros_like(features.full), half=torch.zeros_like(features.half)
    )
    alone = decoder.alone(features.quarter)
    assert alone.equal(decoder(features.quarter, empty))
    assert not alone.equal(decoder(features.quarter, features))
