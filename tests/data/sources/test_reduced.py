from pathlib import Path

import numpy as np
import pytest
from small_sources import Mapped

from deblurkit.data.sources.cache import Cached
from deblurkit.data.sources.halved import Halved
from deblurkit.data.sources.photos import Photos
from deblurkit.data.sources.reduced import Reduced
from deblurkit.errors import InputError


def mean_of_squares(pixels: np.ndarray, factor: int) -> np.ndarray:
    height, width = (extent // factor for extent in pixels.shape[:2])
    parts = pixels[: factor * height, : factor * width]
    return parts.reshape(height, factor, width, factor, -1).mean(axis=(1, 3))


@pytest.mark.parametrize("factor", [3, 6])
def test_every_pixel_is_the_mean_of_a_square(factor: int) -> None:
    whole = Photos(["chelsea"])  # 300x451
    reduced = Reduced(whole, factor=factor)
    sharp = reduced.read(0)["sharp"]
    assert reduced.size(0) == sharp.shape[:2] == (300 // factor, 451 // factor)
    expected = mean_of_squares(whole.read(0)["sharp"], factor)
    assert np.abs(sharp - expected).max() <= 0.5 + 1e-4  # rounded
    assert sharp.flags.c_contiguous
    crop = reduced.crop(0, top=11, left=17, side=32)["sharp"]
    assert np.array_equal(crop, sharp[11:43, 17:49])


def test_a_cache_tells_reductions_apart(tmp_path: Path) -> None:
    whole = Mapped(3, side=23, classes=9)
    halved, sixth = Halved(whole), Reduced(whole, factor=6)
    assert Cached(sixth, tmp_path).size(0) == (3, 3)
    assert len({source.stamp(0) for source in (whole, halved, sixth)}) == 3
    assert halved.stamp(0) == f"halved {whole.stamp(0)}"  # of caches that there are


def test_nothing_is_reduced_by_one() -> None:
    with pytest.raises(InputError, match="by 2 or more, got factor=1"):
        Reduced(Photos(["chelsea"]), factor=1)
