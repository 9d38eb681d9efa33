"""Trunks out of timm; where it cannot be imported, one sentence that says so."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from parity_deblurgan_v2 import REFERENCE, published_checkpoint, require_parity
from torch import nn

from deblurkit.errors import InputError
from deblurkit.networks import mobilenet_v2
from deblurkit.networks.deblurgan_v2 import Generator, random_start
from deblurkit.networks.parts.timm_trunks import InceptionResNetV2, MobileNetV2
from deblurkit.networks.parts.trunk import Trunk
from deblurkit.published.deblurgan_v2 import DeblurGANv2

try:
    import timm
except Exception as error:  # beside a torchvision that does not fit, it is a RuntimeError
    timm = None
    REASON = f"timm and a torchvision that fits torch are needed: {type(error).__name__}, {error}"
else:
    REASON = ""

needs_timm = pytest.mark.skipif(timm is None, reason=REASON)
TRUNKS: dict[str, Callable[[], Any]] = {
    "inception_resnet_v2": InceptionResNetV2,
    "mobilenetv2_100": MobileNetV2,
}


@pytest.mark.skipif(timm is not None, reason="timm is there")
@pytest.mark.parametrize("build", TRUNKS.values(), ids=TRUNKS.keys())
def test_without_timm_one_sentence_says_what_to_do(build) -> None:
    with pytest.raises(InputError, match=r"taken from timm, .* install timm .* or take .*MobileN"):
        build()


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@needs_timm
def test_inception_answers_what_the_authors_generator_does() -> None:
    trunk = InceptionResNetV2()
    generator = Generator(trunk=trunk, channels=256, head=128, start=random_start).double()
    reference = REFERENCE["inception_resnet_v2"]
    assert count(generator) == reference["parameters"] - 25_089_192 == 35_840_099
    beside = reference["trainable_beside_a_frozen_trunk"]
    assert count(generator) - count(trunk) == beside == 5_085_827
    parts = DeblurGANv2().parts({"a": published_checkpoint("inception_resnet_v2")})
    generator.load_state_dict(parts["generator"])
    require_parity(generator, "inception_resnet_v2")


@needs_timm
@pytest.mark.parametrize("size", [(32, 32), (96, 128), (128, 160)], ids=str)
def test_inceptions_generator_takes_every_multiple_of_32(size: tuple[int, int]) -> None:
    generator = Generator(trunk=InceptionResNetV2(), channels=8, head=4, start=random_start)
    with torch.no_grad():
        assert generator(torch.rand(1, 3, *size)).shape == (1, 3, *size)


@needs_timm
def test_timms_mobilenet_answers_the_maps_of_ours(tmp_path: Path) -> None:
    network = timm.create_model("mobilenetv2_100", pretrained=False)
    torch.save(network.state_dict(), tmp_path / "timm.pth")
    theirs, ours = MobileNetV2(), mobilenet_v2.MobileNetV2(width=1.0)
    for trunk in (theirs, ours):
        trunk.read(f"{tmp_path}/timm.pth")
    assert count(theirs) == count(ours)
    signed = torch.rand(2, 3, 64, 96) * 2 - 1
    with torch.no_grad():
        for one, other in zip(theirs(signed), ours(signed), strict=True):
            assert one.equal(other)


@needs_timm
@pytest.mark.parametrize("name", TRUNKS)
def test_timms_own_files_are_read_and_later_layers_ignored(name: str, tmp_path: Path) -> None:
    network, trunk = timm.create_model(name, pretrained=False), TRUNKS[name]()
    torch.save(network.state_dict(), tmp_path / "timm.pth")
    trunk.read(f"{tmp_path}/timm.pth")
    assert all(value.equal(network.get_parameter(key)) for key, value in trunk.named_parameters())
    assert isinstance(trunk, Trunk)
    assert not list(trunk.buffers())
    assert not any(isinstance(module, nn.BatchNorm2d) for module in trunk.modules())
