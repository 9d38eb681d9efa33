import numpy as np
import pytest
import torch

from deblurkit.errors import InputError
from deblurkit.imaging.drawing.compare import CAPTION, GAP, caption, liveliest_crop, side_by_side


def test_pictures_stand_in_a_row_under_their_names() -> None:
    blurred, restored = torch.rand(3, 20, 30), torch.rand(3, 20, 40)
    drawn = side_by_side({"blurred": blurred, "restored": restored})
    assert drawn.dtype == np.uint8
    assert drawn.shape == (20 + CAPTION, 30 + GAP + 40, 3)
    pixels = (blurred * 255).round().byte().permute(1, 2, 0).numpy()
    assert np.array_equal(drawn[CAPTION:, :30], pixels)
    assert (drawn[:, 30 : 30 + GAP] == 255).all()
    assert (drawn[:CAPTION, :30] < 128).any()  # letters


def test_what_leaves_the_range_is_cut_off() -> None:
    wild = torch.tensor([-1.0, 0.5, 2.0]).reshape(3, 1, 1).expand(3, 16, 16).requires_grad_()
    drawn = side_by_side({"restored": wild.to(torch.bfloat16)})
    assert drawn[-1, -1].tolist() == [0, 128, 255]


@pytest.mark.parametrize("width", [1, 6, 7, 200])
@pytest.mark.parametrize("text", ["", "b", "a very long name of a picture"])
def test_a_caption_fits_its_width(text: str, width: int) -> None:
    line = caption(text, width)
    assert line.shape == (CAPTION, width, 3)
    assert (line[:, -1] == 255).all()


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
