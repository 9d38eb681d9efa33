"""Protocols of aligned pairs: against scikit-image, an explicit window, and published pictures."""

from pathlib import Path

import numpy as np
import pytest
import scipy.ndimage
import torch
from photographs import photograph, picture, protocol, spoiled
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from deblurkit.errors import InputError
from deblurkit.metrics.parts.levels import (
    Exact,
    Rounded,
    Truncated,
    gray_levels,
    interleaved,
    psnr_of_levels,
    studio_luma,
)
from deblurkit.metrics.parts.similarity import shrunk

WINDOW = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}


def test_psnr_and_the_gaussian_window_are_scikit_image_s() -> None:
    restored, sharp = spoiled(photograph()), photograph()
    taken = protocol("gopro")(restored, sharp)
    one, other = (interleaved(Rounded()(p)).astype(np.uint8) for p in (restored, sharp))
    by_skimage = structural_similarity(one, other, channel_axis=2, data_range=255, **WINDOW)
    assert taken["ssim_gauss_rgb"].item() == pytest.approx(by_skimage, abs=1e-6)
    assert taken["psnr"].item() == pytest.approx(peak_signal_noise_ratio(other, one), abs=1e-5)


def explicit_similarity(one: np.ndarray, other: np.ndarray) -> float:
    """SSIM of volumes under a window written out in three dimensions, double precision."""
    line = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    window = line[:, None, None] * line[None, :, None] * line[None, None, :]
    window /= window.sum()

    def local(volume: np.ndarray) -> np.ndarray:
        return scipy.ndimage.correlate(volume, window, mode="nearest")

    mean, truth = local(one), local(other)
    covariance = local(one * other) - mean * truth
    variances = local(one**2) - mean**2 + local(other**2) - truth**2
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    maps = (2 * mean * truth + c1) * (2 * covariance + c2)
    return float((maps / ((mean**2 + truth**2 + c1) * (variances + c2))).mean())


def test_a_colour_picture_is_a_volume_to_matlab() -> None:
    restored, sharp = spoiled(photograph(40, 48)), photograph(40, 48)
    levels = (interleaved(Rounded()(p)).astype(np.float64) for p in (restored, sharp))
    taken = protocol("gopro")(restored, sharp)["ssim_matlab_rgb"].item()
    assert taken == pytest.approx(explicit_similarity(*levels), abs=1e-6)


def test_quantisations() -> None:
    levels = torch.arange(256.0).repeat(3, 1)[None, :, None]
    for quantised in (Rounded(), Truncated()):
        assert quantised(levels / 255).equal(levels)  # what a file holds stays
    assert Truncated()((levels / 255).nextafter(torch.zeros(()))).equal(levels)  # just missed
    assert Exact()(levels / 255).allclose(levels)
    above = (levels + 0.7) / 255
    assert Rounded()(above).equal((levels + 1).clamp(max=255))
    assert Truncated()(above).equal(levels)
    assert Exact()(above)[..., :255].allclose(levels[..., :255] + 0.7)


def test_protocols_of_the_three_quantisations_differ_as_they_should() -> None:
    sharp = photograph() * 200 // 1 / 255  # nothing will be clamped
    restored = sharp + 0.7 / 255
    taken = {n: protocol(n)(restored, sharp) for n in ("gopro", "gopro_truncated", "gopro_float")}
    assert taken["gopro"]["psnr"].item() == pytest.approx(20 * np.log10(255), abs=1e-4)
    assert taken["gopro_truncated"]["psnr"].isinf()
    assert taken["gopro_float"]["psnr"].item() == pytest.approx(20 * np.log10(255 / 0.7), abs=1e-3)


def test_half_resolution_is_one_size() -> None:
    with pytest.raises(InputError, match="640x360 pixels, not 112x96"):
        protocol("gopro_half")(spoiled(photograph()), photograph())
    even = torch.full((1, 3, 360, 640), 0.5)
    assert protocol("gopro_half")(even, even)["psnr"].isinf()


def test_a_picture_smaller_than_the_window_is_refused() -> None:
    with pytest.raises(InputError, match="at least 11 pixels, not 10"):
        protocol("gopro")(photograph(10, 48), photograph(10, 48))


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_shrinking_starts_its_box_where_matlab_does(factor: int) -> None:
    """MATLAB's ``imfilter`` takes the earlier of two middle pixels: even boxes reach further on."""
    levels = np.random.default_rng(0).uniform(0, 255, (11, 14))
    before, after = (factor - 1) // 2, factor // 2
    framed = np.pad(levels, (before, after), mode="symmetric")
    boxes = np.lib.stride_tricks.sliding_window_view(framed, (factor, factor))
    expected = boxes.mean(axis=(2, 3))[::factor, ::factor]
    assert shrunk(levels, factor=factor) == pytest.approx(expected)


# Of the first picture of GoPro's test set, blurred, and restored by the published DMPHN-1-2-4:
# PSNR and SSIM as they were measured with scikit-image and an explicit window.
PUBLISHED: dict[str, dict[str, tuple[float | None, ...]]] = {
    "gopro_official/GOPR0384_11_00-000001_blur.png": {
        "gopro": (24.0500, 0.79629, 0.71695),
        "gray": (None, 0.71612),
        "wang": (None, 0.78318),
        "luma": (25.4338,),
    },
    "dmphn/result/000001.png": {
        "gopro": (30.7462, 0.92623, 0.89717),
        "gray": (None, 0.89901),
        "wang": (None, 0.95749),
        "luma": (32.3252,),
    },
}


@pytest.mark.parametrize("file", PUBLISHED)
def test_published_pictures(test_data: Path, file: str) -> None:
    sharp = picture(test_data / "gopro_official" / "GOPR0384_11_00-000001_sharp.png")
    restored = picture(test_data / file)
    expected = dict(PUBLISHED[file])
    luma = psnr_of_levels(studio_luma(restored), studio_luma(sharp)).item()
    assert luma == pytest.approx(expected.pop("luma")[0], abs=1e-4)
    for name, values in expected.items():
        for taken, value in zip(protocol(name)(restored, sharp).values(), values, strict=True):
            assert value is None or taken.item() == pytest.approx(value, abs=1.5e-5 * max(value, 1))


def test_gray_levels_are_whole_and_gray_stays_gray() -> None:
    gray = torch.arange(256.0).repeat(3, 1)[None, :, None] / 255
    assert gray_levels(gray)[0].tolist() == list(range(256))
    assert (gray_levels(photograph()) % 1 == 0).all()
