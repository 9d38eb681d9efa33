"""CycleGAN's generator: the authors' numbers, and how it differs from DeblurGAN's."""

import pytest
import torch
from generators import blind, count, cycle
from parity_numbers import numbers_of, require_equal

EXPECTED = numbers_of("cyclegan")["generators"]


@pytest.mark.parametrize("name", ["small", "wide", pytest.param("full", marks=pytest.mark.slow)])
def test_it_is_the_authors_network(name: str) -> None:
    expected = EXPECTED[name]
    network = cycle(expected["channels"], 9)
    require_equal(network, expected, signed=lambda restored: 2 * restored - 1)


def test_parameters_of_the_paper() -> None:
    with torch.device("meta"):
        assert count(cycle(64, 9)) == 11_378_179


def test_it_draws_the_picture_that_deblurgan_adds() -> None:
    drawn, added = cycle().double(), blind(dropout=0.0).double()
    added.load_state_dict(drawn.state_dict())
    pictures = torch.rand(1, 3, 16, 16, dtype=torch.float64)
    expected = (pictures + drawn(pictures) - 0.5).clamp(0, 1)
    torch.testing.assert_close(added(pictures), expected, rtol=0, atol=1e-12)
