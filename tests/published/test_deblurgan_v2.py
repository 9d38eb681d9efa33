"""DeblurGAN-v2's weights from its authors' files."""

from pathlib import Path

import pytest
import torch
from converting import converted, write
from parity_deblurgan_v2 import published_checkpoint, require_parity

from deblurkit.errors import InputError
from deblurkit.networks.deblurgan_v2 import Generator, random_start
from deblurkit.networks.mobilenet_v2 import MobileNetV2
from deblurkit.published.deblurgan_v2 import DeblurGANv2

GIVEN = ("source=deblurgan_v2", *(f"model.critics.{c}.channels=4" for c in ("patch", "full")))


def test_their_tensors_give_their_pictures() -> None:
    parts = DeblurGANv2().parts({"a": published_checkpoint("mobilenet_v2")})
    trunk = MobileNetV2(width=1.0)
    generator = Generator(trunk=trunk, channels=128, head=64, start=random_start).double()
    generator.load_state_dict(parts["generator"])
    require_parity(generator, "mobilenet_v2")
    with torch.no_grad():  # the comparison sees a single weight, even the last one of the trunk
        generator.trunk.features[15].conv[7].bias[0] += 1e-3
    with pytest.raises(AssertionError):
        require_parity(generator, "mobilenet_v2")


def test_a_converted_file_draws_their_pictures(tmp_path: Path) -> None:
    write({"fpn_mobilenet.h5": published_checkpoint("mobilenet_v2")}, tmp_path)
    given = (*GIVEN, f"path={tmp_path}/fpn_mobilenet.h5")
    method = converted(*given, folder=tmp_path)
    require_parity(method.generator.double(), "mobilenet_v2", tolerance=1e-4)
    assert "ICCV 2019" in method.origin["citation"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("module.fpn.features.19.0.weight", r"such as trunk\.features\.19\.0\.weight"),
        ("module.fpn.pad.weight", r"such as pad\.weight"),
        ("module.head5.block0.weight", r"such as head5\.block0\.weight"),
    ],
)
def test_what_has_no_place_is_refused(name: str, words: str, tmp_path: Path) -> None:
    content = published_checkpoint("mobilenet_v2")
    content["model"][name] = torch.zeros(1)
    write({"best_fpn.h5": content}, tmp_path)
    with pytest.raises(InputError, match=f"1 of .* tensors differ in name or shape, {words}"):
        converted(*GIVEN, f"path={tmp_path}", folder=tmp_path)


def test_the_other_trunk_is_refused(tmp_path: Path) -> None:
    state = published_checkpoint("inception_resnet_v2")["model"]
    some = {name: value for name, value in state.items() if "inception" not in name}
    write({"fpn_inception.h5": {"model": some}}, tmp_path)
    with pytest.raises(
        InputError, match=r"does not fit this Generator: .*model=deblurgan_v2_inception"
    ):
        converted(*GIVEN, f"path={tmp_path}/fpn_inception.h5", folder=tmp_path)


def test_a_bare_state_dict_is_refused(tmp_path: Path) -> None:
    write({"best_fpn.h5": published_checkpoint("mobilenet_v2")["model"]}, tmp_path)
    with pytest.raises(InputError, match=r"best_fpn\.h5 holds no generator under the name model"):
        converted(*GIVEN, f"path={tmp_path}", folder=tmp_path)
