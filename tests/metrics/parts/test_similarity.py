"""SSIM in strips and in single precision, against whole pictures in double precision."""

import time
from collections.abc import Callable
from statistics import median

import cv2
import numpy as np
import pytest
import skimage.data
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from deblurkit.errors import InputError
from deblurkit.metrics.parts.levels import Levels, psnr_of_levels
from deblurkit.metrics.parts.similarity import (
    GAUSS_RGB,
    MATLAB_RGB,
    ROWS,
    Map,
    Variant,
    moments,
    ssims_rgb,
)

WINDOW = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}


def pair(height: int, width: int) -> tuple[Levels, Levels]:
    """A blurred photograph and itself, levels of 8 bits."""
    sharp = cv2.resize(skimage.data.astronaut(), (width, height), interpolation=cv2.INTER_CUBIC)
    return cv2.GaussianBlur(sharp, (0, 0), 2.0).astype(np.float32), sharp.astype(np.float32)


def in_one_piece(restored: Map, sharp: Map, variant: Variant) -> float:
    """In double precision."""
    local = moments(restored.astype(np.float64), sharp.astype(np.float64))
    (height, width), border = sharp.shape[:2], variant.border
    return float(variant.map(local)[border : height - border, border : width - border].mean())


@pytest.mark.parametrize("height", [11, 12, ROWS - 1, ROWS, ROWS + 1, 2 * ROWS + 1, 200])
def test_strips_join_to_the_whole(height: int) -> None:
    both = pair(height, 40)
    taken = ssims_rgb(*both, MATLAB_RGB, GAUSS_RGB)
    expected = [in_one_piece(*both, variant) for variant in (MATLAB_RGB, GAUSS_RGB)]
    assert taken == pytest.approx(expected, abs=2e-7)


def test_bright_and_dark_pictures_lose_no_digits() -> None:
    """Where squares are largest and variances smallest, single precision is weakest."""
    steps = np.random.default_rng(0).integers(0, 2, (2, 150, 120, 3)).astype(np.float32)
    for restored, sharp in (steps, 255 - steps, 240 + pair(150, 120)[0] / 17 - steps):
        taken = ssims_rgb(restored, sharp, GAUSS_RGB, MATLAB_RGB)
        expected = [in_one_piece(restored, sharp, one) for one in (GAUSS_RGB, MATLAB_RGB)]
        assert taken == pytest.approx(expected, abs=1e-6)


def test_equal_pictures_score_one() -> None:
    levels, _ = pair(64, 48)
    assert ssims_rgb(levels, levels, GAUSS_RGB, MATLAB_RGB) == [1.0, 1.0]
    assert psnr_of_levels(levels, levels).isinf()


def test_a_narrow_picture_is_refused_whatever_its_height() -> None:
    with pytest.raises(InputError, match="at least 11 pixels, not 10"):
        ssims_rgb(*pair(200, 10), GAUSS_RGB)


def processor_seconds(work: Callable[[], object]) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin


def test_scores_cost_a_fraction_of_scikit_image_s() -> None:
    """Eight times less is the aim at 1280x720 on a quiet core; half of that holds on a busy one."""
    levels = pair(360, 640)
    pixels = [one.astype(np.uint8) for one in levels]

    def ours() -> list[float]:
        return [psnr_of_levels(*levels).item(), *ssims_rgb(*levels, GAUSS_RGB)]

    def theirs() -> list[float]:
        ssim = structural_similarity(*pixels, channel_axis=2, data_range=255, **WINDOW)
        return [peak_signal_noise_ratio(*pixels), ssim]

    assert ours() == pytest.approx(theirs(), abs=1e-6)
    ratios = [processor_seconds(theirs) / processor_seconds(ours) for _ in range(5)]
    assert median(ratios) > 4
