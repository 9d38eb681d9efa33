"""Pictures inside a page: small enough, true to their pixels, all versions alike."""

import base64
import io

import numpy as np
import pytest
import skimage.data
import torch
from numpy.typing import NDArray
from PIL import Image as PillowImage

from deblurkit.imaging.drawing.compare import liveliest_crop
from deblurkit.pages.views import DETAIL, LONGEST, View, exhibit, kernel_view, views


def seen(view: View) -> NDArray[np.uint8]:
    """The pixels that a browser shows."""
    head, _, content = view.uri.partition(",")
    assert head == "data:image/webp;base64"
    picture = PillowImage.open(io.BytesIO(base64.b64decode(content)))
    assert picture.size == (view.width, view.height)
    return np.asarray(picture.convert("RGB"))


def lively(pixels: NDArray[np.uint8]) -> tuple[slice, slice]:
    return liveliest_crop(torch.from_numpy(pixels).movedim(-1, 0), DETAIL)


def noise(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_a_large_picture_is_shrunk_and_its_detail_is_not() -> None:
    photograph = np.tile(skimage.data.rocket(), (2, 2, 1))
    height, width = photograph.shape[:2]
    found = exhibit({"blurred": photograph, "restored": photograph}, {}, budget=400_000)
    whole, detail = found.whole["restored"], found.detail["restored"]
    assert (whole.width, whole.height) == (LONGEST, round(LONGEST * height / width))
    part = photograph[lively(photograph)]
    assert part.shape == (DETAIL, DETAIL, 3) == seen(detail).shape
    assert np.abs(seen(detail).mean(axis=2) - part.mean(axis=2)).mean() < 2.5  # grey levels
    middle = photograph.reshape(height // 2, 2, width // 2, 2, 3).mean(axis=(1, 3))
    assert np.abs(seen(whole).mean() - middle.mean()) < 1


def test_a_small_picture_has_no_detail() -> None:
    small = skimage.data.chelsea()[:200, :DETAIL]
    found = exhibit({"blurred": small, "restored": small}, {}, budget=400_000)
    assert not found.detail
    assert np.abs(seen(found.whole["blurred"]).astype(int) - small).mean() < 2.5  # grey levels


def test_the_detail_of_a_very_large_picture_lies_where_it_is_lively() -> None:
    """Such a picture is only looked at here and there."""
    even = np.full((300, 5000, 3), 90, np.uint8)
    even[10:280, 4000:4240] = noise(270, 240)
    rows, columns = lively(even)
    assert (rows.stop - rows.start, columns.stop - columns.start) == (DETAIL, DETAIL)
    assert columns.start <= 4100 <= columns.stop
    assert rows.start >= 0
    assert rows.stop <= 300
    strip = lively(noise(3, 5000))
    assert strip[0] == slice(0, 3)
    assert strip[1].stop - strip[1].start == DETAIL


@pytest.mark.parametrize("budget", [60_000, 8_000, 500])
def test_no_picture_breaks_the_budget(budget: int) -> None:
    """Noise is what takes most room; all versions stay of one size."""
    pictures = {version: noise(150, 200, number) for number, version in enumerate(("a", "b", "c"))}
    found = views(pictures, longest=LONGEST, budget=budget)
    assert sum(len(one.content) for one in found.values()) <= budget
    assert len({(one.width, one.height) for one in found.values()}) == 1
    assert all(seen(one).std() > 3 for one in found.values())  # shrunk noise, not one grey


def test_a_kernel_is_shown_weight_by_weight() -> None:
    kernel = torch.zeros(1, 5, 5)
    kernel[0, 1, 2], kernel[0, 3, 3] = 0.75, 0.25
    shown = seen(kernel_view(kernel))[..., 0]
    assert (shown[1, 2], shown[3, 3]) == (255, 85)
    assert np.count_nonzero(shown) == 2
    assert not seen(kernel_view(torch.full((1, 3, 3), torch.nan))).any()
