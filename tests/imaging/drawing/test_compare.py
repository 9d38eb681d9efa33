import numpy as np
import pytest
import torch

from deblurkit.errors import InputError
from deblurkit.imaging.drawing.compare import liveliest_crop, side_by_side
from deblurkit.imaging.drawing.grid import BESIDE, NAME, named_row


def test_pictures_stand_in_a_row_under_their_names() -> None:
    blurred, restored = torch.rand(3, 20, 30), torch.rand(3, 20, 40)
    drawn = side_by_side({"blurred": blurred, "restored": restored})
    assert drawn.dtype == np.uint8
    assert drawn.shape == (NAME + 20, 30 + BESIDE + 40, 3)
    pixels = (blurred * 255).round().byte().permute(1, 2, 0).numpy()
    assert np.array_equal(drawn[NAME:, :30], pixels)
    assert (drawn[:, 30 : 30 + BESIDE] == 255).all()
    assert (drawn[:NAME, :30] < 128).any()  # letters


def test_what_leaves_the_range_is_cut_off() -> None:
    wild = torch.tensor([-1.0, 0.5, 2.0]).reshape(3, 1, 1).expand(3, 16, 16).requires_grad_()
    drawn = side_by_side({"restored": wild.to(torch.bfloat16)})
    assert drawn[-1, -1].tolist() == [0, 128, 255]
    lost = side_by_side({"restored": torch.tensor([torch.nan, torch.inf, 0.0]).reshape(3, 1, 1)})
    assert lost[-1, -1].tolist() == [0, 255, 0]


@pytest.mark.parametrize("width", [12, 30, 200])
@pytest.mark.parametrize("text", ["", "b", "a very long name of a picture"])
def test_a_name_fits_the_width_of_its_picture(text: str, width: int) -> None:
    drawn = named_row({text: np.full((9, width, 3), 255, np.uint8), " ": np.zeros((9, 9, 3), "u1")})
    assert drawn.shape == (NAME + 9, width + BESIDE + 9, 3)
    assert (drawn[:NAME, width:] == 255).all()


def test_heights_must_agree() -> None:
    with pytest.raises(InputError, match=r"need one height, got \[8, 9\]"):
        side_by_side({"a": torch.rand(3, 8, 8), "b": torch.rand(3, 9, 8)})


def test_the_liveliest_crop_has_the_edges() -> None:
    picture = torch.zeros(3, 100, 140)
    picture[:, 50:70, 96:120] = torch.rand(3, 20, 24)
    rows, columns = liveliest_crop(picture, 32)
    assert rows.stop - rows.start == columns.stop - columns.start == 32
    assert rows.start <= 50 < 70 <= rows.stop
    assert columns.start <= 96 < 120 <= columns.stop


@pytest.mark.parametrize("size", [(10, 12), (10, 90), (90, 10), (33, 33), (32, 32)])
def test_a_small_picture_is_taken_as_far_as_it_goes(size: tuple[int, int]) -> None:
    rows, columns = liveliest_crop(torch.rand(3, *size), 32)
    assert (rows.stop - rows.start, columns.stop - columns.start) == tuple(min(s, 32) for s in size)
    assert rows.stop <= size[0]
    assert columns.stop <= size[1]


def test_of_a_large_picture_only_every_so_many_pixels_are_looked_at() -> None:
    picture = torch.zeros(3, 60, 4100, dtype=torch.uint8)
    picture[:, :, 3900:3960:9] = 255
    rows, columns = liveliest_crop(picture, 64)
    assert (rows, columns.stop - columns.start) == (slice(0, 60), 64)
    assert columns.start <= 3910 < 3950 <= columns.stop <= 4100
