import pytest
import torch

from deblurkit.losses.squared import mse, negative_psnr


def test_both_by_hand() -> None:
    sharp = torch.zeros(2, 3, 4, 5)
    restored = torch.stack([torch.full((3, 4, 5), 0.1), torch.full((3, 4, 5), 0.01)])
    assert mse(restored, sharp).item() == pytest.approx((0.01 + 0.0001) / 2)
    # 20 dB and 40 dB, averaged in dB and not before the logarithm
    assert negative_psnr(restored, sharp, epsilon=0.0).item() == pytest.approx(-30.0, abs=1e-4)


def test_a_perfect_picture_has_a_finite_score() -> None:
    sharp = torch.rand(1, 3, 4, 4)
    assert negative_psnr(sharp, sharp, epsilon=1e-8).item() == pytest.approx(-80.0, abs=1e-4)
