"""The noise level of pictures whose noise is known."""

import pytest
import skimage.data
import torch

from deblurkit.imaging.blur.convolution import blur
from deblurkit.imaging.blur.noise import noise_level
from deblurkit.imaging.formats.files import as_tensor


def smooth() -> torch.Tensor:
    return blur(as_tensor(skimage.data.astronaut())[None], torch.full((1, 1, 9, 9), 1 / 81))


@pytest.mark.parametrize("sigma", [0.01, 0.03])
def test_noise_upon_a_blurred_photograph_is_found(sigma: float) -> None:
    picture = smooth()
    noise = torch.randn(picture.shape, generator=torch.Generator().manual_seed(0))
    both = torch.cat([picture, picture + sigma * noise])
    clean, noisy = noise_level(both[..., :301, :300]).tolist()  # an odd side too
    assert noisy == pytest.approx(sigma, rel=0.1)
    assert clean < 1e-3


def test_the_rounding_of_a_clean_picture_is_less_than_a_grey_level() -> None:
    rounded = (255 * smooth()).round() / 255
    assert noise_level(rounded).item() < 0.004
