"""The two-way network: sizes, costs, formula fingerprints, and what each way sees."""

import pytest
import torch
from fingerprint import fill, formula_picture, summary
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from deblurkit.errors import InputError
from deblurkit.networks.mtwnet import OneWay, TwoWay
from deblurkit.networks.parts.scale_recurrent import decimated, doubled

FINGERPRINTS = {  # of a reference sketch in float64, 64 x 96 pixels: mean, std, four samples
    "coarse up": (-0.01268206, 0.03294135, -0.05661599, -0.01592588, -0.04618703, 0.02638982),
    "coarse down": (-0.00937677, 0.01211887, -0.00710956, -0.00348559, -0.01848297, -0.00917633),
    "middle": (-0.01814788, 0.03281267, -0.04451448, -0.01924998, -0.03958108, -0.00712910),
    "fine up": (-0.01025299, 0.02300002, -0.04176377, -0.01413763, -0.02196454, -0.00990761),
    "fine down": (-0.00941839, 0.01059400, -0.00703365, -0.00366060, -0.01836771, -0.01000577),
    "fine": (-0.01967139, 0.03194107, -0.04879742, -0.01779823, -0.04033225, -0.01991339),
}


def two_way(channels: int = 32, blocks: int = 3) -> TwoWay:
    return TwoWay(channels=channels, blocks=blocks, kernel=3)


def one_way(channels: int = 32, blocks: int = 3) -> OneWay:
    return OneWay(channels=channels, blocks=blocks, kernel=3)


@pytest.mark.parametrize(
    ("build", "parameters", "macs"), [(two_way, 3_911_398, 46.7), (one_way, 2_584_035, 31.0)]
)
def test_parameters_and_cost_at_256_pixels(build, parameters: int, macs: float) -> None:
    with torch.device("meta"):
        network = build()
    assert sum(parameter.numel() for parameter in network.parameters()) == parameters
    with FlopCounterMode(display=False) as counter:
        network(torch.empty(1, 3, 256, 256, device="meta"))
    assert counter.get_total_flops() / 2e9 == pytest.approx(macs, abs=0.05)


def test_the_encoder_has_the_size_of_the_table() -> None:
    with torch.device("meta"):
        encoder = two_way().encoder
    counts = {
        name: sum(parameter.numel() for parameter in part.parameters())
        for name, part in encoder.named_children()
    }
    assert counts == {"at_full": 57_248, "at_half": 240_064, "at_quarter": 959_360}


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float64, 1e-7), (torch.float32, 1e-5)], ids=str
)
def test_fingerprints(dtype: torch.dtype, tolerance: float) -> None:
    network = two_way().to(dtype)
    fill(network)
    with torch.no_grad():
        restored = network(formula_picture(64, 96).to(dtype))
    answers = {
        "coarse up": restored.up.coarse,
        "coarse down": restored.down.coarse,
        "middle": restored.middle,
        "fine up": restored.up.fine,
        "fine down": restored.down.fine,
        "fine": restored.fine,
    }
    for name, answer in answers.items():
        assert answer.dtype == dtype
        assert summary(answer) == pytest.approx(FINGERPRINTS[name], rel=0, abs=tolerance), name


def test_every_scale_is_the_sum_of_its_ways() -> None:
    restored = two_way(4, 1)(torch.rand(2, 3, 32, 48))
    shapes = {"coarse": (8, 12), "middle": (16, 24), "fine": (32, 48)}
    for scale, size in shapes.items():
        up, down = getattr(restored.up, scale), getattr(restored.down, scale)
        assert up.shape == down.shape == (2, 3, *size)
        assert getattr(restored, scale).equal(up + down)


def test_one_way_is_two_way_without_the_way_down() -> None:
    torch.manual_seed(0)
    both, alone = two_way(4, 1), one_way(4, 1)
    nn.init.zeros_(both.down.at_full[-1].weight)
    mine = {name: value for name, value in both.state_dict().items() if not name.startswith("down")}
    alone.load_state_dict(mine)
    blurred = torch.rand(1, 3, 32, 16)
    for expected, found in zip(both(blurred), alone(blurred), strict=False):
        assert torch.equal(found, expected)


def test_scales_share_weights_and_the_estimate_of_the_finer_one_is_the_coarser_answer() -> None:
    network = two_way(4, 1)
    blurred = torch.rand(1, 3, 32, 32)
    restored = network(blurred)
    quarter, half = decimated(blurred, 4), decimated(blurred, 2)
    assert network.ways(quarter, quarter).total.equal(restored.coarse)  # itself at first
    assert network.ways(half, doubled(restored.coarse)).total.equal(restored.middle)
    assert network.ways(blurred, doubled(restored.middle)).total.equal(restored.fine)


@pytest.mark.parametrize("skip", ["full", "half"])
def test_the_way_down_sees_no_skip(skip: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a skip the way up draws something else, the way down the same bits."""
    network = two_way(4, 1)
    blurred = torch.rand(1, 3, 16, 16)
    before = network.ways(blurred, blurred)
    encode = network.encoder.forward

    def without_skip(*pictures):
        features = encode(*pictures)
        return features._replace(**{skip: torch.zeros_like(getattr(features, skip))})

    monkeypatch.setattr(network.encoder, "forward", without_skip)
    after = network.ways(blurred, blurred)
    assert after.down.equal(before.down)
    assert not after.up.equal(before.up)


@pytest.mark.parametrize("build", [two_way, one_way])
def test_no_gradient_flows_from_a_finer_to_a_coarser_scale(build) -> None:
    restored = build(4, 1)(torch.rand(1, 3, 16, 16))
    for finer, coarser in ((restored.fine, restored.middle), (restored.middle, restored.coarse)):
        (gradient,) = torch.autograd.grad(
            finer.square().sum(), coarser, retain_graph=True, allow_unused=True
        )
        assert gradient is None


@pytest.mark.parametrize("build", [two_way, one_way])
def test_every_parameter_learns_from_the_finest_scale(build) -> None:
    torch.manual_seed(0)
    network = build(4, 1)
    network(torch.rand(2, 3, 32, 32)).fine.square().sum().backward()
    still = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert not still


@pytest.mark.parametrize("build", [two_way, one_way])
@pytest.mark.parametrize("size", [(24, 16), (16, 40)], ids=str)
def test_a_side_that_is_not_divisible_by_16_is_refused(build, size: tuple[int, int]) -> None:
    with pytest.raises(InputError, match=f"divisible by 16, got {size[0]} x {size[1]} pixels"):
        build(2, 1)(torch.rand(1, 3, *size))
