import pytest
import torch
from skimage.data import chelsea
from skimage.transform import pyramid_gaussian

from deblurkit.imaging.blur.pyramid import gaussian_pyramid


def test_it_is_scikit_image_s() -> None:
    picture = chelsea()[:96, :128] / 255.0
    expected = list(pyramid_gaussian(picture, max_layer=2, channel_axis=-1))
    found = gaussian_pyramid(torch.from_numpy(picture).movedim(-1, 0)[None], levels=3)
    assert len(found) == 3
    for ours, theirs in zip(found, expected, strict=True):
        assert ours[0].movedim(0, -1).numpy() == pytest.approx(theirs, abs=1e-7)


def test_the_smallest_pictures_have_one_too() -> None:
    even = torch.full((2, 3, 4, 4), 0.7)
    finest, half, quarter = gaussian_pyramid(even, levels=3)
    assert finest is even
    assert half.allclose(torch.full((2, 3, 2, 2), 0.7))
    assert quarter.allclose(torch.full((2, 3, 1, 1), 0.7))
