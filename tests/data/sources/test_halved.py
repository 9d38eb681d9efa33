from pathlib import Path

import numpy as np
import pytest
from small_sources import Mapped

from deblurkit.data.sources.base import Source
from deblurkit.data.sources.cache import Cached
from deblurkit.data.sources.halved import Halved
from deblurkit.data.sources.photos import Photos


def mean_of_four(pixels: np.ndarray) -> np.ndarray:
    """By definition, halves rounded up as whole numbers of four do."""
    height, width = (extent // 2 for extent in pixels.shape[:2])
    parts = pixels[: 2 * height, : 2 * width].reshape(height, 2, width, 2, -1).astype(int)
    return ((parts.sum(axis=(1, 3)) + 2) // 4).astype(np.uint8)


@pytest.mark.parametrize("name", ["coffee", "chelsea"])  # 400x600 and 300x451
def test_every_pixel_is_the_mean_of_four(name: str) -> None:
    whole = Photos([name])
    halved = Halved(whole)
    assert isinstance(halved, Source)
    half = halved.read(0)["sharp"]
    assert halved.size(0) == half.shape[:2]
    assert np.array_equal(half, mean_of_four(whole.read(0)["sharp"]))
    assert half.flags.c_contiguous


@pytest.mark.parametrize(("top", "left"), [(0, 0), (17, 31), (140, 215), (149, 224)])
def test_a_crop_is_a_part_of_the_whole(top: int, left: int) -> None:
    halved = Halved(Photos(["chelsea"]))
    crop = halved.crop(0, top=top, left=left, side=32)["sharp"]
    assert np.array_equal(crop, halved.read(0)["sharp"][top : top + 32, left : left + 32])


def test_pairs_and_class_maps_are_halved_alike(tmp_path: Path) -> None:
    whole = Mapped(3, side=23, classes=9)
    halved = Halved(whole)
    pictures = halved.read(1)
    expected = {role: mean_of_four(pixels).astype(int) for role, pixels in whole.read(1).items()}
    for role in ("blurred", "sharp"):
        assert np.array_equal(pictures[role], expected[role])
    # OpenCV rounds halves to even where there are more than four channels.
    assert np.abs(pictures["condition"] - expected["condition"]).max() <= 1
    crop = halved.crop(1, top=3, left=4, side=16)["condition"]
    assert np.array_equal(crop, pictures["condition"][3:, 4:])
    cached = Cached(halved, tmp_path)
    assert cached.size(2) == (11, 11)
    assert np.array_equal(cached.read(2)["condition"], halved.read(2)["condition"])
    assert halved.stamp(0) != whole.stamp(0)
