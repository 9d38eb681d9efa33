"""The plain U: its sizes, where training starts, what it refuses."""

import pytest
import torch
from fingerprint import fill, formula_picture
from torch.utils.flop_counter import FlopCounterMode

from deblurkit.config import build
from deblurkit.errors import InputError
from deblurkit.networks.residual_u import ResidualU

SIZES = {"channels": 4, "encoder_blocks": [1, 2], "middle_blocks": 1, "decoder_blocks": [2, 1]}


def test_parameters_and_operations_of_its_config() -> None:
    with torch.device("meta"):
        network = build("residual_u").network.to("meta")
        # 2 (9 c^2 + c) for each of 4, 8 and 10 pairs of 32, 64 and 128 channels
        pairs = 4 * 18_496 + 8 * 73_856 + 10 * 295_168
        around = 3_488 + 3_468 + 8_256 + 32_896 + 32_768 + 8_192
        assert sum(p.numel() for p in network.parameters()) == pairs + around == 3_705_580
        with FlopCounterMode(display=False) as counter:
            network(torch.rand(1, 3, 720, 1280))
    assert counter.get_total_flops() / 2e9 == pytest.approx(96.9, abs=0.05)  # GMAC
    assert network.multiple == 8


def test_training_starts_from_the_blurred_picture() -> None:
    blurred = torch.rand(2, 3, 16, 24)
    assert ResidualU(**SIZES)(blurred).equal(blurred)


def test_the_channels_last_form_gives_the_same_picture() -> None:
    network = ResidualU(**SIZES).double()
    fill(network)
    picture = formula_picture(24, 32)
    plain = network(picture)
    assert not plain.allclose(picture, atol=1e-3)
    last = network.to(memory_format=torch.channels_last)(picture)
    torch.testing.assert_close(last, plain, atol=1e-12, rtol=0)


def test_every_level_takes_part() -> None:
    network = ResidualU(**SIZES)
    fill(network)
    network(torch.rand(1, 3, 16, 16)).square().mean().backward()
    assert all(parameter.grad.abs().max() > 0 for parameter in network.parameters())


def test_bad_sizes_are_refused() -> None:
    with pytest.raises(InputError, match="divisible by 8"):
        ResidualU(**SIZES)(torch.rand(1, 3, 12, 8))
    with pytest.raises(InputError, match="as many numbers"):
        ResidualU(**SIZES | {"decoder_blocks": [1]})
