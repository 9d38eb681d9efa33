"""Koehler's protocol: gain, whole-pixel shift, luminance, the best of all frames."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import scipy.ndimage
import torch
from photographs import photograph, picture, protocol, spoiled
from skimage.registration import phase_cross_correlation

from deblurkit.errors import InputError
from deblurkit.metrics.kohler import Kohler, read_frame, shift, transform
from deblurkit.metrics.parts.levels import FULL_RANGE, Rounded, interleaved
from deblurkit.metrics.parts.similarity import ms_ssim_metrix


def write(path: Path, shown: torch.Tensor) -> None:
    levels = (shown[0].permute(1, 2, 0).flip(-1) * 255).round().byte().numpy()
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), levels)


def kohler(folder: Path, count: int, **changes: object) -> Kohler:
    given = {"counts": {}, "left_out": {}, "kept": 0, "count": count} | changes
    frames = f"{folder}/Image{{scene}}/Kernel{{trajectory}}/*.png"
    return Kohler(frames=frames, **given)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kohler")
    whole = photograph(240, 250)
    for number in range(3):
        one = whole[..., 10 + number : 210 + number, 20:220]
        write(folder / "Image1" / "Kernel2" / f"GroundTruth1_2_{number + 1}.png", one)
    return folder


def test_a_frame_itself_is_infinite_and_perfect(frames: Path) -> None:
    own = photograph(240, 250)[..., 11:211, 20:220]
    taken = kohler(frames, 3)(own, own, names=["Blurry1_2"])
    assert taken["psnr"].isinf()
    assert taken["ms_ssim"].item() == pytest.approx(1)


def by_scikit_image(restored: torch.Tensor, frame: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """The same steps with other tools."""
    z, x = (interleaved(Rounded()(one)).astype(np.float64) for one in (restored, frame))
    z = z * (x * z).sum() / (z * z).sum()
    place = phase_cross_correlation(x.mean(2), z.mean(2), upsample_factor=1, normalization=None)[0]
    moved = scipy.ndimage.shift(z, (*place, 0), order=0)
    mask = scipy.ndimage.shift(np.ones_like(z), (*place, 0), order=0)
    return moved @ np.array(FULL_RANGE), (x * mask) @ np.array(FULL_RANGE)


def test_scores_are_the_best_of_all_frames(frames: Path) -> None:
    restored = (spoiled(photograph(240, 250))[..., 15:215, 17:217] * 0.9).clamp(0, 1)
    taken = kohler(frames, 3, kept=1)(restored, restored, names=["Blurry1_2"])
    psnr, similarity = [], []
    for file in sorted(frames.rglob("*.png")):
        one, other = by_scikit_image(restored, picture(file))
        psnr.append(10 * np.log10(255**2 / ((one - other) ** 2).mean()))
        similarity.append(ms_ssim_metrix(one, other))
    assert taken["psnr"].item() == pytest.approx(max(psnr), abs=1e-4)
    assert taken["ms_ssim"].item() == pytest.approx(max(similarity), abs=1e-6)


def test_kept_transforms_change_nothing(frames: Path) -> None:
    restored = spoiled(photograph(240, 250))[..., 15:215, 17:217]
    keeping = kohler(frames, 3, kept=1)
    first, again = (keeping(restored, restored, names=["Blurry1_2"]) for _ in range(2))
    assert list(keeping.memory) == ["1_2"]
    assert first == again == kohler(frames, 3)(restored, restored, names=["Blurry1_2"])


def test_frames_that_are_left_out_do_not_count(frames: Path) -> None:
    own = photograph(240, 250)[..., 11:211, 20:220]
    taken = kohler(frames, 3, left_out={"1_2": [2]})(own, own, names=["Blurry1_2"])
    assert not taken["psnr"].isinf()


def test_multi_scale_similarity_by_hand() -> None:
    """Even pictures: no variance, so only the luminance of the last scale is left."""
    c1 = (0.01 * 255) ** 2
    one, other = np.full((200, 200), 60.0), np.full((200, 200), 180.0)
    luminance = (2 * 60 * 180 + c1) / (60**2 + 180**2 + c1)
    assert ms_ssim_metrix(one, other) == pytest.approx(luminance**0.1333)


def explicit_multi_scale(one: np.ndarray, other: np.ndarray) -> float:
    """The same in SciPy's filters, contrast and structure with square roots of their own."""
    rising = [0.0378284555, -0.0238494650, -0.1106244044, 0.3774028556, 0.8526986790]
    low = np.array([*rising, *rising[-2::-1]])
    line = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    c1, c2, score = (0.01 * 255) ** 2, (0.03 * 255) ** 2, 1.0

    def filtered(plane: np.ndarray, taps: np.ndarray) -> np.ndarray:
        window = np.outer(taps, taps) / np.outer(taps, taps).sum()
        return scipy.ndimage.correlate(plane, window, mode="reflect")

    for scale, share in enumerate((0.0448, 0.2856, 0.3001, 0.2363, 0.1333)):
        if scale:
            one, other = (filtered(plane, low)[::2, ::2] for plane in (one, other))
        products = (one, other, one**2, other**2, one * other)
        a, b, aa, bb, ab = (filtered(p, line)[5:-5, 5:-5] for p in products)
        deviation, truth = np.sqrt(aa - a**2), np.sqrt(bb - b**2)
        contrast = (2 * deviation * truth + c2) / (deviation**2 + truth**2 + c2)
        structure = (ab - a * b + c2 / 2) / (deviation * truth + c2 / 2)
        score *= (contrast.mean() * structure.mean()) ** share
    return float(score * ((2 * a * b + c1) / (a**2 + b**2 + c1)).mean() ** 0.1333)


def test_multi_scale_similarity_is_its_definition() -> None:
    sharp = photograph(201, 230)
    one, other = (
        interleaved(Rounded()(shown)).astype(np.float64) @ np.array(FULL_RANGE)
        for shown in (spoiled(sharp), sharp)
    )
    assert ms_ssim_metrix(one, other) == pytest.approx(explicit_multi_scale(one, other), abs=1e-8)


def test_black_has_no_gain(frames: Path) -> None:
    black = torch.zeros(1, 3, 200, 200)
    taken = kohler(frames, 3)(black, black, names=["Blurry1_2"])
    assert 0 < taken["psnr"] < 20


def test_what_is_missing_is_said(frames: Path) -> None:
    own = photograph(200, 200)
    with pytest.raises(InputError, match="does not end in scene and trajectory"):
        kohler(frames, 3)(own, own, names=["blurry"])
    with pytest.raises(InputError, match="3 frames instead of 199"):
        kohler(frames, 199)(own, own, names=["Blurry1_2"])
    with pytest.raises(InputError, match="0 frames instead of 3"):
        kohler(frames, 3)(own, own, names=["Blurry1_1"])
    with pytest.raises(InputError, match="differ in size"):
        kohler(frames, 3)(own[..., 1:], own[..., 1:], names=["Blurry1_2"])
    assert isinstance(protocol("kohler"), Kohler)


def test_published_picture(test_data: Path, tmp_path: Path) -> None:
    """A scaled copy is not perfect: its gain is fitted before it is moved."""
    whole = picture(test_data / "gopro_official" / "GOPR0384_11_00-000001_sharp.png")
    write(tmp_path / "Image1" / "Kernel1" / "1.png", whole[..., 50:650, 100:900])
    copy = (0.9 * whole[..., 53:653, 95:895] * 255).round() / 255
    taken = kohler(tmp_path, 1)(copy, copy, names=["Blurry1_1"])
    assert taken["psnr"].item() == pytest.approx(37.753, abs=1e-3)
    frame = read_frame(tmp_path / "Image1" / "Kernel1" / "1.png")
    spectrum = transform(interleaved(Rounded()(copy)))
    assert shift(frame.spectrum, spectrum, size=(600, 800)) == (3, -5)
