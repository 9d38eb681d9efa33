"""How large a kernel really is: the rule on its own, and on blurred photographs."""

from typing import Any

import numpy as np
import pytest
import skimage.data
import torch
from torch import Tensor

from deblurkit.config import build
from deblurkit.contracts import Images, Kernels
from deblurkit.errors import InputError
from deblurkit.imaging.blur.convolution import convolved_inside
from deblurkit.imaging.blur.kernels import cropped, normalized, padded
from deblurkit.imaging.formats.files import as_tensor
from deblurkit.methods.priors.kernel_search import KernelSearch, extent, liveliest


class Oracle:
    """Knows the kernel and shows as much of it as fits; counts how often it was asked."""

    def __init__(self, kernel: Kernels) -> None:
        self.kernel, self.asked = kernel, [0]

    def estimated(self, blurred: Images, size: int) -> Kernels:
        self.asked.append(size)
        smaller = size < self.kernel.shape[-1]
        return cropped(self.kernel, size) if smaller else padded(self.kernel, size)


def search(estimator: Oracle, *, margin: int = 0) -> KernelSearch:
    return KernelSearch(
        estimator=estimator, sides=[5, 9, 15, 21], room=2, mass=0.99, margin=margin, window=96
    )


@pytest.mark.parametrize(("side", "asked", "found"), [(3, 9, 3), (7, 15, 7), (9, 21, 9)])
def test_sides_grow_until_two_are_not_filled(side: int, asked: int, found: int) -> None:
    oracle, picture = Oracle(torch.full((1, 1, side, side), 1 / side**2)), torch.rand(3, 80, 90)
    assert search(oracle)(picture) == found
    assert oracle.asked[-1] == asked
    assert search(oracle, margin=1)(picture) == found + 2


def test_a_third_of_the_picture_is_the_most() -> None:
    oracle = Oracle(torch.full((1, 1, 21, 21), 1 / 441))
    assert search(oracle)(torch.rand(3, 48, 90)) == 15
    assert search(oracle, margin=2)(torch.rand(3, 52, 90)) == 17
    assert search(oracle)(torch.rand(3, 12, 90)) == 3  # nothing is tried
    assert oracle.asked == [0, 5, 9, 15, 5, 9, 15]


@pytest.mark.parametrize("sides", [[], [5, 4], [9, 5], [1, 3], [5, 8]])
def test_sides_that_no_kernel_has_are_refused(sides: list[int]) -> None:
    with pytest.raises(InputError, match="odd sides from 3 on"):
        build("selfdeblur", f"search.sides={sides}")


def test_an_extent_leaves_out_the_lightest_ends() -> None:
    kernel = torch.zeros(1, 1, 9, 9)
    kernel[0, 0, 3, 1:8] = torch.tensor([0.01, 0.2, 0.2, 0.2, 0.2, 0.18, 0.01])
    assert [extent(kernel, -2, mass=mass) for mass in (1.0, 0.95)] == [7, 5]
    assert [extent(kernel, -1, mass=mass) for mass in (1.0, 0.95)] == [1, 1]


def test_the_part_with_contrast_is_looked_at() -> None:
    picture = torch.full((1, 1, 100, 160), 0.5)
    picture[..., 60:90, 100:130] = torch.rand(30, 30)
    part = liveliest(picture, 40)
    assert part.shape == (1, 1, 40, 40)
    assert (part - 0.5).abs().sum() == pytest.approx((picture - 0.5).abs().sum())
    assert liveliest(picture, 120).shape == (1, 1, 100, 120)
    assert torch.equal(liveliest(picture, 200), picture)


def path(side: int, *, seed: int) -> Kernels:
    """A smooth path that spans the side in one direction."""
    turns = np.random.default_rng(seed).normal(size=(200, 2)).cumsum(0).cumsum(0)
    turns = (turns - turns.min(0)) / np.ptp(turns, axis=0).max() * (side - 1)
    kernel = torch.zeros(1, 1, side, side)
    for row, column in turns.round().astype(int):
        kernel[0, 0, row, column] += 1
    return normalized(kernel)


def blurred(photograph: str, kernel: Kernels, *, side: int = 128) -> Tensor:
    """The middle of a photograph under a kernel, with 8 bits."""
    taken = getattr(skimage.data, photograph)()
    colour = as_tensor(np.stack([taken] * 3, axis=-1) if taken.ndim == 2 else taken)
    whole = side + kernel.shape[-1] - 1
    top, left = ((length - whole) // 3 for length in colour.shape[-2:])
    around = colour[None, :, top : top + whole, left : left + whole]
    return (255 * convolved_inside(around, kernel)[0].clamp(0, 1)).round() / 255


@pytest.mark.slow
@pytest.mark.parametrize("photograph", ["astronaut", "camera", "coffee"])
@pytest.mark.parametrize(("side", "seed"), [(9, 1), (17, 5)])
def test_the_blur_of_a_photograph_fits_and_hardly_more(
    photograph: str, side: int, seed: int
) -> None:
    method: Any = build("selfdeblur")
    found = method.search(blurred(photograph, path(side, seed=seed)))
    assert side <= found <= 1.7 * side
