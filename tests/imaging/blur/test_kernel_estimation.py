"""Kernels between pictures, and what makes a kernel plausible."""

import pytest
import torch
from torch import Tensor

from deblurkit.imaging.blur.convolution import blur
from deblurkit.imaging.blur.deconvolution import PeriodicFrame
from deblurkit.imaging.blur.kernel_estimation import fitted_kernels, plausible, resized
from deblurkit.imaging.blur.kernels import centroid, normalized, padded


def kernels(count: int = 2, size: int = 5) -> Tensor:
    torch.manual_seed(5)
    return normalized(torch.rand(count, 1, size, size, dtype=torch.float64).pow(2))


def test_the_kernel_between_two_pictures_is_found_whatever_lies_outside() -> None:
    true = kernels()
    sharp = torch.rand(2, 1, 30, 34, dtype=torch.float64)
    frame = PeriodicFrame((20, 24), kernel_size=10)
    blurred = frame.extended(blur(sharp, true)[..., 5:-5, 5:-5])
    around = torch.zeros_like(blurred)  # the sharp picture is known a little beyond the border
    around[..., :30, :34] = sharp
    start = torch.full((2, 1, 7, 7), 1 / 49, dtype=torch.float64)
    found = fitted_kernels(
        around, blurred, start, inside=frame.inside(blurred), ridge=1e-9, steps=80
    )
    torch.testing.assert_close(found, padded(true, 7), rtol=0, atol=1e-5)


def test_a_ridge_makes_kernels_small() -> None:
    frame = PeriodicFrame((20, 24), kernel_size=10)
    sharp = frame.extended(torch.rand(1, 1, 20, 24, dtype=torch.float64))
    start = torch.full((1, 1, 5, 5), 0.04, dtype=torch.float64)
    options = {"inside": frame.inside(sharp), "steps": 30}
    strong = fitted_kernels(sharp, sharp, start, ridge=1e6, **options)
    weak = fitted_kernels(sharp, sharp, start, ridge=1e-6, **options)
    assert strong.abs().max() < 1e-2
    assert weak[0, 0, 2, 2].item() == pytest.approx(1, abs=1e-3)


def test_weights_that_cannot_be_are_cleared() -> None:
    raw = torch.zeros(1, 1, 9, 9)
    raw[..., 3:6, 4] = torch.tensor([1.0, 1.0, 0.5])
    raw[..., 0, 0] = 0.2  # an islet
    raw[..., 4, 5] = 0.04  # faint
    raw[..., 5, 5] = -1.0
    clean = plausible(raw, faint=0.05, islet=0.1)
    assert (clean > 0).sum() == 3
    assert clean.sum().item() == pytest.approx(1)
    assert clean[0, 0, 3:6, 4].tolist() == pytest.approx([0.4, 0.4, 0.2])
    assert plausible(raw, faint=0.05, islet=0.05).gt(0).sum() == 4
    assert bool((centroid(plausible(raw.roll(3, -1), faint=0.05, islet=0.1)).abs() <= 0.5).all())


@pytest.mark.parametrize("nothing", [0.0, -1.0])
def test_no_kernel_at_all_is_a_point(nothing: float) -> None:
    point = plausible(torch.full((1, 1, 5, 5), nothing), faint=0.05, islet=0.1)
    assert point[0, 0, 2, 2] == 1
    assert point.sum() == 1


def test_of_many_islets_the_largest_stays() -> None:
    raw = torch.zeros(1, 1, 9, 9)
    raw[..., ::4, ::4] = 1.0
    raw[..., 4, 4] = 2.0
    clean = plausible(raw, faint=0.05, islet=0.5)
    assert clean[0, 0, 4, 4] == 1


@pytest.mark.parametrize("size", [3, 9])
def test_resized_kernels_keep_their_place(size: int) -> None:
    changed = resized(kernels(), size)
    assert changed.shape == (2, 1, size, size)
    torch.testing.assert_close(changed.sum(dim=(1, 2, 3)), torch.ones(2, dtype=torch.float64))
    scale = size / 5
    torch.testing.assert_close(centroid(changed), centroid(kernels()) * scale, rtol=0, atol=0.25)
