"""MAXIM's network: the authors' sizes, its mixing by hand, and strips that change nothing."""

import math

import pytest
import torch
from fingerprint import formula_picture, summary
from maxim_networks import fresh, small
from torch import nn
from torch.nn import functional

from deblurkit.config import build
from deblurkit.errors import InputError
from deblurkit.networks import maxim_strips
from deblurkit.networks.maxim_attention import SupervisedAttention
from deblurkit.networks.maxim_blocks import Joint
from deblurkit.networks.maxim_mixing import CrossGating, TokenMixing, multi_axis_block
from deblurkit.networks.maxim_strips import gelu, in_blocks, in_grid, resized

# Of a network that agreed with the authors' published one, given its weights, to 2e-6.
FINGERPRINT = (
    (0.4243678037, 0.4902341625, -0.06801588687, 0.9315028671, 0.545914237, 0.4337570431),
    (0.4117261089, 0.5192968221, 0.7108804629, -0.04734141136, 0.5926735305, 1.161538647),
)


def noise(module: nn.Module, seed: int = 0) -> nn.Module:
    """Every parameter drawn anew, so that none is zero or one."""
    torch.manual_seed(seed)
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.5)
    return module


def test_parameters_and_keys() -> None:
    with torch.device("meta"):
        network = build("maxim").backbone
    assert network.multiple == 64
    assert sum(parameter.numel() for parameter in network.parameters()) == 22_212_795
    coarse = {f"stages.2.heads.{level}.{leaf}" for level in (1, 2) for leaf in ("weight", "bias")}
    assert len(network.state_dict().keys() - coarse) == 2750


def test_answers_of_all_stages_at_three_sizes() -> None:
    network = fresh()
    blurred = torch.rand(1, 3, 32, 64)
    answers = network(blurred)
    sizes = [(32, 64), (16, 32), (8, 16)]
    assert [[tuple(one.shape[-2:]) for one in stage] for stage in answers] == [sizes, sizes]
    for stage in answers:  # training starts from the blurred picture: its nearest pixels
        assert stage[0].equal(blurred)
        assert stage[1].equal(blurred[..., 1::2, 1::2])
        assert stage[2].equal(functional.interpolate(blurred, (8, 16), mode="nearest-exact"))


def test_a_small_network_with_numbers_by_a_formula() -> None:
    network = small().double()
    with torch.no_grad():
        answers = network(formula_picture(48, 64))
    assert [summary(answer) for stage in answers for answer in stage[:1]] == [
        pytest.approx(expected, rel=1e-8) for expected in FINGERPRINT
    ]


def test_strips_without_gradients_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    network, blurred = small().double(), formula_picture(48, 64).expand(2, -1, -1, -1)
    whole = network(blurred)
    monkeypatch.setattr(maxim_strips, "STRIP", 3000)
    with torch.no_grad():
        answers = network(blurred)
    for one, other in zip(whole[-1], answers[-1], strict=True):
        assert one.allclose(other, atol=1e-12)


def test_gradients_reach_every_parameter_and_the_picture() -> None:
    network = noise(fresh())
    blurred = torch.rand(1, 3, 32, 32, requires_grad=True)
    sum(answer.mean() for stage in network(blurred) for answer in stage).backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
    assert blurred.grad is not None
    assert bool(blurred.grad.abs().sum() > 0)


def test_tokens_of_grid_and_blocks_are_not_copied() -> None:
    rows, columns = torch.meshgrid(torch.arange(4), torch.arange(6), indexing="ij")
    features = torch.stack([rows, columns], dim=-1)[None].float()
    grid, blocks = in_grid(features, side=2), in_blocks(features, side=2)
    assert grid.shape == (2, 2, 1, 2, 3, 2)
    assert blocks.shape == (2, 2, 1, 2, 3, 2)
    assert grid[1, 0, 0, 1, 2].tolist() == [3, 2]  # second row of cells, first column of them
    assert blocks[1, 0, 0, 1, 2].tolist() == [3, 4]  # second block down, third across
    assert grid.data_ptr() == blocks.data_ptr() == features.data_ptr()


def plain_mix(cut: torch.Tensor, layer: nn.Linear) -> torch.Tensor:
    """Over both token axes, written out."""
    down, across = cut.shape[:2]
    weight = layer.weight.view(down, across, down, across)
    return torch.einsum("pqrs,rsbhwc->pqbhwc", weight, cut) + layer.bias.view(
        down, across, 1, 1, 1, 1
    )


def test_a_multi_axis_block_by_hand() -> None:
    block = noise(multi_axis_block(channels=3, side=2)).double()
    features = torch.randn(2, 4, 6, 3, dtype=torch.float64)
    inner = gelu(block.entry(block.norm(features)))
    halves = []
    for cut, axis, half in (
        (in_grid, block.grid, inner[..., :3]),
        (in_blocks, block.block, inner[..., 3:]),
    ):
        wide = gelu(axis.entry(axis.norm(half)))
        gate = plain_mix(cut(axis.gate_norm(wide[..., 3:]), side=2), axis.mix)
        answer = torch.empty_like(half)
        cut(answer, side=2).copy_(gate)
        halves.append(half + axis.exit(wide[..., :3] * (answer + 1)))
    expected = features + block.leave(torch.cat(halves, dim=-1))
    assert block(features, features).allclose(expected, atol=1e-12)


def test_cross_gating_by_hand() -> None:
    gating = noise(CrossGating(channels=3, side=2)).double()
    first, second = torch.randn(2, 1, 4, 6, 3, dtype=torch.float64)

    def weights(weigh: nn.Module, opened: torch.Tensor) -> torch.Tensor:
        inner, halves = gelu(weigh.entry(weigh.norm(opened))), []
        for cut, axis, half in (
            (in_grid, weigh.grid, inner[..., :3]),
            (in_blocks, weigh.block, inner[..., 3:]),
        ):
            answer = torch.empty_like(half)
            cut(answer, side=2).copy_(plain_mix(cut(half, side=2), axis.mix))
            halves.append(answer)
        return weigh.leave(torch.cat(halves, dim=-1))

    one, other = gating.first, gating.second
    opened = [gelu(side.entry(side.norm(x))) for side, x in ((one, first), (other, second))]
    risen = other.leave(opened[1] * weights(one.weigh, opened[0])) + second
    skip = one.leave(opened[0] * weights(other.weigh, opened[1])) + first + risen
    answers = gating(first, second)
    assert answers[0].allclose(skip, atol=1e-12)
    assert answers[1].allclose(risen, atol=1e-12)


def test_a_joint_is_a_map_of_what_lies_side_by_side() -> None:
    joint = noise(Joint(beside=2, widths=[3, 4, 5], channels=2)).double()
    beside = torch.randn(1, 8, 12, 2, dtype=torch.float64)
    levels = [
        torch.randn(1, 8 * size // 2, 12 * size // 2, width, dtype=torch.float64)
        for width, size in ((3, 4), (4, 2), (5, 1))  # twice, once and half the size
    ]
    mapped = [
        layer(resized(level, (8, 12))) for layer, level in zip(joint.maps, levels, strict=True)
    ]
    expected = joint.join(torch.cat([beside, *mapped], dim=-1))
    assert joint(levels, size=(8, 12), beside=beside).allclose(expected, atol=1e-12)


def test_features_are_shrunk_smoothly_and_grown_linearly() -> None:
    row = torch.zeros(1, 1, 8, 1, dtype=torch.float64).expand(1, 8, 8, 1).clone()
    row[:, :, 4] = 8
    assert resized(row, (4, 4))[0, 1, :, 0].tolist() == pytest.approx([0, 1, 3, 0])
    assert resized(row, (16, 16))[0, 0, 6:12, 0].tolist() == pytest.approx([0, 2, 6, 6, 2, 0])


def test_gelu_is_that_of_tanh_and_works_in_place_only_without_gradients() -> None:
    values = torch.linspace(-3, 3, 7, dtype=torch.float64)
    expected = [
        0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
        for x in values.tolist()
    ]
    assert gelu(values).tolist() == pytest.approx(expected)
    assert values.tolist() == [-3, -2, -1, 0, 1, 2, 3]
    with torch.no_grad():
        assert gelu(values).data_ptr() == values.data_ptr()


def test_first_weights_are_those_of_the_authors() -> None:
    torch.manual_seed(0)
    network = fresh(channels=16, sides=[16, 16, 8, 8])
    stage = network.stages[0]
    mixing = stage.encoders[0].body.mixings[0]
    assert mixing.grid.mix.weight.std().item() == pytest.approx(0.02, rel=0.05)
    assert len(stage.fusions) == 0
    gate = stage.crossings[0].gating.first
    assert gate.entry.weight.std().item() == pytest.approx(0.25, rel=0.2)
    assert isinstance(gate.weigh.grid, TokenMixing)
    assert gate.weigh.grid.mix.bias.eq(1).all()
    assert isinstance(stage.heads[0], SupervisedAttention)
    assert stage.heads[0].head.weight.eq(0).all()


def test_bad_sizes_are_refused() -> None:
    with pytest.raises(InputError, match="divisible by 16, got 32 x 24 pixels"):
        fresh()(torch.rand(1, 3, 32, 24))
    with pytest.raises(InputError, match=r"must be positive, .* stages=0"):
        fresh(stages=0)
    with pytest.raises(InputError, match=r"sides of MAXIM are 4 positive numbers, got \[16, 8\]"):
        fresh(sides=[16, 8])
