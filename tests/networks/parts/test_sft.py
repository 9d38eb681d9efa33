"""SFT layers and the network that makes their guide: the authors' numbers, and identity."""

from functools import partial

import pytest
import torch
from fingerprint import fill, formula_picture, summary
from generators import count
from parity_numbers import numbers_of
from torch import Tensor, nn

from deblurkit.networks.parts.resnet import PreActivationBlock
from deblurkit.networks.parts.sft import SFT, ConditionNetwork, GuidedBlock

EXPECTED = numbers_of("sft")
equal = partial(pytest.approx, rel=1e-10, abs=1e-10)


def noise(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def test_the_layer_is_the_authors() -> None:
    layer = SFT(guides=32, channels=64, slope=0.1).double()
    fill(layer)
    features = formula_picture(24, 32, channels=64).requires_grad_()
    guide = formula_picture(24, 32, channels=32).requires_grad_()
    transformed = layer(features, guide)
    transformed.square().sum().backward()
    expected = EXPECTED["layer"]
    assert count(layer) == expected["parameters"] == 6_336
    assert summary(transformed) == equal(expected["answer"])
    assert summary(features.grad) == equal(expected["features_gradient"])
    assert summary(guide.grad) == equal(expected["guide_gradient"])


def test_the_condition_network_is_the_authors() -> None:
    network = ConditionNetwork(classes=8, hidden=128, guides=32, slope=0.1).double()
    fill(network)
    expected = EXPECTED["conditions"]
    assert count(network) == expected["parameters"] == 70_176
    guide = network(formula_picture(64, 96, channels=8))
    assert guide.shape == (1, 32, 16, 24)
    assert summary(guide) == equal(expected["answer"])


def test_a_layer_starts_as_the_identity_whatever_its_guide() -> None:
    features = noise(2, 6, 4, 4)
    layer = SFT(guides=5, channels=6, slope=0.1).double()
    assert layer(features, noise(2, 5, 4, 4)).equal(features)


def test_a_layer_leaves_the_identity_by_its_last_convolutions_and_then_moves_everywhere() -> None:
    torch.manual_seed(0)
    layer = SFT(guides=5, channels=6, slope=0.1).double()
    optimizer = torch.optim.SGD(layer.parameters(), 0.1)
    everything = {name for name, _ in layer.named_parameters()}
    last = {name for name in everything if ".2." in name}
    for expected in (last, everything):
        optimizer.zero_grad()
        layer(noise(2, 6, 4, 4), noise(2, 5, 4, 4)).square().mean().backward()
        assert {name for name, p in layer.named_parameters() if p.grad.any()} == expected
        optimizer.step()


def test_scale_and_shift_follow_the_guide_at_the_same_place_only() -> None:
    layer = SFT(guides=5, channels=6, slope=0.1).double()
    fill(layer)
    features, guide = noise(1, 6, 4, 4), noise(1, 5, 4, 4)
    changed = guide.clone()
    changed[..., 1, 2] += 1
    moved = (layer(features, changed) != layer(features, guide)).any(dim=1).nonzero()
    assert moved.tolist() == [[0, 1, 2]]


def test_parameters_of_the_paper() -> None:
    layer = SFT(guides=32, channels=256, slope=0.1)
    assert count(layer) == 19_008
    plain = PreActivationBlock(channels=256, dropout=0.5)
    guided = GuidedBlock(channels=256, guides=32, slope=0.1, dropout=0.5)
    assert count(guided) - count(plain) == 2 * 19_008


def guided_and_plain() -> tuple[GuidedBlock, PreActivationBlock]:
    guided = GuidedBlock(channels=6, guides=5, slope=0.1, dropout=0.5).double()
    plain = PreActivationBlock(channels=6, dropout=0.5).double()
    theirs = [layer for layer in plain.modules() if isinstance(layer, nn.Conv2d)]
    for ours, layer in zip((guided.first, guided.second), theirs, strict=True):
        layer.load_state_dict(ours.state_dict())
    return guided, plain


def test_a_guided_block_starts_as_a_pre_activation_block() -> None:
    guided, plain = guided_and_plain()
    features, guide = noise(2, 6, 4, 4), noise(2, 5, 4, 4)
    answers = []
    for block in (partial(guided, guide=guide), plain):
        torch.manual_seed(0)  # of the dropout
        answers.append(block(features))
    torch.testing.assert_close(*answers, rtol=0, atol=1e-12)


def test_a_guided_block_is_its_equation() -> None:
    block = GuidedBlock(channels=6, guides=5, slope=0.1, dropout=0.0).double()
    fill(block)
    features, guide = noise(2, 6, 4, 4), noise(2, 5, 4, 4)

    def normalised(maps: Tensor) -> Tensor:
        variance, mean = torch.var_mean(maps, dim=(2, 3), keepdim=True, correction=0)
        return (maps - mean) / (variance + 1e-5).sqrt()

    inner = block.first(block.transform_first(normalised(features), guide).clamp(min=0))
    inner = block.second(block.transform_second(normalised(inner), guide).clamp(min=0))
    torch.testing.assert_close(block(features, guide), features + inner, rtol=0, atol=1e-12)
