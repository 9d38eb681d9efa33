"""Distances of features and of normalised pictures."""

import inspect
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from gan_toys import RandomFeatures
from omegaconf import OmegaConf
from torch import nn

from deblurkit.config import conf_dir
from deblurkit.errors import InputError
from deblurkit.imaging.formats.files import as_tensor, read_image
from deblurkit.losses.frozen import Frozen
from deblurkit.losses.perceptual import Extractor, FeatureDistance, NormalisedMSE

HALF = {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}
IMAGENET = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}


class Doubled(nn.Module):
    """Its features are twice the pictures."""

    def __init__(self, *, layer: str) -> None:
        super().__init__()

    def read(self, path: str) -> None:
        pass

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return 2 * pictures


def distance(trunk=RandomFeatures, **numbers) -> FeatureDistance:
    return FeatureDistance(trunk=trunk, weights="file", layer="last", **(numbers or HALF))


def test_a_distance_by_hand() -> None:
    """Doubled, in units of half a picture: a difference of 0.25 counts as 1."""
    restored, sharp = torch.full((2, 3, 4, 4), 0.5), torch.full((2, 3, 4, 4), 0.5)
    restored[1, 0] += 0.25  # one of six planes
    assert distance(Doubled)(restored, sharp).item() == pytest.approx(1 / 6)


def test_pictures_are_normalised_channel_by_channel() -> None:
    pictures = torch.rand(2, 3, 4, 4)
    mean, std = (torch.tensor(IMAGENET[name]).reshape(3, 1, 1) for name in ("mean", "std"))
    features = distance(Doubled, **IMAGENET).features(pictures)
    torch.testing.assert_close(features, 2 * (pictures - mean) / std)
    signed = distance(Doubled).features(pictures)
    torch.testing.assert_close(signed, 2 * (2 * pictures - 1))


def test_the_trunk_is_told_its_layer_and_its_file() -> None:
    made = distance()
    assert isinstance(made.trunk, Extractor)
    assert (made.trunk.layer, made.trunk.path) == ("last", "file")


def test_features_of_the_target_are_made_once_and_have_no_graph() -> None:
    made, seen = distance(), []
    made.trunk.register_forward_hook(lambda module, given, answer: seen.append(answer))
    restored, sharp = (torch.rand(1, 3, 8, 8, requires_grad=True) for _ in range(2))
    made(restored, sharp).backward()
    assert [features.requires_grad for features in seen] == [False, True]
    assert restored.grad.abs().sum() > 0
    assert sharp.grad is None
    assert not [parameter for parameter in made.parameters() if parameter.requires_grad]


def test_stored_features_of_a_target_give_the_same_distance_and_gradient() -> None:
    made = distance()
    first, second, sharp = (torch.rand(1, 3, 8, 8) for _ in range(3))
    with torch.no_grad():
        target = made.features(sharp)
    for restored in (first, second):
        given = [restored.clone().requires_grad_() for _ in range(2)]
        values = made(given[0], sharp), made.between(made.features(given[1]), target)
        assert values[0] == values[1]
        torch.stack(values).sum().backward()
        assert given[0].grad.equal(given[1].grad)


def test_a_frozen_distance_is_in_no_state_and_opens_when_used() -> None:
    frozen = Frozen(partial(FeatureDistance, trunk=RandomFeatures, weights="f", layer="l", **HALF))
    pictures = torch.rand(2, 1, 3, 8, 8)
    assert frozen(*pictures) == distance()(*pictures)


def test_a_missing_file_is_an_error_and_never_random_features(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="torchvision"):
        FeatureDistance(weights=str(tmp_path / "none.pt"), layer="conv3_3", **HALF)


@pytest.mark.parametrize("build", [distance, lambda: NormalisedMSE(std=HALF["std"])])
def test_distances_are_finite_float32_under_bfloat16(build) -> None:
    made, restored = build(), torch.rand(2, 3, 8, 8, requires_grad=True)
    sharp = torch.rand(2, 3, 8, 8)
    exact = made(restored, sharp)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        values = [made(restored, sharp), made(restored.bfloat16(), sharp)]
    for value in values:
        assert value.dtype == torch.float32
        assert value.item() == pytest.approx(exact.item(), rel=0.05)
    torch.stack(values).sum().backward()
    assert restored.grad.isfinite().all()


def test_the_normalised_error_by_hand_over_the_whole_batch() -> None:
    restored, sharp = torch.full((2, 3, 4, 4), 0.5), torch.full((2, 3, 4, 4), 0.5)
    restored[0, 0] += 0.1
    restored[1, 2] -= 0.2
    expected = ((0.1 / 0.229) ** 2 + (0.2 / 0.225) ** 2) / 6
    assert NormalisedMSE(std=IMAGENET["std"])(restored, sharp).item() == pytest.approx(
        expected, rel=1e-5
    )


def test_imagenets_deviations_make_the_error_about_19_6_times_larger() -> None:
    sharp = torch.rand(2, 3, 4, 4)
    ratio = NormalisedMSE(std=IMAGENET["std"])(sharp + 0.1, sharp) / 0.01
    assert ratio.item() == pytest.approx(19.6, abs=0.05)


def test_normalisation_moves_with_its_method_and_is_in_no_state() -> None:
    made = NormalisedMSE(std=IMAGENET["std"])
    assert not made.state_dict()
    assert made.double()(*torch.rand(2, 1, 3, 4, 4).double()).dtype == torch.float64


def feature_distances(node: Any) -> Iterator[dict[str, Any]]:
    """Nodes of a config that make a `FeatureDistance`."""
    if isinstance(node, dict):
        if node.get("_target_") == "deblurkit.losses.perceptual.FeatureDistance":
            yield {name: value for name, value in node.items() if not name.startswith("_")}
        for value in node.values():
            yield from feature_distances(value)


@pytest.mark.parametrize(
    "file", sorted((conf_dir() / "model").glob("*.yaml")), ids=lambda f: f.stem
)
def test_configs_give_a_feature_distance_all_it_takes(file: Path) -> None:
    """It is opened when training starts: what is missing would not be missed before."""
    config = OmegaConf.to_container(OmegaConf.load(file), resolve=False)
    for arguments in feature_distances(config):
        inspect.signature(FeatureDistance).bind(**arguments)


def test_normalisation_needs_three_numbers() -> None:
    with pytest.raises(InputError, match=r"three numbers.*got \[0.5\]"):
        NormalisedMSE(std=[0.5])


def test_published_features_mind_blur_more_than_a_shift_of_brightness(test_data: Path) -> None:
    """Of the same error in pixels: the one destroys structure, the other does not."""
    (weights,) = (test_data / "vgg19").glob("*.safetensors")
    made = FeatureDistance(weights=str(weights), layer="conv3_3", **IMAGENET)
    file = sorted((test_data / "kodak").glob("*.png"))[0]
    sharp = as_tensor(read_image(file))[None, :, 200:328, 300:428]
    blurred = nn.functional.avg_pool2d(sharp, 7, stride=1, padding=3, count_include_pad=False)
    error = (blurred - sharp).square().mean().sqrt()
    with torch.no_grad():
        assert made(sharp, sharp).item() == 0
        assert made(blurred, sharp) > 2 * made(sharp + error, sharp)
