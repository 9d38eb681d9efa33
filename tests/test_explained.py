"""The best kernels of the study of blur that varies: they are found, and nothing beats them."""

import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.optimize
import skimage.data
import torch
from torch import Tensor

from deblurkit.networks.parts.nonuniform import Tents, blended

sys.path.insert(0, str(Path(__file__).parents[1] / "studies"))

from explained import TOLERANCE, best_kernels

SIDE, SIZE = 24, 5
SEEN = torch.ones(SIDE, SIDE, dtype=torch.bool)


def latent(size: int = SIZE) -> Tensor:
    side = SIDE + size - 1
    photograph = skimage.data.camera()[60 : 60 + side, 220 : 220 + side]
    return torch.from_numpy(photograph / 255)[None, None]


def kernels(count: int, size: int = SIZE) -> Tensor:
    drawn = torch.rand(count, 1, size, size, generator=torch.Generator().manual_seed(0)).pow(4)
    return (drawn / drawn.sum(dim=(-1, -2), keepdim=True)).double()


def noise(level: float) -> Tensor:
    drawn = torch.randn(1, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(1))
    return level * drawn.double()


def tents(columns: int) -> Tensor:
    return Tents((SIDE, SIDE), rows=1, columns=columns)().double()


@pytest.mark.parametrize("columns", [1, 2])
def test_the_kernels_that_blurred_are_found(columns: int) -> None:
    true, shares = kernels(columns), tents(columns)
    blurred = blended(latent(), true, shares) + noise(0.002)
    found = best_kernels(latent(), blurred, shares, seen=SEEN)
    assert found.shape == true.shape
    assert (found - true).abs().max() < 0.05
    assert found.min() >= 0
    torch.testing.assert_close(found.sum(dim=(-1, -2, -3)), torch.ones(columns).double())


def test_nothing_that_another_solver_finds_is_better() -> None:
    shares, size = tents(1), 3
    blurred = blended(latent(size), kernels(1, size), shares) + noise(0.05)

    def error(weights: np.ndarray) -> float:
        kernel = torch.from_numpy(weights).view(1, 1, size, size)
        return float((blended(latent(size), kernel, shares) - blurred).square().sum())

    other = scipy.optimize.minimize(
        error,
        np.full(size**2, 1 / size**2),
        method="SLSQP",
        bounds=[(0, 1)] * size**2,
        constraints={"type": "eq", "fun": lambda weights: weights.sum() - 1},
    )
    found = best_kernels(latent(size), blurred, shares, seen=SEEN)
    assert error(found.flatten().numpy()) < (1 + TOLERANCE) * other.fun


def test_only_pixels_that_are_seen_count() -> None:
    shares, seen = tents(1), SEEN.clone()
    seen[:, ::2] = False
    blurred = blended(latent(), kernels(1), shares) + noise(0.01)
    spoilt = torch.where(seen, blurred, blurred.mean())
    found, again = (best_kernels(latent(), one, shares, seen=seen) for one in (blurred, spoilt))
    torch.testing.assert_close(found, again, atol=0.02, rtol=0)
    assert not torch.equal(blurred, spoilt)
