import numpy as np
import pytest
import torch

from deblurkit.errors import InputError
from deblurkit.imaging.blur.kernels import (
    centred,
    centroid,
    check_kernels,
    cropped,
    normalized,
    padded,
)


def bright_pixel(row: int, column: int, size: int = 7) -> torch.Tensor:
    kernel = torch.zeros(1, 1, size, size)
    kernel[0, 0, row, column] = 1
    return kernel


def test_the_centroid_is_counted_from_the_middle() -> None:
    assert centroid(bright_pixel(1, 4)).tolist() == [[-2, 1]]


def test_kernels_are_centred_by_whole_pixels_without_wrapping() -> None:
    kernels = torch.cat([bright_pixel(0, 6), bright_pixel(3, 3), bright_pixel(6, 1)])
    assert centred(kernels).equal(bright_pixel(3, 3).expand(3, -1, -1, -1))
    spread = torch.rand(4, 1, 9, 9).tril(-3)
    assert centroid(centred(padded(spread, 25))).abs().max() <= 0.5 + 1e-6


def test_padding_and_cropping_keep_the_middle_in_the_middle() -> None:
    kernels = normalized(torch.rand(2, 1, 5, 5))
    torch.testing.assert_close(cropped(padded(kernels, 11), 5), kernels)
    assert padded(bright_pixel(3, 3), 9).equal(bright_pixel(4, 4, 9))


def test_normalized_kernels_pass_the_check() -> None:
    check_kernels(normalized(torch.rand(3, 1, 5, 5)))


@pytest.mark.parametrize(
    ("kernels", "reason"),
    [
        (torch.ones(1, 1, 4, 4) / 16, "odd"),
        (torch.ones(1, 3, 3, 3) / 9, "shape"),
        (torch.ones(3, 3) / 9, "shape"),
        (torch.ones(1, 1, 3, 3), "sums to 9"),
        (torch.full((1, 1, 3, 3), torch.nan), "finite"),
        (np.ones((1, 1, 3, 3)) / 9, r"got numpy.ndarray; torch.from_numpy\(kernel\)\[None, None\]"),
        ([[1.0]], "got list; "),
    ],
)
def test_unusable_kernels_are_refused_with_the_reason(kernels: object, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        check_kernels(kernels)


def test_an_empty_kernel_cannot_be_normalized() -> None:
    with pytest.raises(InputError, match="positive"):
        normalized(torch.zeros(1, 1, 3, 3))


def test_sizes_must_be_odd_and_fit() -> None:
    for refused in (4, 3):
        with pytest.raises(InputError, match="padded"):
            padded(bright_pixel(2, 2, 5), refused)
    for refused in (4, 7):
        with pytest.raises(InputError, match="cropped"):
            cropped(bright_pixel(2, 2, 5), refused)
