"""Providers of class maps: probabilities, what their classes mean, how they fail."""

import copy
import math
from functools import partial

import pytest
import torch
from generators import count
from torch import Tensor, nn

from deblurkit.errors import InputError
from deblurkit.networks.parts.conditions import (
    ConditionProvider,
    EdgeTexture,
    External,
    Given,
    TinySegmenter,
    Uniform,
    entropy,
)
from deblurkit.networks.parts.windows import box_mean, deviation, median

NAMES = ("0", "45", "90", "135", "fine", "coarse", "flat", "bright")


def edges(**changes) -> EdgeTexture:
    return EdgeTexture(**({"fine": 7, "coarse": 31, "temperature": 0.5} | changes))


def segmenter(classes: int = 3) -> TinySegmenter:
    return TinySegmenter(classes=classes, channels=4, levels=4)


class Thirds(nn.Module):
    """A segmenter of three classes by brightness, at half the size."""

    def __init__(self) -> None:
        super().__init__()
        self.sharpness = nn.Parameter(torch.tensor(9.0))

    def forward(self, pictures: Tensor) -> Tensor:
        gray = nn.functional.avg_pool2d(pictures.mean(dim=1, keepdim=True), 2)
        levels = torch.tensor([0.2, 0.5, 0.8], dtype=gray.dtype, device=gray.device)
        return (-self.sharpness * (gray - levels[:, None, None]).abs()).softmax(dim=1)


def external(**changes) -> External:
    return External(**({"factory": Thirds, "class_map": [0, 1, 0], "classes": 2} | changes))


PROVIDERS = {
    "edge_texture": edges,
    "tiny": segmenter,
    "external": external,
    "uniform": partial(Uniform, classes=5),
}


@pytest.mark.parametrize("build", PROVIDERS.values(), ids=PROVIDERS.keys())
@pytest.mark.parametrize("size", [(8, 8), (12, 40), (33, 20)], ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_maps_are_probabilities_of_the_pictures_size(build, size, dtype) -> None:
    provider = build().to(dtype)
    assert isinstance(provider, ConditionProvider)
    assert not provider.takes
    maps = provider(torch.rand(2, 3, *size, dtype=dtype))
    assert maps.shape == (2, provider.classes, *size)
    assert maps.dtype == dtype
    assert maps.min() >= 0
    torch.testing.assert_close(maps.sum(dim=1), torch.ones(2, *size, dtype=dtype))


@pytest.mark.parametrize("build", PROVIDERS.values(), ids=PROVIDERS.keys())
@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
def test_pictures_without_content_have_maps(build, value: float) -> None:
    assert build()(torch.full((1, 3, 16, 16), value)).isfinite().all()


@pytest.mark.parametrize("build", PROVIDERS.values(), ids=PROVIDERS.keys())
def test_autocast_changes_maps_little(build) -> None:
    provider, pictures = build(), torch.rand(1, 3, 16, 16)
    expected = provider(pictures)
    with torch.autocast("cpu", torch.bfloat16):
        maps = provider(pictures)
    assert maps.dtype == torch.float32
    torch.testing.assert_close(maps, expected, rtol=0, atol=0.05)


def test_only_a_trained_provider_hands_gradients_on() -> None:
    pictures = torch.rand(1, 3, 16, 16, requires_grad=True)
    found = {name: build()(pictures).requires_grad for name, build in PROVIDERS.items()}
    assert found == {"edge_texture": False, "tiny": True, "external": False, "uniform": False}


def stripes(degrees: float) -> Tensor:
    """A picture that is grey but for a disc of stripes that run at this angle, with 8 pixels."""
    rows, columns = torch.meshgrid(torch.arange(96.0), torch.arange(96.0), indexing="ij")
    up, right = 47.5 - rows, columns - 47.5
    angle = math.radians(degrees)
    across = right * -math.sin(angle) + up * math.cos(angle)
    waves = 0.5 + 0.3 * torch.sin(2 * math.pi * across / 8)
    inside = (up.square() + right.square()).sqrt() < 20
    return torch.where(inside, waves, torch.tensor(0.5)).expand(1, 3, -1, -1)


def test_edges_are_told_apart_by_the_angle_at_which_they_run() -> None:
    for number, degrees in enumerate((0, 45, 90, 135)):
        scores = edges(temperature=200.0)(
            stripes(degrees)
        ).log()  # softer: the order is what counts
        directions = scores[0, :4, 38:58, 38:58].mean(dim=(1, 2))
        assert directions.argmax() == number, NAMES[number]


def test_texture_flat_and_bright_places_are_told_apart() -> None:
    torch.manual_seed(0)
    picture = 0.3 + 0.02 * torch.rand(1, 1, 96, 96).expand(1, 3, -1, -1)
    picture[..., 64:, 64:] += 0.65  # a bright corner
    picture[..., :24, :24] = 0.3  # a flat one
    found = edges()(picture)[0]
    assert NAMES[found[:, 82, 82].argmax()] == "bright"
    assert NAMES[found[:, 6, 6].argmax()] == "flat"
    assert found[6, 6, 6] > 1.3 * found[6, 40, 40]
    assert found[4:6, 6, 6].max() < 0.7 * found[4:6, 40, 40].min()  # it has no texture


def test_maps_of_edges_are_those_of_each_picture_alone_and_turn_with_it() -> None:
    pictures = torch.rand(2, 3, 40, 40, dtype=torch.float64)
    provider, maps = edges(), edges()(pictures)
    torch.testing.assert_close(torch.cat([provider(one[None]) for one in pictures]), maps)
    mirrored = provider(pictures.flip(-1)).flip(-1)
    swapped = [0, 3, 2, 1, 4, 5, 6, 7]  # 45 degrees become 135
    torch.testing.assert_close(mirrored[:, swapped], maps)
    turned = provider(pictures.rot90(1, (2, 3))).rot90(-1, (2, 3))
    torch.testing.assert_close(turned[:, [2, 3, 0, 1, 4, 5, 6, 7]], maps)


def test_edges_neither_learn_nor_are_saved() -> None:
    assert count(edges()) == 0
    assert not edges().state_dict()


@pytest.mark.parametrize(
    "wrong", [{"fine": 6}, {"coarse": 30}, {"fine": 31}, {"temperature": 0.0}], ids=str
)
def test_windows_that_cannot_be_are_refused(wrong) -> None:
    with pytest.raises(InputError, match="two odd windows"):
        edges(**wrong)


def test_windows_by_hand() -> None:
    maps = torch.tensor([[[[0.0, 1, 2], [3, 4, 5], [6, 7, 8]]]], dtype=torch.float64)
    assert box_mean(maps, side=3)[0, 0].tolist() == [[2, 2.5, 3], [3.5, 4, 4.5], [5, 5.5, 6]]
    spread = deviation(maps, side=3)[0, 0]
    assert spread[1, 1].item() == pytest.approx(math.sqrt(60 / 9))
    assert spread[0, 0].item() == pytest.approx(math.sqrt((4 + 1 + 1 + 4) / 4))
    assert median(maps).tolist() == [[[[4.0]]]]
    assert median(maps[..., :2]).tolist() == [[[[4.0]]]]  # of 0, 1, 3, 4, 6, 7 the upper


def test_small_deviations_survive_single_precision() -> None:
    picture = 0.9 + 1e-3 * torch.rand(1, 1, 64, 64, dtype=torch.float64)
    exact = deviation(picture, side=7)
    torch.testing.assert_close(
        deviation(picture.float(), side=7).double(), exact, rtol=0.01, atol=0
    )


def test_indecision_by_hand() -> None:
    provider = segmenter(2)

    def of(*first: float) -> float:
        chance = torch.tensor(first, dtype=torch.float32).reshape(1, 1, 1, -1)
        return provider.indecision(torch.cat([chance, 1 - chance], dim=1)).item()

    assert of(1, 0) == pytest.approx(-math.log(2))  # decided, and both classes used
    assert of(0.5, 0.5) == pytest.approx(0)  # undecided
    assert of(1, 1) == pytest.approx(0)  # decided, but all alike
    half = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    assert of(0.75, 0.25) == pytest.approx(half - math.log(2), abs=1e-6)
    certain = torch.tensor([[1.0, 0.0]], requires_grad=True)
    assert entropy(certain).item() == 0


def test_indecision_parts_the_classes() -> None:
    torch.manual_seed(0)
    provider = segmenter(3)
    pictures = torch.rand(2, 3, 16, 16)
    optimizer = torch.optim.Adam(provider.parameters(), 1e-3)
    values = []
    for _ in range(90):
        value = provider.indecision(provider(pictures))
        values.append(value.item())
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
    assert values[0] > -0.1
    assert values[-1] < -0.9  # of -1.1 that three classes allow
    assert provider(pictures).mean(dim=(0, 2, 3)).max() < 0.8


def test_every_weight_of_the_segmenter_learns() -> None:
    torch.manual_seed(0)
    provider = segmenter()
    provider(torch.rand(2, 3, 24, 24))[:, 0].square().mean().backward()
    assert not [name for name, p in provider.named_parameters() if not p.grad.any()]


def test_classes_of_a_segmenter_are_folded() -> None:
    pictures = torch.rand(2, 3, 12, 16)
    found = nn.functional.interpolate(Thirds()(pictures), size=(12, 16), mode="bilinear")
    expected = torch.stack([found[:, 0] + found[:, 2], found[:, 1]], dim=1)
    torch.testing.assert_close(external()(pictures), expected.detach())
    unused = external(classes=4)(pictures)
    assert unused.shape[1] == 4
    assert not unused[:, 2:].any()


def test_a_segmenter_is_opened_once_and_is_in_no_checkpoint() -> None:
    opened = []

    def factory() -> Thirds:
        opened.append(torch.rand(3))  # draws of its own disturb nobody else's
        return Thirds()

    provider = external(factory=factory)
    assert not opened
    copy.deepcopy(provider)
    state = torch.get_rng_state()
    with torch.inference_mode():
        provider(torch.zeros(1, 3, 8, 8))
    assert torch.get_rng_state().equal(state)
    provider(torch.rand(1, 3, 8, 8))
    assert len(opened) == 1
    assert not provider.state_dict()
    assert not list(provider.parameters())
    (network,) = provider.opened
    assert not network.training
    assert not network.sharpness.requires_grad
    assert not network.sharpness.is_inference()


def test_any_callable_is_a_segmenter() -> None:
    def halves(pictures: Tensor) -> Tensor:
        bright = pictures.mean(dim=1, keepdim=True)
        return torch.cat([bright, 1 - bright], dim=1)

    provider = external(factory=lambda: halves, class_map=[1, 0])
    pictures = torch.rand(1, 3, 8, 8)
    torch.testing.assert_close(provider(pictures)[:, 1], pictures.mean(dim=1))


@pytest.mark.parametrize("class_map", [[], [0, 2], [-1, 0]], ids=str)
def test_a_class_map_that_leads_nowhere_is_refused(class_map: list[int]) -> None:
    with pytest.raises(InputError, match="must name classes from 0 to 1"):
        external(class_map=class_map)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (torch.full((1, 2, 8, 8), 0.5), "must answer the shape"),
        (torch.full((3, 8, 8), 1 / 3), "must answer"),
        (torch.randn(1, 3, 8, 8), "must answer probabilities"),
        (torch.ones(1, 3, 8, 8), "must answer probabilities"),
    ],
    ids=["classes", "axes", "logits", "sum"],
)
def test_a_segmenter_that_answers_something_else_is_refused(answer: Tensor, words: str) -> None:
    with pytest.raises(InputError, match=words):
        external(factory=lambda: lambda pictures: answer)(torch.rand(1, 3, 8, 8))


def test_given_maps_are_never_made() -> None:
    provider = Given(classes=8)
    assert provider.takes == {"condition"}
    with pytest.raises(InputError, match="maps of 8 classes"):
        provider(torch.rand(1, 3, 8, 8))
