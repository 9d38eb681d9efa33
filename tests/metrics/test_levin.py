"""Scores up to a shift: against resampling at every shift, and on real pictures."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from photographs import photograph, picture, protocol, spoiled
from scipy.ndimage import map_coordinates

from deblurkit.errors import InputError
from deblurkit.metrics.levin import LevinErrorRatio, full_luma
from deblurkit.metrics.parts.levels import studio_luma
from deblurkit.metrics.parts.shifts import aligned, squared_errors


def every_shift(restored: np.ndarray, sharp: np.ndarray, *, reach: int) -> np.ndarray:
    """Squared errors of each shift, resampled one by one by SciPy."""
    rows, columns = (np.arange(15, side - 15) for side in sharp.shape)
    truth = sharp[15:-15, 15:-15]
    steps = np.arange(-reach, reach + 0.25, 0.25)
    errors = np.empty((len(steps), len(steps)))
    for i, down in enumerate(steps):
        for j, across in enumerate(steps):
            places = np.meshgrid(rows + down, columns + across, indexing="ij")
            moved = map_coordinates(restored, places, order=1)
            errors[i, j] = ((moved - truth) ** 2).sum()
    return errors


def test_errors_of_all_shifts_are_those_of_resampled_pictures() -> None:
    generator = np.random.default_rng(0)
    sharp = generator.uniform(0, 255, (52, 47))
    restored = np.roll(sharp, (1, -1), (0, 1)) + generator.normal(0, 20, sharp.shape)
    expected = every_shift(restored, sharp, reach=2)
    errors = squared_errors(restored[13:-13, 13:-13], sharp[15:-15, 15:-15], reach=2)
    assert errors == pytest.approx(expected, rel=1e-10)
    fit = aligned(restored, sharp, border=15, reach=2)
    assert (fit.rows, fit.columns) == (1, -1)
    assert ((fit.restored - fit.sharp) ** 2).sum() == pytest.approx(expected.min(), rel=1e-10)


@pytest.mark.parametrize("shift", [(10, -10), (-10, 10), (0, 7), (0, 0)])
def test_a_picture_that_only_moved_is_perfect(shift: tuple[int, int]) -> None:
    sharp = photograph().mean(dim=1, keepdim=True).expand(-1, 3, -1, -1)
    taken = protocol("levin")(sharp.roll(shift, (2, 3)), sharp)
    assert taken["psnr"].item() > 200  # infinite but for the luminance's last digits
    assert taken["ssim_wang"].item() == pytest.approx(1)


def test_a_quarter_of_a_pixel_is_found() -> None:
    sharp = full_luma(photograph())
    later = np.roll(sharp, -1, axis=0)
    fit = aligned(0.75 * sharp + 0.25 * later, sharp, border=15, reach=3)
    assert abs(fit.rows) <= 0.25  # interpolation blurs: staying may fit as well as going back
    fit = aligned(sharp, 0.75 * sharp + 0.25 * later, border=15, reach=3)
    assert (fit.rows, fit.columns) == (0.25, 0)
    assert fit.restored == pytest.approx(fit.sharp)


def test_lai_s_luminance_is_matlab_s() -> None:
    """By MATLAB's documentation: black is 16, white 235."""
    assert studio_luma(torch.zeros(1, 3, 2, 2)) == pytest.approx(16)
    assert studio_luma(torch.ones(1, 3, 2, 2)) == pytest.approx(235)
    gray = photograph().mean(dim=1, keepdim=True).expand(-1, 3, -1, -1)
    noise = 0.05 * torch.randn(1, 1, *gray.shape[2:], generator=torch.Generator().manual_seed(0))
    noisy = gray + noise
    lai, levin = (protocol(name)(noisy, gray) for name in ("lai", "levin"))
    difference = (lai["psnr_y"] - levin["psnr"]).item()
    assert difference == pytest.approx(20 * np.log10(255 / 219), abs=1e-4)


def stored(folder: Path, pixels: torch.Tensor) -> None:
    levels = (pixels[0].permute(1, 2, 0).flip(-1) * 255).round().byte().numpy()
    assert cv2.imwrite(str(folder / "im1_kernel1_img.png"), levels)


def test_error_ratios(tmp_path: Path) -> None:
    sharp = photograph()
    known = ((spoiled(sharp) * 255).round() / 255).float()
    stored(tmp_path, known)
    ratios = LevinErrorRatio(known=str(tmp_path), border=15, reach=0)
    worse = sharp + 1.6 * (known - sharp)
    taken = ratios(worse, sharp, names=["im1_kernel1_img"])
    assert taken["error_ratio_ssd"].item() == pytest.approx(1.6**2, rel=1e-4)
    assert taken["error_ratio_spectral"].item() == pytest.approx(1.6, rel=1e-4)
    assert (taken["success_2"].item(), taken["success_3"].item()) == (0, 1)
    same = ratios(known, sharp, names=["im1_kernel1_img"])
    assert same["error_ratio_ssd"].item() == pytest.approx(1)
    assert ratios.compute()["success_2"].item() == 0.5


def test_what_error_ratios_need(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="known=<folder>"):
        protocol("levin_error_ratio")
    ratios = LevinErrorRatio(known=str(tmp_path), border=15, reach=2)
    with pytest.raises(InputError, match="need names"):
        ratios(photograph(), photograph())
    with pytest.raises(InputError, match=r"im1_kernel1_img\.png"):
        ratios(photograph(), photograph(), names=["im1_kernel1_img"])
    stored(tmp_path, photograph(50, 60))
    with pytest.raises(InputError, match="another size"):
        ratios(photograph(), photograph(), names=["im1_kernel1_img"])


def test_a_picture_smaller_than_its_border_is_refused() -> None:
    with pytest.raises(InputError, match="too few"):
        protocol("levin")(photograph(30, 60), photograph(30, 60))


def test_real_pictures_fit_best_within_the_search(test_data: Path) -> None:
    """The least error of all 6561 resamplings, and by how far blurred pictures miss."""
    folder = test_data / "levin"
    sharp, blurred = picture(folder / "im1.png"), picture(folder / "im1_kernel4_img.png")
    fit = aligned(full_luma(blurred), full_luma(sharp), border=15, reach=1)
    expected = every_shift(full_luma(blurred), full_luma(sharp), reach=1)
    assert ((fit.restored - fit.sharp) ** 2).sum() == pytest.approx(expected.min(), rel=1e-10)
    taken = [
        protocol("levin")(
            picture(folder / f"im{i}_kernel{k}_img.png"), picture(folder / f"im{i}.png")
        )
        for i in (1, 2)
        for k in range(1, 9)
    ]
    psnr = sum(one["psnr"].item() for one in taken) / 16
    assert 20 < psnr < 26
