import logging
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
from data_modules import line_blur, module
from small_sources import Numbered

from deblurkit.data.checks_pools import check_apart, check_sizes
from deblurkit.data.sources.folders import FolderPairs, FolderPictures
from deblurkit.data.sources.mixture import MixedSource
from deblurkit.data.sources.subsets import EveryNthGroup
from deblurkit.errors import InputError
from deblurkit.imaging.formats.files import write_image


@pytest.fixture
def domains(tmp_path: Path) -> Path:
    """``blurred`` and ``sharp`` show different places, ``same`` is ``sharp`` under other names."""
    photo = skimage.data.coffee()
    for number in range(12):
        top, left = divmod(number, 6)
        tile = photo[60 * top : 60 * top + 50, 90 * left : 90 * left + 60]
        other = photo[200 + 60 * top : 250 + 60 * top, 90 * left : 90 * left + 60]
        write_image(tmp_path / "blurred" / f"{number}.png", cv2.GaussianBlur(other, (5, 5), 2))
        write_image(tmp_path / "sharp" / f"{number}.png", tile)
        write_image(tmp_path / "same" / f"photo_{number}.tif", tile)  # equal once decoded
    return tmp_path


def pictures(root: Path, folder: str, role: str) -> FolderPictures:
    return FolderPictures(root, folder, role=role)


def test_honest_domains_pass_without_a_word(
    domains: Path, gopro_tree: Path, caplog: pytest.LogCaptureFixture
) -> None:
    check_apart(
        pictures(domains, "blurred", "blurred"), pictures(domains, "sharp", "sharp"), strict=True
    )
    pairs = FolderPairs(gopro_tree, blurred="train/*/blur", sharp="train/*/sharp")
    check_apart(pairs, pairs, strict=True)  # partners differ by their blur
    assert not caplog.records


@pytest.mark.parametrize("folder", ["sharp", "same"])
def test_one_folder_given_twice_is_refused(folder: str, domains: Path) -> None:
    given = pictures(domains, folder, "blurred"), pictures(domains, "sharp", "sharp")
    with pytest.raises(InputError, match=r"12 of 12 pictures looked at .*check the folders' names"):
        check_apart(*given, strict=True)
    data = {"blurred": given[0], "sharp": given[1]}
    with pytest.raises(InputError, match=r"12 of 12"):
        module(data, check="error").prepare_data()
    module(data, check="off").prepare_data()


def test_a_part_is_found_in_a_whole_by_its_names(domains: Path) -> None:
    part = EveryNthGroup(pictures(domains, "sharp", "blurred"), 5, 1)
    with pytest.raises(InputError, match=r"3 of 3 pictures .*, 1 for one"):
        check_apart(part, pictures(domains, "sharp", "sharp"), strict=True)


def test_a_single_stray_picture_is_only_named(
    domains: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stray = (domains / "sharp" / "7.png").read_bytes()
    (domains / "blurred" / "7.png").write_bytes(stray)
    given = pictures(domains, "blurred", "blurred"), pictures(domains, "sharp", "sharp")
    check_apart(*given, strict=True)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "1 of 12 pictures" in caplog.text
    assert ", 7 for one" in caplog.text


def test_pictures_to_be_blurred_here_may_be_the_same() -> None:
    pools = {"blurred": Numbered(4, "sharp"), "sharp": Numbered(4, "sharp")}
    module(pools, synthesis=line_blur(), check="error").prepare_data()


class Sized(Numbered):
    """Pictures that grow by a pixel each."""

    def size(self, index: int) -> tuple[int, int]:
        return 40, 10 + index


def test_crops_larger_than_most_pictures_are_refused(caplog: pytest.LogCaptureFixture) -> None:
    check_sizes(Sized(20), 10, strict=True)
    assert not caplog.records
    check_sizes(Sized(20), 20, strict=True)  # half of them: only said
    assert "10 of 20 pictures looked at are smaller than the crops of 20x20 pixels" in caplog.text
    assert "group0/0 with 10x40 for one" in caplog.text
    with pytest.raises(InputError, match=r"11 of 20 .*: set data.crop to 10 or less"):
        check_sizes(Sized(20), 21, strict=True)
    check_sizes(Sized(20), 21, strict=False)


def test_every_pool_and_every_part_of_a_mixture_is_looked_at() -> None:
    for pool in ("paired", "blurred", "sharp"):
        with pytest.raises(InputError, match=r"4 of 4 .* smaller than the crops of 32x32"):
            module({pool: Numbered(4)}, crop=32, check="error").prepare_data()
    large, small = Numbered(3, "sharp", side=48), Numbered(4, "sharp")
    mixed = MixedSource({"large": large, "small": small}, {"large": 9, "small": 1})
    with pytest.raises(InputError, match=r"4 of 4 .* smaller"):
        module({"paired": mixed}, synthesis=line_blur(), crop=32, check="error").prepare_data()


def test_pairs_inside_a_mixture_are_compared() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (4, 2, 24, 24, 3), dtype=np.uint8)
    wrong = Numbered(4)
    wrong.read = lambda index: dict(zip(("blurred", "sharp"), noise[index], strict=True))
    mixed = MixedSource({"a": Numbered(4, "sharp"), "b": wrong}, {"a": 1, "b": 1})
    with pytest.raises(InputError, match="same scene"):
        module({"paired": mixed}, synthesis=line_blur(), check="error").prepare_data()
