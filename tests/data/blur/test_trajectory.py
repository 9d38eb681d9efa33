import sys
from pathlib import Path

import pytest
import torch

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
