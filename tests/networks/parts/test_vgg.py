"""The trunk of perceptual losses."""

from pathlib import Path

import pytest
import torch
from fingerprint import fill, formula_picture, formula_state
from safetensors.torch import save_file
from torch import nn

from deblurkit.errors import InputError
from deblurkit.imaging.formats.files import as_tensor, read_image
from deblurkit.networks.parts.vgg import VGG19

CONVOLUTIONS = (  # torchvision's: number in `features`, channels in, out
    *((0, 3, 64), (2, 64, 64), (5, 64, 128), (7, 128, 128)),
    *((10, 128, 256), (12, 256, 256), (14, 256, 256), (16, 256, 256)),
    *((19, 256, 512), (21, 512, 512), (23, 512, 512), (25, 512, 512)),
    *((28, 512, 512), (30, 512, 512), (32, 512, 512), (34, 512, 512)),
)


def published(last: int) -> dict[str, list[int]]:
    """Shapes of torchvision's tensors up to a number."""
    shapes = {}
    for number, before, after in CONVOLUTIONS:
        if number <= last:
            shapes[f"features.{number}.weight"] = [after, before, 3, 3]
            shapes[f"features.{number}.bias"] = [after]
    return shapes


def vgg(layer: str = "conv2_1") -> VGG19:
    return VGG19(layer=layer)


def test_the_seventh_convolution_ends_the_trunk_before_its_relu() -> None:
    with torch.device("meta"):
        network = vgg("conv3_3")
    assert len(network.features) == 15
    assert isinstance(network.features[-1], nn.Conv2d)
    assert sum(parameter.numel() for parameter in network.parameters()) == 1_735_488
    assert network(torch.empty(1, 3, 64, 96, device="meta")).shape == (1, 256, 16, 24)


def test_a_layer_behind_the_activation_is_the_rectified_convolution() -> None:
    before, after = vgg("conv2_1").double(), vgg("relu2_1").double()
    fill(before)
    after.load_state_dict(before.state_dict())  # an activation has no weights
    picture = formula_picture(10, 13)
    assert (before(picture) < 0).any()
    assert after(picture).equal(before(picture).relu())


@pytest.mark.parametrize(("layer", "last"), [("conv1_1", 0), ("conv3_3", 14), ("conv5_4", 34)])
def test_keys_and_shapes_are_torchvisions(layer: str, last: int) -> None:
    with torch.device("meta"):
        network = vgg(layer)
    assert {name: list(value.shape) for name, value in network.state_dict().items()} == published(
        last
    )


def test_features_are_those_of_the_table_written_out() -> None:
    network = vgg().double()
    fill(network)
    picture = formula_picture(10, 13)
    features, weights = picture, list(network.parameters())
    for number in range(3):
        weight, bias = weights[2 * number : 2 * number + 2]
        features = nn.functional.conv2d(features, weight, bias, padding=1)
        if number < 2:
            features = features.relu()
        if number == 1:
            features = nn.functional.max_pool2d(features, 2)
    found = network(picture)
    assert found.shape == (1, 128, 5, 6)
    assert (found < 0).any()
    torch.testing.assert_close(found, features)


@pytest.mark.parametrize("ending", ["safetensors", "pth"])
def test_published_files_are_read_whatever_comes_behind_the_layer(ending: str, tmp_path) -> None:
    file = tmp_path / f"vgg19.{ending}"
    state = {name: value.float() for name, value in formula_state(published(7)).items()}
    state["classifier.0.weight"] = torch.zeros(3, 3)
    save_file(state, file) if ending == "safetensors" else torch.save(state, file)
    network, expected = vgg(), vgg()
    fill(expected)
    network.read(str(file))
    for value, wanted in zip(network.parameters(), expected.parameters(), strict=True):
        assert value.equal(wanted)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "is no file"),
        (b"neither", "cannot be read as weights"),
        ({"conv1_1.weight": torch.zeros(64, 3, 3, 3)}, r"6 of 6 tensors.*features\.0\.weight"),
        (
            {**formula_state(published(5)), "features.5.weight": torch.zeros(128, 64, 5, 5)},
            r"1 of 6 tensors.*such as features\.5\.weight",
        ),
    ],
    ids=["missing", "garbage", "other keys", "other shape"],
)
def test_unfitting_files_are_refused_in_one_sentence(content, complaint, tmp_path: Path) -> None:
    file = tmp_path / "vgg.pth"
    if isinstance(content, bytes):
        file.write_bytes(content)
    elif content is not None:
        torch.save(content, file)
    network = vgg()
    before = [parameter.clone() for parameter in network.parameters()]
    with pytest.raises(InputError, match=rf"{complaint}.*torchvision.*vgg19.*features\.0\.weight"):
        network.read(str(file))
    for value, old in zip(network.parameters(), before, strict=True):
        assert value.equal(old)


def test_a_layer_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(InputError, match=r"no layer 'pool3'.*conv1_1.*relu5_4"):
        vgg("pool3")


def test_pictures_below_the_smallest_are_refused_and_the_smallest_are_not() -> None:
    network = vgg("conv3_1")
    assert network.smallest == 4
    assert network(torch.rand(1, 3, 4, 5)).shape == (1, 256, 1, 1)
    with pytest.raises(InputError, match="at least 4 x 4 pixels, got 8 x 3"):
        network(torch.rand(1, 3, 8, 3))


def test_published_weights_give_features_of_unit_deviation(test_data: Path) -> None:
    """The test data's file was scaled to that on photographs, behind ImageNet's normalisation."""
    (weights,) = (test_data / "vgg19").glob("*.safetensors")
    network = vgg("conv3_3")
    network.read(str(weights))
    files = sorted((test_data / "kodak").glob("*.png"))
    pictures = [as_tensor(read_image(file))[:, 100:228, 100:228] for file in files]
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    normalised = (torch.stack(pictures) - mean[:, None, None]) / std[:, None, None]
    with torch.no_grad():
        features = network(normalised)
    assert 0.3 < features.std() < 3
    assert features.std(dim=(0, 2, 3)).min() > 0, "every feature says something"
