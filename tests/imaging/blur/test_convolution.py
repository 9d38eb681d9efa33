import numpy as np
import pytest
import torch
from scipy.signal import convolve2d
from torch import Tensor

from deblurkit.errors import InputError
from deblurkit.imaging.blur.convolution import (
    blur,
    convolved_by_fourier,
    convolved_directly,
    fast_length,
    with_border,
)


def random_kernels(count: int, size: int, dtype: torch.dtype = torch.float32) -> Tensor:
    kernels = torch.rand(count, 1, size, size, dtype=dtype)
    return kernels / kernels.sum(dim=(-1, -2), keepdim=True)


@pytest.mark.parametrize("size", [1, 3, 7, 9, 15, 31])
@pytest.mark.parametrize("height_width", [(40, 33), (33, 50)])
def test_agrees_with_scipy(size: int, height_width: tuple[int, int]) -> None:
    pictures, kernels = torch.rand(2, 3, *height_width), random_kernels(2, size)
    blurred = blur(pictures, kernels)
    border = size // 2
    for picture, kernel, result in zip(pictures, kernels, blurred, strict=True):
        for plane, ours in zip(picture, result, strict=True):
            framed = np.pad(plane.numpy(), border, mode="reflect")
            theirs = convolve2d(framed, kernel[0].numpy(), mode="valid")
            np.testing.assert_allclose(ours.numpy(), theirs, atol=2e-6)


@pytest.mark.parametrize("size", [5, 11])
def test_convolves_and_does_not_correlate(size: int) -> None:
    kernel = torch.zeros(1, 1, size, size)
    kernel[0, 0, size // 2, size // 2 + 1] = 1  # right of the middle
    picture = torch.zeros(1, 1, 20, 20)
    picture[0, 0, 10, 10] = 1
    assert blur(picture, kernel)[0, 0, 10, 11] == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("size", [7, 21])
def test_a_constant_picture_stays_constant_up_to_its_border(size: int) -> None:
    blurred = blur(torch.full((1, 3, 24, 30), 0.7), random_kernels(1, size))
    torch.testing.assert_close(blurred, torch.full_like(blurred, 0.7), atol=1e-6, rtol=0)


def test_opposite_borders_do_not_mix() -> None:
    picture = torch.zeros(1, 1, 32, 64)
    picture[..., 48:] = 1
    assert blur(picture, random_kernels(1, 15))[..., :32].abs().max() < 1e-6


def test_a_picture_smaller_than_the_kernel_is_continued_by_its_edge() -> None:
    picture, kernel = torch.rand(1, 3, 5, 40), random_kernels(1, 21)
    framed = np.pad(picture[0, 0].numpy(), 10, mode="edge")
    theirs = convolve2d(framed, kernel[0, 0].numpy(), mode="valid")
    np.testing.assert_allclose(blur(picture, kernel)[0, 0].numpy(), theirs, atol=2e-6)


@pytest.mark.parametrize("size", [5, 13])
def test_one_kernel_serves_all_pictures(size: int) -> None:
    pictures, kernel = torch.rand(3, 1, 24, 24), random_kernels(1, size)
    assert blur(pictures, kernel).equal(blur(pictures, kernel.expand(3, -1, -1, -1)))


@pytest.mark.parametrize("size", [5, 13])
def test_a_picture_does_not_depend_on_its_batch(size: int) -> None:
    pictures, kernels = torch.rand(3, 3, 24, 24), random_kernels(3, size)
    alone = blur(pictures[1:2], kernels[1:2])
    torch.testing.assert_close(blur(pictures, kernels)[1:2], alone, atol=1e-6, rtol=0)


@pytest.mark.parametrize("size", [3, 9])
def test_gradients_are_exact_in_pictures_and_kernels(size: int) -> None:
    pictures = torch.rand(2, 1, 10, 11, dtype=torch.float64, requires_grad=True)
    kernels = random_kernels(2, size, torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(blur, (pictures, kernels))
    assert torch.autograd.gradcheck(blur, (pictures, kernels[:1].detach().requires_grad_()))


def test_direct_sums_and_spectra_agree() -> None:
    framed, kernels = with_border(torch.rand(2, 3, 30, 41), 6), random_kernels(2, 13)
    torch.testing.assert_close(
        convolved_directly(framed, kernels), convolved_by_fourier(framed, kernels)
    )


@pytest.mark.parametrize("size", [5, 15])
def test_half_precision_is_lost_only_at_the_end(size: int) -> None:
    pictures, kernels = torch.rand(1, 3, 32, 32), random_kernels(1, size)
    exact = blur(pictures, kernels)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert blur(pictures, kernels).equal(exact)
    rounded = pictures.bfloat16()
    assert blur(rounded, kernels).equal(blur(rounded.float(), kernels).bfloat16())


@pytest.mark.parametrize("shape", [(1, 1, 4, 4), (2, 1, 3, 3)])
def test_unfit_kernels_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="kernel"):
        blur(torch.rand(3, 3, 8, 8), torch.rand(shape))


def test_transforms_have_fast_lengths() -> None:
    lengths = {1: 8, 8: 8, 262: 280, 270: 280, 286: 288, 318: 320}
    assert {least: fast_length(least) for least in lengths} == lengths


@pytest.mark.gpu
@pytest.mark.parametrize("size", [3, 15, 17, 63])
def test_the_graphics_card_agrees_with_the_processor(size: int) -> None:
    pictures, kernels = torch.rand(4, 3, 96, 80), random_kernels(4, size)
    ours = blur(pictures.cuda(), kernels.cuda()).cpu()
    torch.testing.assert_close(ours, blur(pictures, kernels), atol=5e-6, rtol=0)
