"""DeblurGAN's generator: the authors' numbers, sizes, and where training starts."""

import pytest
import torch
from generators import blind, count
from parity_numbers import numbers_of, require_equal
from torch.utils.flop_counter import FlopCounterMode

from deblurkit.networks.parts.residual import zero_start
from deblurkit.networks.parts.resnet import Resized

EXPECTED = numbers_of("deblurgan")["generators"]


@pytest.mark.parametrize("name", ["small", "wide", pytest.param("full", marks=pytest.mark.slow)])
def test_it_is_the_authors_network(name: str) -> None:
    expected = EXPECTED[name]
    network = blind(expected["channels"], 9, dropout=0.0)
    require_equal(network, expected, signed=lambda restored: 2 * restored - 1)


@pytest.mark.parametrize(
    "changes",
    [{}, {"upsampling": Resized}, {"start": zero_start}],
    ids=["as published", "resized", "from zero"],
)
def test_parameters_and_cost_of_the_paper(changes) -> None:
    with torch.device("meta"):
        network = blind(64, 9, **changes)
    assert count(network) == 11_378_179
    with FlopCounterMode(display=False) as counter:
        network(torch.empty(1, 3, 256, 256, device="meta"))
    macs = 49.5 if "upsampling" not in changes else 56.8
    assert counter.get_total_flops() / 2e9 == pytest.approx(macs, abs=0.1)


def test_stages_have_the_sizes_of_the_table() -> None:
    with torch.device("meta"):
        body = blind(64, 9).body
    features = torch.empty(1, 3, 256, 256, device="meta")
    shapes = []
    stages = [body.encoder[:2], body.encoder[2:4], body.encoder[4:], *body.blocks]
    for stage in [*stages, body.decoder[:3], body.decoder[3:], body.head]:
        features = stage(features)
        shapes.append(tuple(features.shape[1:]))
    assert shapes == [
        (64, 256, 256),
        (128, 128, 128),
        *[(256, 64, 64)] * 10,
        (128, 128, 128),
        (64, 256, 256),
        (3, 256, 256),
    ]


def test_with_a_zero_start_the_first_answer_is_the_input() -> None:
    blurred = torch.rand(2, 3, 16, 16)
    assert blind(start=zero_start)(blurred).equal(blurred)
    assert not blind()(blurred).allclose(blurred, atol=1e-3)


def test_a_step_from_a_zero_start_moves_towards_the_sharp_picture() -> None:
    torch.manual_seed(0)
    network = blind(start=zero_start, dropout=0.0)
    blurred, sharp = torch.rand(2, 1, 3, 16, 16)
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    losses = []
    for _ in range(4):
        loss = (network(blurred) - sharp).square().mean()
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < losses[0]
