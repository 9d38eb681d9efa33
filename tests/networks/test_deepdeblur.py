"""DeepDeblur's networks: the authors' numbers, counts, reach and what they refuse."""

import pytest
import torch
from fingerprint import fill, formula_picture, formula_state, summary
from parity_numbers import numbers_of
from torch import nn

from deblurkit.errors import InputError
from deblurkit.networks.deepdeblur import Critic, Generator

EXPECTED = numbers_of("deepdeblur")


def generator(channels: int, blocks: int, **changes) -> Generator:
    sizes = {"channels": channels, "blocks": blocks, "scales": 3, "kernel": 5, "span": 255.0}
    return Generator(**sizes | changes)


def ours(key: str) -> str:
    """Our name of a tensor of theirs."""
    kind, scale, *rest = key.split(".")
    if kind == "conv_end_models":
        return f"doublings.{int(scale) - 1}.{'.'.join(rest[1:])}"
    return f"bodies.{scale}.{'.'.join(rest[1:])}"


@pytest.mark.parametrize("name", ["small", pytest.param("full", marks=pytest.mark.slow)])
def test_it_is_the_authors_network(name: str) -> None:
    expected = EXPECTED["generators"][name]
    network = generator(expected["channels"], expected["blocks"]).double()
    state = formula_state(expected["shapes"])
    network.load_state_dict({ours(key): tensor for key, tensor in state.items()})
    picture = formula_picture(64, 96)
    with torch.no_grad():
        scales = network.restored([picture[..., ::step, ::step] for step in (1, 2, 4)])
    for scale, answer in zip(scales, expected["answers"], strict=True):
        assert summary(255 * scale) == pytest.approx(answer, rel=1e-10)


def test_the_critic_is_the_authors() -> None:
    expected = EXPECTED["critic"]
    critic = Critic(channels=8, strides=[2, 2, 4, 4], kernel=5, span=255.0).double()
    fill(critic)
    with torch.no_grad():
        scores = critic(formula_picture(256, 512))
    assert scores.flatten().tolist() == pytest.approx(expected["scores"], rel=1e-10)


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_parameters_of_the_paper() -> None:
    with torch.device("meta"):
        assert count(generator(64, 19)) == 11_721_321
        critic = Critic(channels=64, strides=[2, 2, 4, 4], kernel=5, span=255.0)
    assert count(critic) == 10_725_216
    assert critic.smallest == 256


def test_the_reach_bounds_what_a_pixel_sees() -> None:
    network = generator(2, 1, scales=2, kernel=3).double()
    for parameter in network.parameters():
        nn.init.constant_(parameter, 0.1)  # every connection counts
    picture = torch.rand(1, 3, 96, 96, dtype=torch.float64, requires_grad=True)
    network(picture)[0][0, :, 48, 48].sum().backward()
    rows = picture.grad.abs().sum(dim=(0, 1, 3)).nonzero().flatten()
    assert network.reach is not None
    seen = max(48 - rows.min(), rows.max() - 48).item()
    assert network.reach - 6 <= seen <= network.reach


def test_bad_sizes_are_refused() -> None:
    with pytest.raises(InputError, match="divisible by 4"):
        generator(2, 1)(torch.rand(1, 3, 6, 8))
    with pytest.raises(InputError, match="at least 16 x 16"):
        Critic(channels=2, strides=[2, 2], kernel=5, span=1.0)(torch.rand(1, 3, 12, 16))
