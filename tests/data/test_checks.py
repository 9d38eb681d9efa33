import logging
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from deblurkit.data.checks import check_pairs, compare
from deblurkit.data.sources.base import Source
from deblurkit.data.sources.folders import FolderPairs
from deblurkit.errors import InputError, PictureError
from deblurkit.imaging.formats.files import write_image


class Pairs(Source):
    """Pairs in memory."""

    def __init__(self, pairs: list[tuple[np.ndarray, np.ndarray]]) -> None:
        self.pairs = pairs
        self.names = self.groups = [f"pair{number}" for number in range(len(pairs))]
        self.roles = frozenset({"blurred", "sharp"})

    def read(self, index: int) -> dict[str, np.ndarray]:
        return dict(zip(("blurred", "sharp"), self.pairs[index], strict=True))

    def size(self, index: int) -> tuple[int, int]:
        return self.pairs[index][0].shape[:2]

    def stamp(self, index: int) -> str:
        return ""


def streak(size: int, seed: int) -> np.ndarray:
    """A random walk as a kernel, its mean at the centre."""
    draw = np.random.default_rng(seed)
    way = np.cumsum(np.cumsum(draw.normal(size=(60, 2)), axis=0) * 0.3, axis=0)
    way -= way.mean(axis=0)
    way *= (size // 2 - 1) / np.abs(way).max()
    kernel = np.zeros((size, size), np.float32)
    np.add.at(kernel, tuple((way.round().astype(int) + size // 2).T), 1)
    return kernel / kernel.sum()


@pytest.fixture(scope="module")
def sharp() -> list[np.ndarray]:
    photos = [skimage.data.astronaut(), skimage.data.coffee(), skimage.data.rocket()]
    return [
        np.ascontiguousarray(photo[top : top + 200, left : left + 200])
        for photo in photos
        for top, left in ((0, 0), (180, 40), (150, 250), (40, 200))
    ]


@pytest.fixture(scope="module")
def blurred(sharp: list[np.ndarray]) -> list[np.ndarray]:
    return [cv2.filter2D(picture, -1, streak(15, seed)) for seed, picture in enumerate(sharp)]


def test_honest_pairs_pass_without_a_word(
    sharp: list[np.ndarray], blurred: list[np.ndarray], caplog: pytest.LogCaptureFixture
) -> None:
    check_pairs(Pairs(list(zip(blurred, sharp, strict=True))), strict=True)
    assert not caplog.records


def test_strong_shakes_are_not_taken_for_shifts(sharp: list[np.ndarray]) -> None:
    pairs = [
        (cv2.filter2D(picture, -1, streak(31, seed)), picture) for seed, picture in enumerate(sharp)
    ]
    check_pairs(Pairs(pairs), strict=True)


def test_shuffled_pairs_are_refused(sharp: list[np.ndarray], blurred: list[np.ndarray]) -> None:
    shuffled = list(zip(blurred, sharp[5:] + sharp[:5], strict=True))
    with pytest.raises(InputError, match=r"is \d\.\d dB on average over 12 pairs and .*pair\d+"):
        check_pairs(Pairs(shuffled), strict=True)


def test_evaluation_sets_are_only_warned_of(
    sharp: list[np.ndarray], blurred: list[np.ndarray], caplog: pytest.LogCaptureFixture
) -> None:
    check_pairs(Pairs(list(zip(blurred, reversed(sharp), strict=True))), strict=False)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_halves_of_a_picture_are_refused() -> None:
    photos = [skimage.data.astronaut(), skimage.data.chelsea(), skimage.data.coffee()]
    halves = [
        (photo[:, : photo.shape[1] // 2], photo[:, photo.shape[1] // 2 :][:, : photo.shape[1] // 2])
        for photo in photos
    ]
    with pytest.raises(InputError, match="same scene"):
        check_pairs(
            Pairs([(left[:, : right.shape[1]], right) for left, right in halves]), strict=True
        )


def test_a_low_mean_is_warned_of(sharp: list[np.ndarray], caplog: pytest.LogCaptureFixture) -> None:
    noise = np.random.default_rng(0)
    noisy = [(p + noise.normal(0, 45, p.shape)).clip(0, 255).astype(np.uint8) for p in sharp]
    check_pairs(Pairs(list(zip(noisy, sharp, strict=True))), strict=True)
    assert "dB on average over 12 pairs" in caplog.text


def test_a_shared_shift_is_refused(sharp: list[np.ndarray], blurred: list[np.ndarray]) -> None:
    shifted = [(b[:, :-8], s[:, 8:]) for b, s in zip(blurred, sharp, strict=True)]
    with pytest.raises(InputError, match=r"lie \d px \w+ and [789] px right .*pair\d+"):
        check_pairs(Pairs(shifted[6:] + shifted[8:]), strict=True)


def test_one_shifted_pair_is_named(
    sharp: list[np.ndarray], caplog: pytest.LogCaptureFixture
) -> None:
    pairs = [(cv2.GaussianBlur(picture, (9, 9), 2), picture) for picture in sharp]
    pairs[7] = (np.roll(pairs[7][0], -8, axis=0), sharp[7])
    check_pairs(Pairs(pairs), strict=True)
    assert "blurred pair7 lies 8 px above and 0 px" in caplog.text


def test_the_shift_has_a_sign(sharp: list[np.ndarray]) -> None:
    found = compare(np.roll(sharp[0], (3, -5), axis=(0, 1)), sharp[0], name="rolled")
    assert (round(found.down), round(found.right)) == (3, -5)


def test_equal_pairs_hide_no_wrong_ones(
    sharp: list[np.ndarray], blurred: list[np.ndarray], caplog: pytest.LogCaptureFixture
) -> None:
    """Their PSNR is infinite, so that it counts in no mean."""
    wrong = list(zip(blurred[:8], sharp[4:], strict=True))
    equal = list(zip(sharp[:4], sharp[:4], strict=True))
    with pytest.raises(InputError, match=r"is \d{1,2}\.\d dB on average over 8 pairs"):
        check_pairs(Pairs(wrong + equal), strict=True)
    right = list(zip(blurred[:8], sharp[:8], strict=True))
    check_pairs(Pairs(right + equal), strict=True)
    assert (
        "4 of 12 blurred pictures looked at are equal to their sharp ones, pair8 f" in caplog.text
    )


def test_equal_folders_are_refused(sharp: list[np.ndarray]) -> None:
    with pytest.raises(InputError, match="are equal, pair0"):
        check_pairs(Pairs([(picture, picture) for picture in sharp]), strict=True)


def test_unequal_sizes_and_truncated_files_are_named(
    tmp_path: Path, sharp: list[np.ndarray]
) -> None:
    with pytest.raises(InputError, match="pair0 differ in size"):
        check_pairs(Pairs([(sharp[0][:-1], sharp[0])]), strict=False)
    for role in ("blurred", "sharp"):
        write_image(tmp_path / role / "a.png", sharp[0])
    write_image(tmp_path / "sharp/a.png", sharp[0][:-1])
    with pytest.raises(InputError, match=r"sharp.a\.png has 200x199 pixels .*200x200"):
        check_pairs(FolderPairs(tmp_path), strict=False)
    (tmp_path / "sharp/a.png").write_bytes((tmp_path / "blurred/a.png").read_bytes()[:5000])
    with pytest.raises(PictureError, match=r"a\.png cannot be read: it is truncated"):
        check_pairs(FolderPairs(tmp_path), strict=True)
