"""AS-CycleGAN's generator: its three rows, and where its conditions come from."""

from functools import partial

import pytest
import torch
from fingerprint import fill
from generators import asymmetric, blind, count, guided, pre_activation
from torch import nn

from deblurkit.errors import InputError
from deblurkit.networks.parts.conditions import EdgeTexture, Given, TinySegmenter, Uniform
from deblurkit.networks.parts.resnet import normal_start
from deblurkit.networks.parts.sft import ConditionNetwork, GuidedBlock

ROWS = pytest.mark.parametrize("build", [asymmetric, pre_activation, guided])


def edges() -> EdgeTexture:
    return EdgeTexture(fine=7, coarse=31, temperature=0.5)


def pictures(count: int = 1, height: int = 16, width: int = 24) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.rand(count, 3, height, width, dtype=torch.float64, generator=generator)


@pytest.mark.parametrize(
    ("build", "parameters"),
    [(asymmetric, 11_378_179), (pre_activation, 11_378_179), (guided, 11_790_499)],
)
def test_parameters_of_the_three_rows(build, parameters: int) -> None:
    with torch.device("meta"):
        assert count(build(64, 9)) == parameters


def test_the_first_row_is_deblurgans_generator() -> None:
    ours, theirs = asymmetric(channels=8).double(), blind(channels=8).double()
    fill(theirs)
    ours.load_state_dict(theirs.state_dict())
    torch.manual_seed(0)
    expected = theirs(pictures())
    torch.manual_seed(0)  # both draw the same dropout
    assert ours(pictures()).equal(expected)


@ROWS
def test_with_a_zero_start_the_first_answer_is_the_input(build) -> None:
    assert build().double()(pictures(2)).equal(pictures(2))


def test_the_second_row_has_the_firsts_keys_and_another_answer() -> None:
    first, second = asymmetric().double().eval(), pre_activation().double().eval()
    fill(first)
    shared = dict(zip(second.state_dict(), first.state_dict().values(), strict=True))
    second.load_state_dict(shared)
    assert not second(pictures()).allclose(first(pictures()), atol=1e-3)


def test_until_trained_the_guide_changes_nothing() -> None:
    told = guided(conditions=edges(), start=normal_start).double().eval()
    untold = pre_activation(start=normal_start).double().eval()
    weights = [value for name, value in told.body.named_parameters() if "transform" not in name]
    with torch.no_grad():
        for ours, value in zip(untold.body.parameters(), weights, strict=True):
            ours.copy_(value)
    torch.testing.assert_close(told(pictures()), untold(pictures()), rtol=0, atol=1e-12)


def trained(**parts):
    """A guided generator whose SFT layers do something."""
    network = guided(**parts, start=normal_start).double().eval()
    fill(network)
    return network


def test_without_maps_it_looks_at_its_own_input() -> None:
    network = trained(conditions=edges())
    own = network(pictures())
    assert network(pictures(), edges()(pictures())).equal(own)
    assert not network(pictures(), edges()(pictures().flip(-1))).allclose(own, atol=1e-6)


def test_maps_are_no_way_for_gradients_unless_they_are_trained() -> None:
    """The gradient to the input is that with maps from outside, for a fixed provider."""
    given = pictures().requires_grad_()
    fixed, learned = (
        trained(conditions=provider)
        for provider in (edges(), TinySegmenter(classes=8, channels=2, levels=2))
    )
    through, beside = {}, {}
    for name, network in {"fixed": fixed, "learned": learned}.items():
        maps = network.conditions(given).detach()
        (through[name],) = torch.autograd.grad(network(given).square().sum(), given)
        (beside[name],) = torch.autograd.grad(network(given, maps).square().sum(), given)
    assert through["fixed"].equal(beside["fixed"])
    assert not through["learned"].allclose(beside["learned"], rtol=1e-6)


def test_a_segmenter_learns_by_the_generators_loss_and_its_own_term() -> None:
    network = trained(conditions=TinySegmenter(classes=8, channels=2, levels=2))
    maps = network.conditions(pictures())
    network(pictures(), maps).square().mean().backward(retain_graph=True)
    by_loss = {name: p.grad for name, p in network.conditions.named_parameters()}
    assert all(gradient.any() for gradient in by_loss.values())
    before = by_loss["head.weight"].clone()
    network.conditions.indecision(maps).backward()
    assert not by_loss["head.weight"].equal(before)
    assert network.body.head.weight.grad.any()


def test_every_sft_layer_and_the_shared_network_learn() -> None:
    network = trained(conditions=edges())
    network(pictures(2)).square().mean().backward()
    names = {name for name, p in network.named_parameters() if p.grad.any()}
    shared = {f"condition_network.{n}" for n, _ in network.condition_network.named_parameters()}
    assert len(shared) == 10
    assert shared <= names
    layers = {name for name, _ in network.named_parameters() if "transform" in name}
    assert len(layers) == 2 * 2 * 8
    assert {name for name in layers if name.endswith("weight")} <= names


def test_uniform_conditions_make_one_scale_and_shift_for_the_whole_picture() -> None:
    network = trained(conditions=Uniform(classes=8))
    (guide,) = network._guide(pictures(2), None)
    assert guide.shape == (2, 32, 4, 6)
    torch.testing.assert_close(guide, guide[:1, :, :1, :1].expand_as(guide), rtol=0, atol=1e-12)


def test_maps_of_the_batch_are_used_and_missed() -> None:
    network = trained(conditions=Given(classes=8))
    maps = edges()(pictures())
    assert network.takes == {"condition"}
    assert network(pictures(), maps).equal(trained(conditions=edges())(pictures()))
    with pytest.raises(InputError, match="come with the batch, under the key condition"):
        network(pictures())


@ROWS
def test_generators_that_make_their_own_maps_take_no_key(build) -> None:
    assert build().takes == frozenset()


@pytest.mark.parametrize("shape", [(2, 8, 16, 24), (1, 7, 16, 24), (1, 8, 4, 6)], ids=str)
def test_maps_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match=r"must have the shape \(1, 8, 16, 24\)"):
        guided().double()(pictures(), torch.full(shape, 1 / 8, dtype=torch.float64))


@pytest.mark.parametrize("build", [asymmetric, pre_activation])
def test_maps_that_nothing_would_use_are_refused(build) -> None:
    with pytest.raises(InputError, match="not guided"):
        build().double()(pictures(), edges()(pictures()))


def network_of(classes: int = 8, guides: int = 32) -> ConditionNetwork:
    return ConditionNetwork(classes=classes, hidden=4, guides=guides, slope=0.1)


@pytest.mark.parametrize(
    ("build", "parts", "words"),
    [
        (asymmetric, {"conditions": Uniform(classes=8)}, "are for GuidedBlock"),
        (pre_activation, {"condition_network": network_of()}, "are for GuidedBlock"),
        (guided, {"condition_network": None}, "give both"),
        (
            asymmetric,
            {"block": partial(GuidedBlock, guides=4, slope=0.1, dropout=0.0)},
            "give both",
        ),
        (guided, {"condition_network": network_of(classes=7)}, "make these numbers agree"),
        (guided, {"condition_network": network_of(guides=31)}, "make these numbers agree"),
    ],
)
def test_parts_that_do_not_belong_together_are_refused(build, parts, words: str) -> None:
    with pytest.raises(InputError, match=words):
        build(**parts)


def test_layers_are_not_shared_and_the_network_is() -> None:
    network = guided(blocks=3)
    layers = [m for m in network.modules() if isinstance(m, GuidedBlock)]
    assert len({id(layer.transform_first.scale[0].weight) for layer in layers}) == 3
    assert sum(isinstance(m, ConditionNetwork) for m in network.modules()) == 1
    assert not any(isinstance(m, nn.BatchNorm2d) for m in network.modules())
