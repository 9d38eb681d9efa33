import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from deblurkit.data.sources.base import Source, natural_order
from deblurkit.data.sources.folders import FolderPairs, FolderPictures
from deblurkit.data.sources.photos import GRAY_PHOTOS, PHOTOS, Photos
from deblurkit.data.sources.subsets import Share
from deblurkit.errors import InputError
from deblurkit.imaging.formats.files import write_image

SEQUENCES = {"GOPR0372_07_00": (2, 10), "GOPR0374_11_00": (1,), "GOPR0374_11_01": (7, 8)}


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return Photos(["coffee"]).read(0)["sharp"]


@pytest.fixture
def gopro(tmp_path: Path, photo: np.ndarray) -> Path:
    for row, (sequence, frames) in enumerate(SEQUENCES.items()):
        for frame in frames:
            piece = photo[40 * row : 40 * row + 30, 10 * frame : 10 * frame + 50]
            for number, variant in enumerate(("sharp", "blur", "blur_gamma")):
                shade = piece - np.minimum(piece, number)
                write_image(tmp_path / "train" / sequence / variant / f"{frame}.png", shade)
    return tmp_path


def test_photographs_are_in_memory_and_contiguous() -> None:
    photos = Photos()
    assert isinstance(photos, Source)
    assert photos.names == list(PHOTOS)
    for index in range(len(photos)):
        picture = photos.read(index)["sharp"]
        assert picture.dtype == np.uint8
        assert picture.flags.c_contiguous
        assert picture.shape == (*photos.size(index), 3)
    groups = dict(zip(photos.names, photos.groups, strict=True))
    assert groups["motorcycle_left"] == groups["motorcycle_right"]
    with pytest.raises(InputError, match=r"'eagle'.*astronaut"):
        Photos(["eagle"])


def test_gray_photographs_have_three_equal_channels() -> None:
    photos = Photos(GRAY_PHOTOS)
    for index in range(len(photos)):
        picture = photos.read(index)["sharp"]
        assert picture.shape == (*photos.size(index), 3)
        assert (picture == picture[..., :1]).all()


def test_gopro_is_two_patterns(gopro: Path) -> None:
    pairs = FolderPairs(gopro, blurred="train/*/blur_gamma", sharp="train/*/sharp")
    assert isinstance(pairs, Source)
    assert pairs.roles == {"blurred", "sharp"}
    assert pairs.names[:2] == ["GOPR0372_07_00/2", "GOPR0372_07_00/10"]
    assert set(pairs.groups) == set(SEQUENCES)
    pair = pairs.read(3)
    assert pairs.size(3) == pair["blurred"].shape[:2] == (30, 50)
    assert np.array_equal(pair["blurred"], pair["sharp"] - np.minimum(pair["sharp"], 2))
    crop = pairs.crop(3, top=3, left=40, side=16)
    assert crop["sharp"].shape == (16, 10, 3)
    assert np.array_equal(crop["sharp"], pair["sharp"][3:19, 40:])
    assert pickle.loads(pickle.dumps(pairs)).names == pairs.names


def test_a_wrong_variant_says_what_is_there(gopro: Path) -> None:
    with pytest.raises(InputError, match=r"blur_gama: .*GOPR0372_07_00 holds blur, blur_g"):
        FolderPairs(gopro, blurred="train/*/blur_gama", sharp="train/*/sharp")


def test_a_missing_partner_is_named(gopro: Path) -> None:
    (gopro / "train/GOPR0374_11_01/sharp/8.png").unlink()
    with pytest.raises(InputError, match=r"GOPR0374_11_01/blur/8\.png has no sharp partner"):
        FolderPairs(gopro, blurred="train/*/blur", sharp="train/*/sharp")
    with pytest.raises(InputError, match=r"GOPR0374_11_01/blur/8\.png has no blurred partner"):
        FolderPairs(gopro, blurred="train/*/sharp", sharp="train/*/blur")


def test_plain_folders_ignore_what_is_no_picture(tmp_path: Path, photo: np.ndarray) -> None:
    small = photo[:20, :30]
    for name in ("sub/b10.png", "sub/b9.png", "a.png", ".hidden.png", ".git/c.png"):
        write_image(tmp_path / "blurred" / name, small)
        write_image(tmp_path / "sharp" / Path(name).with_suffix(".tif"), small)
    (tmp_path / "sharp" / "notes.txt").write_text("not a picture")
    pairs = FolderPairs(tmp_path)
    assert pairs.names == ["a", "sub/b9", "sub/b10"]
    assert pairs.groups == ["a", "sub", "sub"]
    pictures = FolderPictures(tmp_path, "blurred", role="sharp")
    assert pictures.names == pairs.names
    assert set(pictures.read(0)) == pictures.roles == {"sharp"}


def test_patterns_may_stand_for_files(tmp_path: Path, photo: np.ndarray) -> None:
    for scene in ("scene1", "scene2"):
        for number in (1, 2):
            write_image(tmp_path / scene / "blur" / f"blur_{number}.png", photo[:20, :30])
            write_image(tmp_path / scene / "gt" / f"gt_{number}.jpg", photo[:20, :30])
    pairs = FolderPairs(tmp_path, blurred="*/blur/blur_*.png", sharp="*/gt/gt_*.jpg")
    assert pairs.names == ["scene1/1", "scene1/2", "scene2/1", "scene2/2"]
    assert FolderPictures(tmp_path, "*/gt/*", role="sharp").names[0] == "scene1/gt_1"


def test_sixteen_bit_files_become_eight(tmp_path: Path, photo: np.ndarray) -> None:
    write_image(tmp_path / "deep.png", photo[:20, :30].astype(np.uint16) * 257 + 100)
    deep = FolderPictures(tmp_path, role="sharp")
    assert np.array_equal(deep.read(0)["sharp"], photo[:20, :30])


def test_two_files_of_one_name_are_refused(tmp_path: Path, photo: np.ndarray) -> None:
    for suffix in (".png", ".jpg"):
        write_image(tmp_path / f"twice{suffix}", photo[:20, :30])
    with pytest.raises(InputError, match="both named 'twice'"):
        FolderPictures(tmp_path, role="sharp")


def test_missing_and_empty_folders_say_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent is not a folder.*blurred pictures"):
        FolderPairs(tmp_path / "absent")
    (tmp_path / "blurred").mkdir()
    with pytest.raises(InputError, match=r"no blurred pictures in .*blurred holds nothing"):
        FolderPairs(tmp_path)


def test_the_order_is_natural() -> None:
    assert sorted(["f10", "f9b", "f9a", "e", "10"], key=natural_order) == [
        "10",
        "e",
        "f9a",
        "f9b",
        "f10",
    ]


class Invented(Source):
    """Twenty sequences of three frames, without pixels."""

    def __init__(self) -> None:
        self.names = [f"clip{clip}/{frame}" for clip in range(20) for frame in range(3)]
        self.groups = [name.partition("/")[0] for name in self.names]
        self.roles = frozenset({"sharp"})

    def read(self, index: int) -> dict[str, np.ndarray]:
        return {"sharp": np.full((8, 8, 3), index, np.uint8)}

    def size(self, index: int) -> tuple[int, int]:
        return (8, 8)

    def stamp(self, index: int) -> str:
        return str(index)


def test_shares_have_no_group_in_common_and_miss_none() -> None:
    source = Invented()
    shares = [Share(source, *limits) for limits in ((0, 0.9), (0.9, 0.95), (0.95, 1))]
    groups = [set(share.groups) for share in shares]
    assert [len(part) for part in groups] == [18, 1, 1]
    assert len(set.union(*groups)) == 20
    assert sum(len(share) for share in shares) == len(source)
    assert groups[0] != {f"clip{clip}" for clip in range(18)}  # shuffled
    for share in shares:
        for index, name in enumerate(share.names):
            expected = source.names.index(name)
            assert share.read(index)["sharp"][0, 0, 0] == expected
            assert share.crop(index, top=1, left=1, side=4)["sharp"][0, 0, 0] == expected
            assert share.stamp(index) == str(expected)


def test_an_empty_share_says_how_wide_it_must_be() -> None:
    with pytest.raises(InputError, match=r"of 8 groups is empty: widen it to 0\.125"):
        Share(Photos(), 0.95, 1)
    with pytest.raises(InputError, match="start < stop"):
        Share(Photos(), 0.5, 0.5)


def test_importing_sources_costs_neither_scikit_image_nor_albumentations() -> None:
    code = (
        "import sys; from deblurkit.data.sources import folders, photos, subsets;"
        "print(sorted({'skimage', 'albumentations', 'kornia'} & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.stdout.strip() == "[]", answer.stderr
