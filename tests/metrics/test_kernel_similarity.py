"""Kernels compared up to a shift."""

import pytest
import torch
from torch import Tensor

from deblurkit.imaging.blur.kernels import normalized, padded
from deblurkit.metrics.kernel_similarity import kernel_mse, kernel_scores, kernel_similarity


def kernels(size: int, count: int = 3) -> Tensor:
    torch.manual_seed(size)
    return normalized(torch.rand(count, 1, size, size).pow(3))


def every_shift(estimated: Tensor, true: Tensor) -> tuple[float, float]:
    """Largest cosine and least mean square, one shift after another."""
    reach = estimated.shape[-1]
    room = torch.zeros(true.shape[-1] + 2 * reach, true.shape[-1] + 2 * reach)
    framed = room.clone()
    framed[reach:-reach, reach:-reach] = true
    cosines, squares = [], []
    for down in range(len(room) - reach + 1):
        for right in range(len(room) - reach + 1):
            moved = room.clone()
            moved[down : down + reach, right : right + reach] = estimated
            cosines.append((moved * framed).sum() / moved.norm() / framed.norm())
            squares.append((moved - framed).square().sum() / true.numel())
    return float(torch.stack(cosines).max()), float(torch.stack(squares).min())


@pytest.mark.parametrize(("size", "true_size"), [(5, 5), (3, 7), (9, 5)])
def test_it_is_the_best_of_all_shifts(size: int, true_size: int) -> None:
    estimated, true = kernels(size), kernels(true_size)
    similar, errors = kernel_similarity(estimated, true), kernel_mse(estimated, true)
    for number in range(3):
        cosine, square = every_shift(estimated[number, 0], true[number, 0])
        assert similar[number].item() == pytest.approx(cosine, rel=1e-5)
        assert errors[number].item() == pytest.approx(square, rel=1e-4)


def test_a_moved_kernel_is_the_same_and_a_turned_one_is_not() -> None:
    true = kernels(5, 1)
    moved = padded(true, 11).roll((3, -2), (-2, -1))
    assert kernel_scores(moved, true)["kernel_similarity"] == pytest.approx(1)
    assert kernel_scores(moved, true)["kernel_mse"] == pytest.approx(0, abs=1e-9)
    assert kernel_similarity(moved.flip(-1, -2), true) < 0.95


def test_scale_matters_for_the_error_only() -> None:
    true = kernels(5, 1)
    assert kernel_similarity(2 * true, true).item() == pytest.approx(1)
    assert kernel_mse(2 * true, true) > 0
