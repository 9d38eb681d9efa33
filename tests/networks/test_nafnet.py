"""NAFNet's network: the authors' numbers, its windows, and where training starts."""

import pytest
import torch
from fingerprint import formula_picture, formula_state, summary
from parity_numbers import numbers_of
from torch.nn import functional

from deblurkit.errors import InputError
from deblurkit.networks.nafnet import Backbone, LayerNorm2d, SimpleGate, local_means

EXPECTED = numbers_of("nafnet")
THEIRS = {  # what their names are in ours
    "intro.": "entry.",
    "ending.": "head.",
    "middle_blks.": "middle.",
    "downs.": "halvings.",
    "ups.": "doublings.",
    "norm1.": "pixels.0.",
    "conv1.": "pixels.1.",
    "conv2.": "pixels.2.",
    "sca.1.": "pixels.4.mix.",
    "conv3.": "pixels.5.",
    "norm2.": "mixing.0.",
    "conv4.": "mixing.1.",
    "conv5.": "mixing.3.",
}


def small(**changes) -> Backbone:
    sizes = {"channels": 8, "encoder_blocks": [1, 2], "middle_blocks": 1, "decoder_blocks": [1, 2]}
    return Backbone(**{"window": None} | sizes | changes)


def ours(key: str) -> str:
    for name, other in THEIRS.items():
        key = key.replace(name, other)
    return key


@pytest.mark.parametrize(("form", "window"), [("plain", None), ("local", 48)])
def test_it_is_the_authors_network(form: str, window: int | None) -> None:
    network = small(window=window).double()
    state = formula_state(EXPECTED["plain"]["shapes"])
    for key in state:
        if "norm" in key and key.endswith("weight"):
            state[key] = state[key] + 1
    own = network.state_dict()
    assert {ours(key) for key in state} == own.keys()
    network.load_state_dict({ours(key): state[key].view_as(own[ours(key)]) for key in state})
    with torch.no_grad():
        answer = network(formula_picture(64, 80))
    assert summary(answer) == pytest.approx(EXPECTED[form]["answer"], rel=1e-9)


@pytest.mark.parametrize("width", [32, 64])
def test_parameters_of_the_paper(width: int) -> None:
    with torch.device("meta"):
        network = Backbone(
            channels=width,
            encoder_blocks=[1, 1, 1, 28],
            middle_blocks=1,
            decoder_blocks=[1, 1, 1, 1],
            window=384,
        )
    assert sum(p.numel() for p in network.parameters()) == EXPECTED["parameters"][str(width)]
    assert network.multiple == 16


def test_training_starts_from_blocks_that_change_nothing() -> None:
    network = small()
    features = torch.rand(1, 8, 16, 16)
    assert network.encoders[0](features).equal(features)


def test_the_channels_of_a_pixel_are_normalised_as_torch_does() -> None:
    norm = LayerNorm2d(channels=6)
    features = torch.randn(2, 6, 3, 4)
    expected = functional.layer_norm(features.movedim(1, -1), (6,), eps=1e-6).movedim(-1, 1)
    assert norm(features).allclose(expected, atol=1e-6)


def test_a_gate_multiplies_the_halves() -> None:
    features = torch.tensor([2.0, 3.0, 5.0, 7.0]).reshape(1, 4, 1, 1)
    assert SimpleGate()(features).flatten().tolist() == [10, 21]


@pytest.mark.parametrize("window", [1, 2, 5, 6, 7])
def test_local_means_are_those_of_windows_moved_inside(window: int) -> None:
    features = torch.rand(1, 2, 6, 9, dtype=torch.float64)
    means = local_means(features, window=window)
    sides = [min(window, extent) for extent in (6, 9)]
    for row in range(6):
        for column in range(9):
            places = ((row, sides[0], 6), (column, sides[1], 9))
            top, left = (
                min(max(at - (side - 1) // 2, 0), extent - side) for at, side, extent in places
            )
            patch = features[..., top : top + sides[0], left : left + sides[1]]
            assert means[0, :, row, column].allclose(patch.mean(dim=(-2, -1))[0])


def test_a_window_as_large_as_the_picture_is_the_whole_picture() -> None:
    torch.manual_seed(0)
    whole, windowed = small(), small(window=64)
    for parameter in whole.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    windowed.load_state_dict(whole.state_dict())
    picture = torch.rand(1, 3, 64, 64)
    assert whole(picture).equal(windowed(picture))
    larger = torch.rand(1, 3, 64, 128)
    assert not whole(larger).allclose(windowed(larger), atol=1e-6)


def test_bad_sizes_are_refused() -> None:
    with pytest.raises(InputError, match="divisible by 4"):
        small()(torch.rand(1, 3, 6, 8))
    with pytest.raises(InputError, match="as many numbers"):
        small(decoder_blocks=[1])


def test_normalisation_keeps_the_layout_its_values_and_its_gradients() -> None:
    """Channels last takes another kernel; in double precision both are one."""
    torch.manual_seed(0)
    norm = LayerNorm2d(channels=6).double()
    with torch.no_grad():
        norm.weight.uniform_(0.5, 2)
        norm.bias.normal_()
    features, pull = torch.randn(2, 2, 6, 5, 7, dtype=torch.float64)
    answers = []
    for layout in (torch.contiguous_format, torch.channels_last):
        laid_out = features.clone(memory_format=layout).requires_grad_()
        norm.zero_grad()
        normalised = norm(laid_out)
        assert normalised.is_contiguous(memory_format=layout)
        (normalised * pull).sum().backward()
        answers.append([normalised, laid_out.grad, norm.weight.grad, norm.bias.grad])
    for plain, last in zip(*answers, strict=True):
        torch.testing.assert_close(last, plain, rtol=1e-12, atol=1e-12)
