"""The networks of DCLNet: sizes, costs, formula fingerprints, and their residual forms."""

import pytest
import torch
from fingerprint import fill, formula_picture, formula_state, summary
from torch import nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from deblurkit.errors import InputError
from deblurkit.networks.dclnet import Auxiliary, Backbone, Inverse
from deblurkit.networks.parts.residual import (
    Headed,
    ResidualAuxiliary,
    ResidualBackbone,
    ResidualPicture,
)

FINGERPRINTS = {  # of a reference sketch in float64, 64 x 96 pixels: mean, std, four samples
    "quarter": (-0.01014073, 0.01253799, -0.02543526, 0.00643444, -0.01134800, -0.02293542),
    "half": (-0.02064945, 0.01681343, -0.02903602, 0.00705597, -0.01898566, -0.05344945),
    "full": (0.01329366, 0.01913926, -0.05904575, 0.01395322, 0.00865426, 0.00895441),
    "inverse": (-0.01324101, 0.00806588, -0.01346184, -0.00305454, -0.03816973, -0.01760610),
    "auxiliary half": (
        *(-0.01267863, 0.00920979),
        *(-0.01543700, -0.00117534, -0.03417463, -0.01916071),
    ),
    "auxiliary quarter": (
        *(-0.01271936, 0.01016560),
        *(-0.01428355, -0.00132469, -0.03406369, -0.01950234),
    ),
}


def backbone(channels: int = 8, blocks: int = 15) -> Backbone:
    return Backbone(channels=channels, blocks=blocks, reduction=16)


def inverse(channels: int = 16, blocks: int = 5) -> Inverse:
    return Inverse(channels=channels, blocks=blocks, reduction=16)


def auxiliary(channels: int = 16, blocks: int = 5) -> Auxiliary:
    return Auxiliary(channels=channels, blocks=blocks, reduction=16, slope=0.2)


def giga_macs(network: nn.Module) -> float:
    with FlopCounterMode(display=False) as counter:
        network(torch.empty(1, 3, 256, 256, device="meta"))
    return counter.get_total_flops() / 2e9


@pytest.mark.parametrize(
    ("build", "channels", "parameters", "macs"),
    [
        (backbone, 8, 642_717, 6.5),
        (backbone, 16, 2_559_537, 26.0),
        (backbone, 32, 10_215_513, 103.9),
        (backbone, 64, 40_816_809, 415.2),
        (inverse, 16, 26_648, 1.7),
        (inverse, 32, 104_301, 6.8),
        (inverse, 64, 412_631, 26.8),
        (auxiliary, 16, 55_168, 0.5),
        (auxiliary, 32, 216_954, 2.1),
        (auxiliary, 64, 860_398, 8.5),
    ],
)
def test_parameters_and_cost_at_256_pixels(build, channels, parameters, macs) -> None:
    with torch.device("meta"):
        network = build(channels)
    assert sum(parameter.numel() for parameter in network.parameters()) == parameters
    assert giga_macs(network) == pytest.approx(macs, abs=0.05)


def test_every_stage_has_the_size_of_the_table() -> None:
    shapes: dict[str, tuple[int, ...]] = {}

    def note(name: str):
        return lambda module, given, answer: shapes.update({name: tuple(answer.shape[1:])})

    with torch.device("meta"):
        network = backbone(32)
    for name, stage in network.named_children():
        stage.register_forward_hook(note(name))
    network(torch.empty(1, 3, 256, 256, device="meta"))
    assert shapes == {
        "entry": (32, 256, 256),
        "down_half": (64, 128, 128),
        "down_quarter": (128, 64, 64),
        "head_quarter": (3, 64, 64),
        "up_half": (64, 128, 128),
        "head_half": (3, 128, 128),
        "up_full": (32, 256, 256),
        "head_full": (3, 256, 256),
    }


def test_the_helpers_answer_pictures_of_the_backbones_sizes() -> None:
    pictures = torch.rand(2, 3, 12, 20)
    restored = backbone(2, 1)(pictures)
    reduced = auxiliary(2, 1)(restored.full)
    assert inverse(2, 1)(restored.full).shape == restored.full.shape == pictures.shape
    assert reduced.half.shape == restored.half.shape == (2, 3, 6, 10)
    assert reduced.quarter.shape == restored.quarter.shape == (2, 3, 3, 5)


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float64, 1e-7), (torch.float32, 1e-5)], ids=str
)
def test_fingerprints(dtype: torch.dtype, tolerance: float) -> None:
    networks = backbone(), inverse(), auxiliary()
    for network in networks:
        fill(network.to(dtype))
    deblur, blur, reduce = networks
    with torch.no_grad():
        restored = deblur(formula_picture(64, 96).to(dtype))
        reduced = reduce(restored.full)
        answers = {
            **restored._asdict(),
            "inverse": blur(restored.full),
            "auxiliary half": reduced.half,
            "auxiliary quarter": reduced.quarter,
        }
    assert answers.keys() == FINGERPRINTS.keys()
    for name, answer in answers.items():
        assert answer.dtype == dtype
        assert summary(answer) == pytest.approx(FINGERPRINTS[name], rel=0, abs=tolerance), name


def test_a_formula_state_in_the_order_of_the_parameters_is_the_formula_fill() -> None:
    filled, loaded = backbone(2, 1).double(), backbone(2, 1).double()
    fill(filled)
    loaded.load_state_dict(formula_state({k: v.shape for k, v in loaded.named_parameters()}))
    for value, expected in zip(loaded.parameters(), filled.parameters(), strict=True):
        assert value.equal(expected)


@pytest.mark.parametrize("size", [(18, 16), (16, 18), (17, 17)], ids=str)
def test_a_side_that_is_not_divisible_by_4_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(InputError, match=f"divisible by 4, got {size[0]} x {size[1]} pixels"):
        backbone(2, 1)(torch.rand(1, 3, *size))


def test_every_parameter_learns() -> None:
    torch.manual_seed(0)
    networks = nn.ModuleList(
        [  # without reduction: the few hidden values of a tiny network may all be cut off by ReLU
            Backbone(channels=4, blocks=1, reduction=1),
            Inverse(channels=16, blocks=1, reduction=1),
            Auxiliary(channels=16, blocks=1, reduction=1, slope=0.2),
        ]
    )
    deblur, blur, reduce = networks
    restored = deblur(torch.rand(2, 3, 16, 16))
    answers = [*restored, blur(restored.full), *reduce(restored.full)]
    torch.stack([answer.square().mean() for answer in answers]).sum().backward()
    still = [name for name, p in networks.named_parameters() if p.grad is None or not p.grad.any()]
    assert not still


ODD_CONTENT = {
    "noise": torch.rand(2, 3, 24, 20, generator=torch.Generator().manual_seed(0)),
    "black": torch.zeros(1, 3, 8, 8),
    "beyond the range": torch.linspace(-3, 5, 3 * 8 * 8).reshape(1, 3, 8, 8),
    "one bright pixel": functional.pad(torch.ones(1, 3, 1, 1), (3, 4, 6, 1)),
}


@pytest.mark.parametrize("blurred", ODD_CONTENT.values(), ids=ODD_CONTENT.keys())
def test_a_residual_backbone_starts_as_the_blurred_picture_at_every_scale(blurred) -> None:
    restored = ResidualBackbone(backbone(2, 1))(blurred)
    assert restored.full.equal(blurred)
    assert restored.half.equal(functional.avg_pool2d(blurred, 2))
    assert restored.quarter.equal(functional.avg_pool2d(blurred, 4))


@pytest.mark.parametrize("blurred", ODD_CONTENT.values(), ids=ODD_CONTENT.keys())
def test_a_residual_inverse_starts_as_its_input_at_any_size(blurred) -> None:
    sharp = blurred[..., 1:, :-3]
    assert ResidualPicture(inverse(2, 1))(sharp).equal(sharp)


@pytest.mark.parametrize("restored", ODD_CONTENT.values(), ids=ODD_CONTENT.keys())
def test_a_residual_auxiliary_starts_as_the_restored_picture_at_both_scales(restored) -> None:
    drawn = ResidualAuxiliary(auxiliary(2, 1))(restored)
    assert drawn.half.equal(functional.avg_pool2d(restored, 2))
    assert drawn.quarter.equal(functional.avg_pool2d(restored, 4))


@pytest.mark.parametrize(
    ("wrapper", "inner"),
    [(ResidualBackbone, backbone), (ResidualPicture, inverse), (ResidualAuxiliary, auxiliary)],
)
def test_a_residual_form_passes_on_its_sizes_and_its_parameters(wrapper, inner) -> None:
    network = inner(2, 1)
    assert isinstance(network, Headed)
    residual = wrapper(network)
    assert (residual.multiple, residual.reach) == (network.multiple, network.reach)
    assert list(residual.parameters()) == list(network.parameters())


def test_a_residual_backbone_leaves_zero_by_its_heads_and_then_moves_everywhere() -> None:
    torch.manual_seed(0)
    network = ResidualBackbone(Backbone(channels=4, blocks=1, reduction=1))
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    everything = {name for name, _ in network.named_parameters()}
    heads = {name for name in everything if ".head_" in name}
    for expected in (heads, everything):
        optimizer.zero_grad()
        restored = network(torch.rand(2, 3, 16, 16))
        torch.stack([(scale - 0.3).square().mean() for scale in restored]).sum().backward()
        assert {name for name, p in network.named_parameters() if p.grad.any()} == expected
        optimizer.step()
