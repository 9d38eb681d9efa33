"""MobileNet-v2 as a trunk: its maps, and published weights in three layouts."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from deblurkit.errors import InputError
from deblurkit.networks.mobilenet_v2 import MobileNetV2
from deblurkit.networks.parts.trunk import InstanceNorm

State = dict[str, Tensor]
UNITS = (1, 2, 3, 4, 3, 3, 1)  # of the classifier: all that published files hold


def torchvision_layers() -> Iterator[tuple[str, str]]:
    """Convolutions and normalisations of torchvision's mobilenet_v2, in order."""
    yield "features.0.0", "features.0.1"
    yield from (
        ("features.1.conv.0.0", "features.1.conv.0.1"),
        ("features.1.conv.1", "features.1.conv.2"),
    )
    for number in range(2, 18):
        unit = f"features.{number}.conv"
        yield from ((f"{unit}.0.0", f"{unit}.0.1"), (f"{unit}.1.0", f"{unit}.1.1"))
        yield f"{unit}.2", f"{unit}.3"
    yield "features.18.0", "features.18.1"


def timm_layers() -> Iterator[tuple[str, str]]:
    """Those of timm's mobilenetv2_100."""
    yield "conv_stem", "bn1"
    yield from (("blocks.0.0.conv_dw", "blocks.0.0.bn1"), ("blocks.0.0.conv_pw", "blocks.0.0.bn2"))
    for stage, units in enumerate(UNITS[1:], start=1):
        for unit in range(units):
            block = f"blocks.{stage}.{unit}"
            yield from ((f"{block}.conv_pw", f"{block}.bn1"), (f"{block}.conv_dw", f"{block}.bn2"))
            yield f"{block}.conv_pwl", f"{block}.bn3"
    yield "conv_head", "bn2"


def authors_layers() -> Iterator[tuple[str, str]]:
    """Those of the file that the authors of DeblurGAN-v2 start from."""
    yield "features.0.0", "features.0.1"
    for number in range(1, 18):
        for place in (0, 3, 6) if number > 1 else (0, 3):
            yield f"features.{number}.conv.{place}", f"features.{number}.conv.{place + 1}"
    yield "features.18.0", "features.18.1"


LAYOUTS = {"torchvision": torchvision_layers, "timm": timm_layers, "authors": authors_layers}


def shapes() -> Iterator[tuple[int, ...]]:
    """Shapes of the classifier's convolutions in order."""
    yield 32, 3, 3, 3
    channels = 32
    for stage, (features, units) in enumerate(
        zip((16, 24, 32, 64, 96, 160, 320), UNITS, strict=True)
    ):
        for _ in range(units):
            wide = channels * (6 if stage else 1)
            if stage:
                yield wide, channels, 1, 1
            yield wide, 1, 3, 3
            yield features, wide, 1, 1
            channels = features
    yield 1280, 320, 1, 1


def classifier(layers: Callable[[], Iterator[tuple[str, str]]]) -> State:
    """A state dict of the whole classifier: the same values in every layout."""
    generator = torch.Generator().manual_seed(0)
    state: State = {}
    for (convolution, norm), shape in zip(layers(), shapes(), strict=True):
        state[f"{convolution}.weight"] = torch.rand(*shape, generator=generator)
        for leaf in ("weight", "bias", "running_mean", "running_var"):
            state[f"{norm}.{leaf}"] = torch.rand(shape[0], generator=generator)
        state[f"{norm}.num_batches_tracked"] = torch.tensor(7)
    state["classifier.1.weight"] = torch.rand(10, 1280, generator=generator)
    return state


def pth(state: State, folder: Path) -> str:
    torch.save(state, folder / "weights.pth")
    return f"{folder}/weights.pth"


def pth_of_data_parallel(state: State, folder: Path) -> str:
    torch.save({"state_dict": {f"module.{k}": v for k, v in state.items()}}, folder / "w.pth.tar")
    return f"{folder}/w.pth.tar"


def safetensors(state: State, folder: Path) -> str:
    save_file(state, folder / "weights.safetensors")
    return f"{folder}/weights.safetensors"


@pytest.mark.parametrize("layers", LAYOUTS.values(), ids=LAYOUTS.keys())
@pytest.mark.parametrize("write", [pth, pth_of_data_parallel, safetensors])
def test_published_weights_are_read_in_every_layout(layers, write, tmp_path: Path) -> None:
    state = classifier(layers)
    trunk = MobileNetV2(width=1.0)
    trunk.read(write(state, tmp_path))
    expected = [value for key, value in state.items() if value.dim() and "running" not in key]
    values = list(trunk.parameters())  # in the order of the network, as the file was made
    assert len(values) == 3 * 45
    assert all(own.equal(value) for own, value in zip(values, expected, strict=False))


def test_half_precision_weights_are_read(tmp_path: Path) -> None:
    state = {key: value.half() for key, value in classifier(torchvision_layers).items()}
    trunk = MobileNetV2(width=1.0)
    trunk.read(safetensors(state, tmp_path))
    assert trunk.features[0][0].weight.dtype == torch.float32
    assert trunk.features[0][0].weight.equal(state["features.0.0.weight"].float())


def test_another_layout_or_size_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    state = classifier(torchvision_layers)
    cases = {
        "other names": {f"backbone.{key}": value for key, value in state.items()},
        "one missing": {k: v for k, v in state.items() if k != "features.15.conv.3.bias"},
        "another shape": {**state, "features.0.0.weight": torch.rand(32, 1, 3, 3)},
        "empty": {},
    }
    trunk = MobileNetV2(width=1.0)
    before = [parameter.clone() for parameter in trunk.parameters()]
    for number, case in enumerate(cases.values()):
        torch.save(case, tmp_path / f"{number}.pth")
        with pytest.raises(InputError, match=r"does not fit this MobileNetV2: \d+ of 135 tensors"):
            trunk.read(f"{tmp_path}/{number}.pth")
    assert all(own.equal(value) for own, value in zip(trunk.parameters(), before, strict=True))
    with pytest.raises(InputError, match="does not fit"):
        MobileNetV2(width=0.5).read(pth(state, tmp_path))


def test_what_is_no_weight_file_is_refused_in_one_sentence(tmp_path: Path) -> None:
    trunk = MobileNetV2(width=0.25)
    with pytest.raises(InputError, match=r"absent\.pth is no file"):
        trunk.read(f"{tmp_path}/absent.pth")
    with pytest.raises(InputError, match=r"absent\.safetensors is no file"):
        trunk.read(f"{tmp_path}/absent.safetensors")
    for name in ("damaged.pth", "damaged.safetensors"):
        (tmp_path / name).write_bytes(b"\x08 not weights")
        with pytest.raises(InputError, match="cannot be read as weights"):
            trunk.read(f"{tmp_path}/{name}")
    for name, content in {"network.pth": nn.Linear(1, 1), "tensor.pth": torch.ones(2)}.items():
        torch.save(content, tmp_path / name)
        with pytest.raises(InputError, match="cannot be read as weights"):
            trunk.read(f"{tmp_path}/{name}")
    with pytest.raises(InputError, match="cannot be read as weights"):
        trunk.read(f"{tmp_path}")


def test_maps_halve_from_one_to_the_next_and_round_up() -> None:
    trunk = MobileNetV2(width=0.25)
    maps = trunk(torch.rand(2, 3, 64, 96) * 2 - 1)
    assert [tuple(features.shape) for features in maps] == [
        (2, 4, 32, 48),
        (2, 6, 16, 24),
        (2, 8, 8, 12),
        (2, 16, 4, 6),
        (2, 40, 2, 3),
    ]
    assert trunk.channels == (4, 6, 8, 16, 40)


def test_every_parameter_reaches_the_last_map() -> None:
    torch.manual_seed(0)
    trunk = MobileNetV2(width=0.25)
    last = trunk(torch.rand(2, 3, 96, 96))[-1]
    (last * torch.rand_like(last)).sum().backward()
    still = [name for name, parameter in trunk.named_parameters() if not parameter.grad.any()]
    assert not still


def test_normalisation_is_batch_normalisation_of_each_picture_in_training_mode() -> None:
    torch.manual_seed(0)
    own = InstanceNorm(5, epsilon=1e-3, activation=nn.ReLU()).double()
    batch = nn.BatchNorm2d(5, eps=1e-3).double().train()
    for parameter in own.parameters():
        nn.init.normal_(parameter)
    assert own.state_dict().keys() == dict(batch.named_parameters()).keys()
    batch.load_state_dict(own.state_dict(), strict=False)
    maps = torch.rand(3, 5, 4, 7).double()
    expected = torch.cat([batch(features[None]).relu() for features in maps])
    assert (own(maps) - expected).abs().max() < 1e-12
    assert own.eval()(maps).equal(own.train()(maps))
