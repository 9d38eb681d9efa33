"""Weights that come with the install."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

import deblurkit
from deblurkit.commands.evaluate.comparison.methods import method, short_names
from deblurkit.data.blur.shapes import gaussians
from deblurkit.data.sources.photos import Photos
from deblurkit.errors import InputError
from deblurkit.imaging.blur.convolution import blur
from deblurkit.methods.nafnet import NAFNet
from deblurkit.weights import DEFAULT, shipped, shipped_file
from deblurkit.weights.files import existing


def photograph(name: str) -> Tensor:
    return torch.from_numpy(Photos([name]).read(0)["sharp"]).permute(2, 0, 1)[None] / 255


def psnr(one: Tensor, other: Tensor) -> float:
    return float(-10 * (one - other).square().mean().log10())


def test_they_are_small_and_say_where_they_come_from() -> None:
    assert DEFAULT in shipped()
    for name in shipped():
        file = shipped_file(name)
        assert file is not None
        assert file.stat().st_size < 1e6
        origin = deblurkit.load(name).origin
        assert origin is not None
        assert origin["licence"] == "Apache-2.0"
        assert "CC0" in origin["pictures"]


def test_a_name_is_read_wherever_weights_are() -> None:
    assert isinstance(deblurkit.load("tiny"), NAFNet)
    assert isinstance(method("tiny", trust=()), NAFNet)
    assert short_names(["unsharp", "tiny"]) == ["unsharp", "tiny"]


def test_a_file_of_ones_own_is_named_by_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny").write_bytes(b"mine")
    assert existing("tiny") == shipped_file("tiny")
    for mine in ("./tiny", Path("tiny")):
        assert existing(mine).read_bytes() == b"mine"
    with pytest.raises(InputError, match=r"huge is no file; .*, or one of tiny$"):
        existing("huge")


@pytest.mark.parametrize("name", ["astronaut", "chelsea"])
def test_they_sharpen_photographs_that_they_have_not_seen(name: str) -> None:
    sharp = photograph(name)[..., :256, :256]
    blurred = blur(sharp, gaussians(torch.tensor([1.5]), size=21)).clamp(0, 1)
    restored = deblurkit.load("tiny").restore(blurred)
    assert psnr(restored, sharp) > psnr(blurred, sharp) + 0.5


@pytest.mark.parametrize("size", [(1, 1), (5, 33), (47, 130)])
def test_they_take_any_size(size: tuple[int, int]) -> None:
    picture = torch.rand(1, 3, *size)
    assert deblurkit.load("tiny").restore(picture).shape == picture.shape
