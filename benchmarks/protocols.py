"""Protocols against the plain way to the same numbers, interleaved in one run, on one core.

Times are processor time, medians.

    python benchmarks/protocols.py
"""

from collections.abc import Callable
from statistics import median

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from skimage.data import astronaut
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from timing import seconds
from torch import Tensor
from torch.nn import functional
from torchmetrics.functional.image import peak_signal_noise_ratio as torchmetrics_psnr
from torchmetrics.functional.image import structural_similarity_index_measure as torchmetrics_ssim

from deblurkit.imaging.formats.files import as_tensor
from deblurkit.metrics.gopro import GoPro
from deblurkit.metrics.kohler import TrajectoryFrame, placed, transform
from deblurkit.metrics.parts.levels import Rounded, interleaved, psnr_of_levels
from deblurkit.metrics.parts.shifts import aligned, resampled
from deblurkit.metrics.parts.similarity import GAUSS_RGB, MATLAB_RGB, gaussian_taps, ssims_rgb

Floats = NDArray[np.float64]
ROUNDS = 7


def compare(
    name: str, ours: Callable[[], object], theirs: Callable[[], object], *, rounds: int = ROUNDS
) -> None:
    ours()
    pairs = [(seconds(ours, "cpu"), seconds(theirs, "cpu")) for _ in range(rounds)]
    fast, slow = (median(column) for column in zip(*pairs, strict=True))
    ratio = median(their / our for our, their in pairs)
    print(f"{name}: {1e3 * fast:.0f} ms against {1e3 * slow:.0f} ms, {ratio:.1f} x")


def pair(height: int, width: int) -> tuple[Tensor, Tensor]:
    pixels = cv2.resize(astronaut(), (width, height), interpolation=cv2.INTER_CUBIC)
    blurred = cv2.GaussianBlur(pixels, (0, 0), 2.0)
    one, other = (as_tensor(p)[None] for p in (blurred, pixels))
    return one, other


def scikit_image(restored: Tensor, sharp: Tensor) -> tuple[float, float]:
    one, other = ((p[0] * 255).round().byte().movedim(0, -1).numpy() for p in (restored, sharp))
    window = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    ssim = structural_similarity(one, other, channel_axis=2, data_range=255, **window)
    return float(peak_signal_noise_ratio(other, one, data_range=255)), float(ssim)


def torchmetrics(restored: Tensor, sharp: Tensor) -> tuple[float, float]:
    one, other = ((p * 255).round() / 255 for p in (restored, sharp))
    ssim = torchmetrics_ssim(one, other, data_range=1.0)
    assert isinstance(ssim, Tensor)
    return torchmetrics_psnr(one, other, data_range=1.0).item(), ssim.item()


def two_scores(restored: Tensor, sharp: Tensor) -> tuple[float, float]:
    one, other = (interleaved(Rounded()(p)) for p in (restored, sharp))
    return psnr_of_levels(one, other).item(), ssims_rgb(one, other, GAUSS_RGB)[0]


def explicit_volume(restored: Tensor, sharp: Tensor) -> float:
    """SSIM of volumes by a convolution of 11 x 11 x 11, single precision, levels less 128."""
    taps = torch.from_numpy(gaussian_taps()).float()
    window = taps[:, None, None] * taps[None, :, None] * taps[None, None, :]
    one, other = (Rounded()(p)[:, None] - 128 for p in (restored, sharp))
    maps = [one, other, one * one + other * other, one * other]
    framed = [functional.pad(m, (5,) * 6, mode="replicate") for m in maps]
    a, b, squares, product = (functional.conv3d(m, window[None, None]).double() for m in framed)
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    contrast = (2 * (product - a * b) + c2) / (squares - a * a - b * b + c2)
    a, b = a + 128, b + 128
    return float(((2 * a * b + c1) / (a * a + b * b + c1) * contrast).mean())


def volume(restored: Tensor, sharp: Tensor) -> float:
    one, other = (interleaved(Rounded()(p)) for p in (restored, sharp))
    return ssims_rgb(one, other, MATLAB_RGB)[0]


def naive_search(restored: Floats, sharp: Floats, *, reach: int) -> float:
    roomy, truth = restored[15 - reach : reach - 15, 15 - reach : reach - 15], sharp[15:-15, 15:-15]
    places = range(8 * reach + 1)
    return min(
        float(((resampled(roomy, row=i, column=j, size=truth.shape) - truth) ** 2).sum())
        for i in places
        for j in places
    )


def search(restored: Floats, sharp: Floats, *, reach: int) -> float:
    fit = aligned(restored, sharp, border=15, reach=reach)
    return float(((fit.restored - fit.sharp) ** 2).sum())


def main() -> None:
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    whole, half = pair(720, 1280), pair(180, 320)
    assert np.allclose(two_scores(*whole), scikit_image(*whole), atol=1e-6)
    assert np.allclose(two_scores(*whole), torchmetrics(*whole), atol=1e-3)
    assert abs(volume(*half) - explicit_volume(*half)) < 1e-5
    compare(
        "psnr and ssim_gauss_rgb, 720p, against scikit-image",
        lambda: two_scores(*whole),
        lambda: scikit_image(*whole),
    )
    compare(
        "psnr and ssim_gauss_rgb, 720p, against torchmetrics",
        lambda: two_scores(*whole),
        lambda: torchmetrics(*whole),
    )
    gopro = GoPro(quantisation=Rounded(), size=None)
    taken = median(seconds(lambda: gopro(*whole), "cpu") for _ in range(ROUNDS))
    print(f"all of gopro, 720p: {1e3 * taken:.0f} ms")
    compare(
        "ssim_matlab_rgb, 320x180, against a convolution of 11 x 11 x 11",
        lambda: volume(*half),
        lambda: explicit_volume(*half),
    )
    planes = [interleaved(Rounded()(p)).astype(np.float64).mean(axis=2) for p in pair(255, 255)]
    moved = np.roll(planes[0], (3, -4), (0, 1))
    assert np.isclose(search(moved, planes[1], reach=1), naive_search(moved, planes[1], reach=1))
    compare(
        "levin's search, 255x255, reach 10, against 6561 resamplings",
        lambda: search(moved, planes[1], reach=10),
        lambda: naive_search(moved, planes[1], reach=10),
        rounds=1,
    )
    one, other = (interleaved(Rounded()(p)) for p in pair(800, 800))
    spectrum, frame = transform(one), TrajectoryFrame(other.astype(np.uint8), transform(other))
    compare(
        "kohler's placing, 800x800, kept transforms against new ones",
        lambda: placed(one, spectrum, frame),
        lambda: placed(one, transform(one), TrajectoryFrame(frame.levels, transform(other))),
    )


if __name__ == "__main__":
    main()
