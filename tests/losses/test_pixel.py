"""Distances pixel by pixel."""

import pytest
import torch

from deblurkit.losses.pixel import charbonnier, l1

RESTORED = torch.tensor([0.0, 0.5, 1.0, 0.25]).reshape(1, 1, 2, 2)
SHARP = torch.tensor([0.0, 0.25, 0.5, 0.5]).reshape(1, 1, 2, 2)


def test_l1_is_the_mean_over_all_values_of_the_batch() -> None:
    assert l1(RESTORED, SHARP).item() == 0.25
    assert l1(RESTORED.repeat(3, 3, 1, 1), SHARP.repeat(3, 3, 1, 1)).item() == 0.25


def test_charbonnier_is_the_mean_of_its_formula() -> None:
    expected = (0.3 + 2 * (0.25**2 + 0.3**2) ** 0.5 + (0.5**2 + 0.3**2) ** 0.5) / 4
    assert charbonnier(RESTORED, SHARP, epsilon=0.3).item() == pytest.approx(expected)


def test_charbonnier_approaches_l1_from_above() -> None:
    gaps = [charbonnier(RESTORED, SHARP, epsilon=e) - l1(RESTORED, SHARP) for e in (1e-2, 1e-4)]
    assert 1e-2 > gaps[0] > gaps[1] > 0


@pytest.mark.parametrize("distance", [l1, charbonnier])
def test_a_distance_is_a_symmetric_scalar_with_finite_gradients_at_equality(distance) -> None:
    restored = RESTORED.clone().requires_grad_()
    value = distance(restored, RESTORED)
    value.backward()
    assert value.shape == ()
    assert restored.grad is not None
    assert not restored.grad.any()
    assert distance(RESTORED, SHARP) == distance(SHARP, RESTORED)


def test_charbonnier_has_epsilon_for_its_minimum() -> None:
    assert charbonnier(SHARP, SHARP).item() == pytest.approx(1e-3)


@pytest.mark.parametrize("epsilon", [0.0, -1e-3])
def test_charbonnier_refuses_an_epsilon_that_is_not_positive(epsilon: float) -> None:
    with pytest.raises(ValueError, match="epsilon must be positive"):
        charbonnier(RESTORED, SHARP, epsilon=epsilon)
