"""DMPHN's networks: published numbers, and what they refuse."""

import pytest
import torch
from fingerprint import fill, formula_picture, summary
from parity_numbers import numbers_of
from torch.utils.flop_counter import FlopCounterMode

from deblurkit.errors import InputError
from deblurkit.networks.dmphn import Restorer

EXPECTED = numbers_of("dmphn")["models"]


@pytest.mark.parametrize(
    ("levels", "stacks", "parameters", "macs"),
    [
        (3, 1, 5_424_393, 687),
        (4, 1, 7_232_524, 916),
        (3, 2, 10_848_786, 1374),
        (3, 3, 16_273_179, 2061),
        (3, 4, 21_697_572, 2748),
    ],
)
def test_parameters_and_cost(levels: int, stacks: int, parameters: int, macs: int) -> None:
    with torch.device("meta"):
        network = Restorer(channels=32, levels=levels, stacks=stacks)
    assert sum(p.numel() for p in network.parameters()) == parameters
    with FlopCounterMode(display=False) as counter:
        network(torch.empty(1, 3, 720, 1280, device="meta"))
    assert counter.get_total_flops() / 2e9 == pytest.approx(macs, abs=1)


@pytest.mark.parametrize(
    "name",
    [
        *("DMPHN_1_2_4", "DMPHN_1_2_4_8", "SDNet2"),
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("SDNet3", "SDNet4")),
    ],
)
def test_it_is_the_authors_network(name: str) -> None:
    expected = EXPECTED[name]
    network = Restorer(channels=32, levels=expected["levels"], stacks=expected["stacks"]).double()
    fill(network)
    answers = network(formula_picture(64, 96))
    assert len(answers) == expected["stacks"]
    assert summary(answers[-1]) == pytest.approx(expected["answer"], rel=1e-10)


@pytest.mark.parametrize(("levels", "multiple"), [(1, 4), (2, 8), (3, 8), (4, 16)])
def test_sides_that_cannot_be_cut_are_refused(levels: int, multiple: int) -> None:
    network = Restorer(channels=2, levels=levels, stacks=1)
    assert network.multiple == multiple
    assert network(torch.rand(1, 3, multiple, 2 * multiple))[0].shape[-2:] == (
        multiple,
        2 * multiple,
    )
    with pytest.raises(InputError, match=f"divisible by {multiple}"):
        network(torch.rand(1, 3, multiple // 2, multiple))


def test_weights_start_at_half_of_he_s_deviation() -> None:
    torch.manual_seed(0)
    level = Restorer(channels=32, levels=1, stacks=1).stacks[0].levels[0]
    halving, doubling = level.encoder[6], level.decoder[2]
    assert halving.weight.std().item() == pytest.approx(0.5 * (2 / (9 * 128)) ** 0.5, rel=0.02)
    assert doubling.weight.std().item() == pytest.approx(0.5 * (2 / (16 * 64)) ** 0.5, rel=0.02)
    assert not level.decoder[8].bias.any()
