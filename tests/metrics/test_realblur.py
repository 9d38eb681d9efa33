"""Scores after an alignment by homography."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from photographs import photograph, picture, protocol, spoiled

from deblurkit.metrics.parts.levels import interleaved
from deblurkit.metrics.realblur import warped


def moved(sharp: torch.Tensor, right: float, down: float) -> torch.Tensor:
    """Shifted, cubic, borders repeated, not rounded to levels."""
    matrix = np.array([[1, 0, right], [0, 1, down]])
    levels = interleaved(sharp)
    size = (levels.shape[1], levels.shape[0])
    shifted = cv2.warpAffine(
        levels, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return torch.from_numpy(shifted).movedim(-1, 0)[None].clamp(0, 1)


def test_a_shift_is_undone() -> None:
    sharp = photograph(160, 176)
    restored = moved(sharp, 1.3, -0.7)
    taken, before = (protocol(name)(restored, sharp) for name in ("realblur_ecc", "gopro"))
    assert taken["unaligned"] == 0
    assert taken["psnr"] > before["psnr"] + 8
    assert taken["ssim_gauss_rgb"] > before["ssim_gauss_rgb"]


def test_what_lies_outside_does_not_count() -> None:
    sharp = photograph(160, 176)
    away = sharp.roll(8, 3)
    away[..., :8] = 0.5  # unknown there
    pair = warped(interleaved(away), interleaved(sharp), iterations=100, smoothing=5)
    assert not pair.failed
    assert 6 * 160 * 3 <= (pair.valid == 0).sum() <= 10 * 160 * 3
    outside = pair.valid == 0
    assert not pair.restored[outside].any()
    assert not pair.sharp[outside].any()


def test_intensities_are_scaled_first() -> None:
    sharp = photograph() * 0.9
    taken = protocol("realblur_ecc")(sharp * 0.8, sharp)
    assert taken["psnr"] > 60
    assert taken["ssim_gauss_rgb"].item() == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("level", [0.0, 0.5])
def test_what_cannot_be_aligned_is_scored_as_it_is_and_counted(level: float) -> None:
    sharp, even = photograph(), torch.full_like(photograph(), level)
    realblur = protocol("realblur_ecc")
    taken = realblur(even, sharp)
    assert taken["unaligned"] == 1
    scaled = (sharp * even).double().sum() / even.double().square().sum() * even if level else even
    expected = -10 * (scaled - sharp).double().square().mean().log10()
    assert taken["psnr"].item() == pytest.approx(expected.item(), abs=1e-4)
    realblur.update(spoiled(sharp), sharp)
    assert realblur.compute()["unaligned"] == 0.5


def test_a_perfect_picture_loses_by_the_alignment_itself() -> None:
    """It lies half a pixel beside: back there the cubic filter takes what it had of fine detail."""
    whole = photograph(160, 160)
    rows, columns = torch.fft.fftfreq(160)[:, None], torch.fft.rfftfreq(160)
    turned = torch.fft.rfft2(whole) * torch.exp(-1j * torch.pi * (rows + columns))
    inner = (..., slice(16, -16), slice(16, -16))
    beside, sharp = torch.fft.irfft2(turned, s=(160, 160))[inner], whole[inner]
    taken, before = (protocol(name)(beside, sharp)["psnr"] for name in ("realblur_ecc", "gopro"))
    assert before + 8 < taken < 42
    assert protocol("realblur_ecc")(sharp, sharp)["psnr"] > 60


def test_rsblur_clamps_what_the_gain_and_the_cubic_filter_push_beyond_white() -> None:
    sharp = photograph()
    contrasty = sharp**1.5  # darker but for white, which the gain pushes above 1
    pair = warped(interleaved(contrasty), interleaved(sharp), iterations=100, smoothing=5)
    assert pair.restored.max() > 1
    squares = (pair.restored.clip(0, 1) - pair.sharp).astype(np.float64) ** 2
    expected = -10 * np.log10(squares.sum() / pair.valid.sum(dtype=np.float64))
    clamped, as_it_is = (
        protocol(name)(contrasty, sharp) for name in ("rsblur_ecc", "realblur_ecc")
    )
    assert clamped["psnr"].item() == pytest.approx(expected, abs=1e-6)
    assert clamped["psnr"] > as_it_is["psnr"]
    assert clamped["unaligned"] == as_it_is["unaligned"] == 0


@pytest.mark.slow
def test_published_pictures(test_data: Path) -> None:
    """Values of another implementation of the same steps; OpenCV's version moves last digits."""
    folder = test_data / "gopro_official"
    sharp = picture(folder / "GOPR0384_11_00-000001_sharp.png")
    blurred = picture(folder / "GOPR0384_11_00-000001_blur.png")
    taken = protocol("realblur_ecc")(blurred, sharp)
    assert taken["psnr"].item() == pytest.approx(24.068, abs=0.02)
    pair = warped(interleaved(blurred), interleaved(sharp), iterations=100, smoothing=5)
    assert pair.valid.mean() == pytest.approx(0.9995, abs=3e-4)
    taken = protocol("realblur_ecc")(moved(sharp, 1.3, -0.7), sharp)
    assert taken["psnr"].item() == pytest.approx(45.592, abs=0.02)
