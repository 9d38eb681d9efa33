"""PSNR and SSIM against values worked out by hand and against scikit-image."""

import pytest
import skimage.data
import torch
from skimage.metrics import structural_similarity
from torch import Tensor
from torch.nn import functional

from deblurkit.imaging.psnr import psnr
from deblurkit.metrics.parts.protocol import rounded
from deblurkit.metrics.rgb8 import RGB8, ssim

C1, C2 = 0.01**2, 0.03**2  # of intensities in [0, 1]


def flat(value: float) -> Tensor:
    return torch.full((1, 3, 24, 24), value)


def photograph() -> Tensor:
    pixels = torch.from_numpy(skimage.data.astronaut()[100:196, 180:292])
    return pixels.movedim(-1, 0)[None].float() / 255


def test_an_offset_of_one_grey_level() -> None:
    # 20 lg 255
    assert psnr(flat(100 / 255), flat(101 / 255)).item() == pytest.approx(48.1308, abs=1e-3)


def test_psnr_is_a_mean_over_pictures() -> None:
    restored = torch.cat([flat(0.5), flat(0.5)])
    sharp = torch.cat([flat(0.6), flat(0.51)])
    assert psnr(restored, sharp).item() == pytest.approx((20 + 40) / 2, abs=1e-3)


def test_ssim_of_even_pictures_by_hand() -> None:
    """AS-CycleGAN, eq. 9: without variance its second factor is 1."""
    by_hand = (2 * 0.25 * 0.75 + C1) / (0.25**2 + 0.75**2 + C1)
    # Single precision leaves variances of 1e-7 here, beside c2 = 9e-4; in photographs 1e-5 remain.
    assert ssim(flat(0.25), flat(0.75)).item() == pytest.approx(by_hand, abs=5e-4)


def test_ssim_of_opposite_checkerboards_by_hand() -> None:
    """Equal means and opposite signs: the first factor is 1, the covariance is -variance."""
    signs = torch.tensor([[1.0, -1.0], [-1.0, 1.0]]).repeat(12, 12).expand(1, 3, 24, 24)
    # Under a Gaussian window of sigma 1.5 neighbouring signs cancel, so each mean is 0.5.
    variance = 0.1**2
    by_hand = (-2 * variance + C2) / (2 * variance + C2)
    score = ssim(0.5 + 0.1 * signs, 0.5 - 0.1 * signs).item()
    assert score == pytest.approx(by_hand, abs=2e-3)


def test_ssim_is_scikit_image_s() -> None:
    """With borders mirrored by five pixels, which torchmetrics does and scikit-image cuts off."""
    sharp = photograph()
    noisy = sharp + 0.1 * torch.randn(sharp.shape, generator=torch.Generator().manual_seed(0))
    noisy = noisy.clamp(0, 1)
    _, map_ = structural_similarity(
        *(functional.pad(p, (5, 5, 5, 5), mode="reflect")[0].numpy() for p in (noisy, sharp)),
        channel_axis=0,
        data_range=1.0,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
    )
    assert ssim(noisy, sharp).item() == pytest.approx(map_[:, 5:-5, 5:-5].mean(), abs=1e-4)


def test_the_protocol_scores_what_a_file_of_eight_bits_would_hold() -> None:
    sharp = photograph()
    restored = sharp + 0.4 / 255  # rounds to the same grey levels
    assert rounded(restored).equal(rounded(sharp))
    scores = RGB8()(restored, sharp)
    assert scores["psnr"].isinf()
    assert scores["ssim"].item() == pytest.approx(1.0)
