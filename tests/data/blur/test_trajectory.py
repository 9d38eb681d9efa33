import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from deblurkit.data.blur.parts.family import choice, uniform
from deblurkit.data.blur.published import published_kernels, published_placement
from deblurkit.data.blur.trajectory import CameraShake, ShakeDraws, shake_draws, shake_paths

sys.path.insert(0, str(Path(__file__).parents[3] / "benchmarks"))

import published_trajectory as peer

FRACTIONS = [0.01, 0.1, 0.5, 1.0]


@pytest.fixture
def draws() -> ShakeDraws:
    anxiety = torch.tensor([0.01, 0.003, 0.5, 0.0], dtype=torch.float64)  # 0.5: turns are frequent
    return shake_draws(anxiety, 300, torch.Generator().manual_seed(0))


def peer_paths(draws: ShakeDraws) -> list[torch.Tensor]:
    columns = [values.double().unbind(-1) for values in draws]
    each = [
        peer.Draws(*map(float, one[:5]), *(part.numpy() for part in one[5:]))
        for one in zip(*columns, strict=True)
    ]
    return [torch.from_numpy(peer.trajectory(one, length=60.0)) for one in each]


def test_the_same_numbers_walk_the_published_path(draws: ShakeDraws) -> None:
    theirs = torch.view_as_real(torch.stack(peer_paths(draws)))
    assert (shake_paths(draws, length=60.0) - theirs).abs().max() < 1e-12


def test_the_same_numbers_give_the_published_kernels(draws: ShakeDraws) -> None:
    placed = published_placement(shake_paths(draws, length=60.0), canvas=64)
    ours = published_kernels(placed, canvas=64, fractions=FRACTIONS)
    for path, kernels in zip(peer_paths(draws), ours, strict=True):
        theirs = peer.kernels(peer.placed(path.numpy(), canvas=64), canvas=64, fractions=FRACTIONS)
        for kernel, other in zip(kernels, theirs, strict=True):
            assert (kernel - torch.from_numpy(other)).abs().max() < 6e-15


def test_published_kernels_sum_to_their_fractions() -> None:
    draws = shake_draws(
        torch.full((3,), 0.005, dtype=torch.float64), 2000, torch.Generator().manual_seed(0)
    )
    placed = published_placement(shake_paths(draws, length=60.0), canvas=64)
    sums = published_kernels(placed, canvas=64, fractions=FRACTIONS).sum(dim=(-1, -2))
    expected = torch.tensor([0.01, 0.1, 0.5, 0.9995], dtype=torch.float64)
    torch.testing.assert_close(sums, expected.expand(3, -1))


def test_paths_have_the_length_asked_for(draws: ShakeDraws) -> None:
    steps = shake_paths(draws, length=60.0).diff(dim=1).norm(dim=-1)
    torch.testing.assert_close(steps.sum(dim=1), torch.full((4,), 60.0, dtype=torch.float64))


def test_without_anxiety_a_path_is_straight(draws: ShakeDraws) -> None:
    straight = shake_paths(draws, length=60.0)[3]
    assert (straight[-1] - straight[0]).norm() == pytest.approx(60)


def test_a_short_exposure_is_a_small_kernel() -> None:
    def extent(fraction: float) -> torch.Tensor:
        shake = CameraShake(size=63, samples=400, fractions=[fraction])
        kernels = shake.draw(20, torch.Generator().manual_seed(0)).kernels
        return (kernels > 0).sum(dim=(-1, -2)).double().mean()

    assert extent(0.1) < extent(0.5) < extent(1.0)


def test_a_path_too_wide_is_shrunk_and_says_so() -> None:
    shake = CameraShake(size=9, samples=200, anxieties=[0.0], fractions=[1.0])
    batch = shake.draw(4, torch.Generator().manual_seed(0))
    assert (batch.parameters["scale"] < 0.2).all()
    torch.testing.assert_close(batch.kernels.sum(dim=(-1, -2)), torch.ones(4, 1))


def plain_kernel(path: np.ndarray, seen: float, *, size: int) -> np.ndarray:
    """What a path, given as complex numbers, exposes in its first ``seen`` samples."""
    weights = np.clip(seen - np.arange(len(path)), 0, 1)
    weights /= weights.sum()
    path = path - (path * weights).sum()
    shown = path[weights > 0]
    reach = max(np.abs(shown.real).max(), np.abs(shown.imag).max())
    path = path * min(1.0, size // 2 / reach)
    kernel = np.zeros((size, size))
    for point, weight in zip(path[weights > 0], weights[weights > 0], strict=True):
        for row in range(size):
            near = max(0.0, 1 - abs(point.imag + size // 2 - row))
            if near:
                across = 1 - np.abs(point.real + size // 2 - np.arange(size))
                kernel[row] += weight * near * across.clip(min=0)
    return kernel


def test_kernels_are_those_of_the_published_paths_in_double_precision() -> None:
    """Whatever the walk leaves out because no exposure shows it, and in whatever order it goes."""
    shake = CameraShake(size=15, samples=300, scale=(0.5, 1.5), fractions=(0.1, 0.333, 1.0))
    kernels = shake.draw(7, torch.Generator().manual_seed(5)).kernels
    generator = torch.Generator().manual_seed(5)
    anxiety = choice(shake.anxieties, 7, generator)
    fraction = choice(shake.fractions, 7, generator)
    scale = uniform(shake.scale, 7, generator)
    paths = peer_paths(shake_draws(anxiety, 300, generator))
    assert len(set(fraction.tolist())) == 3
    for kernel, path, share, factor in zip(kernels, paths, fraction, scale, strict=True):
        plain = plain_kernel(path.numpy() * float(factor), float(share) * 300, size=15)
        np.testing.assert_allclose(kernel[0].numpy(), plain, rtol=0, atol=1e-4)


def test_exposures_of_any_order_and_length_stay_apart() -> None:
    shake = CameraShake(size=31, samples=200, fractions=[0.15, 0.7, 1.0])
    together = shake.draw(40, torch.Generator().manual_seed(1))
    order = together.parameters["fraction"].argsort()
    extents = (together.kernels > 0).sum(dim=(-1, -2)).flatten()[order]
    assert extents[:10].double().mean() < extents[-10:].double().mean()
    torch.testing.assert_close(together.kernels.sum(dim=(-1, -2)), torch.ones(40, 1))


def test_a_batch_with_frequent_turns_walks_as_each_alone() -> None:
    """Turns are looked up by walker and step."""
    anxiety = torch.full((5,), 0.5, dtype=torch.float64)
    many = shake_draws(anxiety, 80, torch.Generator().manual_seed(2))
    alone = [ShakeDraws(*(values[..., [n]] for values in many)) for n in range(5)]
    paths = torch.cat([shake_paths(draws, length=10.0) for draws in alone])
    torch.testing.assert_close(shake_paths(many, length=10.0), paths, rtol=0, atol=1e-12)
