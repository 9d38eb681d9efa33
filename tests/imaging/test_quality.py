import pytest
import torch
from torch import Tensor

from deblurkit.data.blur.shapes import gaussians
from deblurkit.data.sources.photos import Photos
from deblurkit.imaging.blur.convolution import blur
from deblurkit.imaging.quality import complaint

NAMES = ["astronaut", "chelsea", "coffee", "motorcycle_left", "rocket"]


def photograph(name: str) -> Tensor:
    return torch.from_numpy(Photos([name]).read(0)["sharp"]).permute(2, 0, 1) / 255


def blurred(sharp: Tensor, sigma: float) -> Tensor:
    return blur(sharp[None], gaussians(torch.tensor([sigma]), size=21))[0]


@pytest.mark.parametrize("name", NAMES)
def test_a_sharper_picture_is_no_worse(name: str) -> None:
    sharp = photograph(name)
    assert complaint(blurred(sharp, 1.5), sharp) is None
    assert complaint(sharp, sharp) is None


@pytest.mark.parametrize("name", NAMES)
def test_a_more_blurred_picture_is_worse(name: str) -> None:
    sharp = photograph(name)
    assert "more blurred" in str(complaint(sharp, blurred(sharp, 1.5)))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("period", [2, 4, 8])
def test_a_checkerboard_is_worse(name: str, period: int) -> None:
    before, after = blurred(photograph(name), 1.0), photograph(name)
    rows, columns = (torch.arange(length) for length in after.shape[-2:])
    board = ((rows[:, None] + columns) * 2 // period % 2 - 0.5) * 4 / 255
    found = complaint(before, (after + board).clamp(0, 1))
    assert found is not None
    assert "pattern that repeats" in found


def test_shifted_colours_are_worse() -> None:
    sharp = photograph("chelsea")
    tinted = sharp + torch.tensor([0.03, 0.0, 0.0])[:, None, None]
    assert "colours shift by 8 grey levels" in str(complaint(sharp, tinted))


@pytest.mark.parametrize("size", [(1, 1), (3, 400), (20, 30)])
def test_tiny_pictures_are_judged_by_what_they_have(size: tuple[int, int]) -> None:
    picture = torch.rand(3, *size)
    assert complaint(picture, picture) is None
    assert complaint(picture, 1 - picture * 0) is not None


def test_constant_pictures_are_no_worse() -> None:
    assert complaint(torch.full((3, 64, 64), 0.5), torch.full((3, 64, 64), 0.5)) is None
