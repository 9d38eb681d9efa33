"""Known data sets on small trees of their true layouts, and what goes wrong with them."""

import logging
import os
import shutil
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
from conftest import TEST, TRAIN

from deblurkit.commands.data.verify import findings
from deblurkit.config import compose, conf_dir, instantiate, plain
from deblurkit.data.known.known import KnownSet
from deblurkit.errors import InputError
from deblurkit.imaging.formats.files import read_image, write_image

J, R = (f"RealBlur-{way}_ECC_IMCORR_centroid_itensity_ref" for way in ("J", "R_BM3D"))
Facts = dict[str, Any]


def known(data: str, **changes: Any) -> KnownSet:
    """The set as its config describes it, with other counts."""
    made = instantiate(plain(compose(f"data={data}", config="data").known) | changes)
    assert isinstance(made, KnownSet)
    return made


def small_gopro(**changes: Any) -> KnownSet:
    """GOPRO_Large with the counts and the size of the tests' small one."""
    expected = {
        part: {
            "pictures": 2 * len(names),
            "groups": len(names),
            "sequences": dict.fromkeys(names, 2),
        }
        for part, names in (("train", TRAIN), ("test", TEST))
    }
    return known("gopro", **{"expected": expected, "size": [96, 128], **changes})


@pytest.fixture
def gopro(gopro_tree: Path, tmp_path: Path) -> Path:
    return shutil.copytree(gopro_tree, tmp_path / "GOPRO_Large")


def faults_of(facts: KnownSet, root: Path) -> list[str]:
    return findings(facts, root, samples=16).faults


def picture(path: Path, value: int = 90, size: tuple[int, int] = (4, 6)) -> None:
    write_image(path, np.full((*size, 3), value, np.uint8))


def test_nothing_is_wrong_with_a_complete_set(gopro_tree: Path) -> None:
    assert faults_of(small_gopro(), gopro_tree) == []


@pytest.mark.slow
def test_nothing_is_wrong_with_all_counts_of_gopro(tmp_path: Path) -> None:
    facts = known("gopro")
    values = {"blur": 90, "blur_gamma": 91, "sharp": 90}
    for number, (part, expected) in enumerate(facts.expected.items()):
        assert sum(expected.sequences.values()) == expected.pictures
        for role, value in values.items():
            original = tmp_path / f"{part}_{role}.png"
            picture(original, value + number, (720, 1280))
            for sequence, count in expected.sequences.items():
                folder = tmp_path / "GOPRO" / part / sequence / role
                folder.mkdir(parents=True)
                for frame in range(count):
                    os.link(original, folder / f"{frame:06d}.png")
    assert faults_of(facts, tmp_path / "GOPRO") == []


def lose_a_frame(root: Path) -> None:
    (root / "train" / TRAIN[3] / "sharp" / "000054.png").unlink()


def lose_a_sequence(root: Path) -> None:
    shutil.rmtree(root / "train" / TRAIN[5])


def exchange_the_blurs(root: Path) -> None:
    for sequence in root.glob("*/*"):
        (sequence / "blur").rename(sequence / "other")
        (sequence / "blur_gamma").rename(sequence / "blur")
        (sequence / "other").rename(sequence / "blur_gamma")


def copy_the_blur(root: Path) -> None:
    for sequence in root.glob("*/*"):
        shutil.rmtree(sequence / "blur_gamma")
        shutil.copytree(sequence / "blur", sequence / "blur_gamma")


def train_on_the_test(root: Path) -> None:
    shutil.copytree(root / "test" / TEST[0], root / "train" / TEST[0])


def train_on_the_test_unseen(root: Path) -> None:
    shutil.rmtree(root / "train" / TRAIN[0])
    shutil.copytree(root / "test" / TEST[0], root / "train" / TRAIN[0])


def cut_a_file(root: Path) -> None:
    file = root / "test" / TEST[0] / "blur" / "000047.png"
    os.truncate(file, file.stat().st_size // 2)


def spoil_a_file(root: Path) -> None:
    file = root / "test" / TEST[0] / "sharp" / "000047.png"
    data = bytearray(file.read_bytes())
    data[1] = 0
    file.write_bytes(data)


def crop_one_side(root: Path) -> None:
    file = root / "test" / TEST[0] / "sharp" / "000047.png"
    write_image(file, read_image(file)[:-2])


def halve_all(root: Path) -> None:
    for file in root.rglob("*.png"):
        write_image(file, read_image(file)[::2, ::2])


def lose_the_test(root: Path) -> None:
    shutil.rmtree(root / "test")


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lose_a_frame, f"train/{TRAIN[3]} has 1 of 2 sharp pictures"),
        (lose_a_frame, "has no sharp partner (1 such pictures in train)"),
        (lose_a_sequence, f"train/{TRAIN[5]} has 0 of 2 blur pictures"),
        (exchange_the_blurs, "*/*/blur and */*/blur_gamma are exchanged"),
        (copy_the_blur, "hold the same pictures"),
        (train_on_the_test, f"{TEST[0]} is in train and in test (1 such sequences)"),
        (train_on_the_test, f"train/{TEST[0]} does not belong to GOPRO_Large's train part"),
        (train_on_the_test_unseen, "are the same picture under two names"),
        (cut_a_file, "000047.png is cut off (1 blur files of test are)"),
        (spoil_a_file, "cannot be read"),
        (crop_one_side, "has 128x96 pixels and its partner"),
        (halve_all, "has 64x48 pixels and not 128x96, as 16 of 16 looked at in train"),
        (lose_the_test, "the part test is missing"),
    ],
)
def test_what_is_wrong_is_said(gopro: Path, harm: Callable[[Path], None], words: str) -> None:
    harm(gopro)
    faults = faults_of(small_gopro(), gopro)
    assert [fault for fault in faults if words in fault], faults


def lose_all_but_one_sequence(root: Path) -> None:
    for sequence in TRAIN[1:]:
        shutil.rmtree(root / "train" / sequence)


def lose_all_sharp(root: Path) -> None:
    for folder in root.glob("train/*/sharp"):
        shutil.rmtree(folder)


def lose_half_of_the_sharp(root: Path) -> None:
    for sequence in TRAIN[::2]:
        shutil.rmtree(root / "train" / sequence / "sharp")


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (
            lose_all_but_one_sequence,
            f"train/{TRAIN[1]} has 0 of 2 blur pictures, and 20 more of 22 sequences are not as "
            "they should be (the same in blur_gamma and sharp): unpack the archive again",
        ),
        (lose_all_sharp, "train has no sharp pictures: unpack the archive again so that train/"),
        (
            lose_half_of_the_sharp,
            f"train/{TRAIN[0]} has 0 of 2 sharp pictures, and 10 more of 22 sequences are not as",
        ),
    ],
)
def test_one_lost_archive_is_one_sentence(
    gopro: Path, harm: Callable[[Path], None], words: str
) -> None:
    harm(gopro)
    (fault,) = faults_of(small_gopro(), gopro)
    assert words in fault


def test_who_has_the_test_part_only_lacks_nothing(
    gopro: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.rmtree(gopro / "train")
    with caplog.at_level(logging.INFO):
        assert faults_of(small_gopro(), gopro) == []
    assert "train: not here; only trainings need it" in caplog.messages


def test_one_kind_of_blur_is_enough(gopro: Path) -> None:
    for folder in gopro.glob("*/*/blur_gamma"):
        shutil.rmtree(folder)
    assert faults_of(small_gopro(), gopro) == []


def test_a_folder_above_is_told_from_the_set(gopro: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"one folder deeper: set data\.root=.*GOPRO_Large"):
        small_gopro().recognised(tmp_path)
    with pytest.raises(InputError, match=r"is not GOPRO_Large: it should hold train/\*/blur"):
        small_gopro().recognised(gopro / "train" / TRAIN[0] / "blur")


@pytest.mark.parametrize(("kind", "wrong"), [("blur", 0), ("blur_gamma", 1)])
def test_flattened_pictures_tell_their_blur_by_brightness(
    tmp_path: Path, kind: str, wrong: int
) -> None:
    photograph = skimage.data.astronaut()[:96, :128]
    frames = np.stack([np.roll(photograph, 3 * i, axis=1) for i in range(11)])  # equally bright
    mean = frames.mean(axis=0)
    linear = 255 * np.mean((frames / 255) ** 2.2, axis=0) ** (1 / 2.2)
    for part, name in (("train", TRAIN[0]), ("test", TEST[0])):
        turned = slice(None, None, -1 if part == "test" else 1)
        for folder, pixels in (
            ("input", {"blur": mean, "blur_gamma": linear}[kind]),
            ("target", frames[5]),
        ):
            write_image(
                tmp_path / part / folder / f"{name}-000001.png",
                pixels.round().astype(np.uint8)[turned].copy(),
            )
    expected = {
        part: {"pictures": 1, "groups": 1, "sequences": {name: 1}}
        for part, name in (("train", TRAIN[0]), ("test", TEST[0]))
    }
    facts = small_gopro(expected=expected)
    assert "flattened, {train,test}/{input,target}" in facts.recognised(tmp_path)[0].says
    said = [
        fault
        for fault in faults_of(facts, tmp_path)
        if "probably the pictures of blur_gamma" in fault
    ]
    assert len(said) == 2 * wrong
    assert len(faults_of(facts, tmp_path)) == 2 * wrong


def test_the_official_pair_is_of_the_folder_blur(test_data: Path, tmp_path: Path) -> None:
    rule = small_gopro().as_bright[0]
    blurred, sharp = (
        read_image(test_data / "gopro_official" / f"GOPR0384_11_00-000001_{role}.png").mean()
        for role in ("blur", "sharp")
    )
    assert blurred - sharp < rule.most
    frames = sorted((test_data / "gopro240" / "GOPR0477_11_00").glob("*.png"))[:11]
    decoded = np.stack([read_image(frame)[::4, ::4] / 255 for frame in frames])
    linear = 255 * np.mean(decoded**2.2, axis=0) ** (1 / 2.2)
    assert linear.mean() - 255 * decoded[5].mean() > rule.most


def realblur(root: Path) -> None:
    for way, folder, value in (("J", J, 120), ("R", R, 40)):
        for part, scenes in (("train", ("scene001", "scene002")), ("test", ("scene003",))):
            lines = []
            for number, scene in enumerate(scenes):
                shade = value + number + 5 * len(scenes)
                picture(root / folder / scene / "gt" / "gt_1.png", shade)
                picture(root / folder / scene / "blur" / "blur_1.png", shade)
                lines.append(f"{folder}/{scene}/gt/gt_1.png {folder}/{scene}/blur/blur_1.png")
            (root / f"RealBlur_{way}_{part}_list.txt").write_text(" \n".join(lines))


REALBLUR = {"train": {"pictures": 2, "groups": 2}, "test": {"pictures": 1, "groups": 1}}


@pytest.mark.parametrize("way", ["j", "r"])
def test_realblur_is_recognised(tmp_path: Path, way: str) -> None:
    realblur(tmp_path)
    assert faults_of(known(f"realblur_{way}", expected=REALBLUR), tmp_path) == []


def test_j_and_r_exchanged_are_told_apart(tmp_path: Path) -> None:
    realblur(tmp_path)
    (tmp_path / J).rename(tmp_path / "other")
    (tmp_path / R).rename(tmp_path / J)
    (tmp_path / "other").rename(tmp_path / R)
    (fault,) = faults_of(known("realblur_j", expected=REALBLUR), tmp_path)
    assert "are exchanged, the first is 80.0 grey levels brighter and must be darker" in fault


def test_the_other_variants_list_is_noticed(tmp_path: Path) -> None:
    realblur(tmp_path)
    for part in ("train", "test"):
        lists = [tmp_path / f"RealBlur_{way}_{part}_list.txt" for way in "JR"]
        shutil.copy(lists[1], lists[0])
    faults = faults_of(known("realblur_j", expected=REALBLUR), tmp_path)
    assert len([fault for fault in faults if "J and R are exchanged" in fault]) == 4


def test_a_scene_lost_from_disk_is_counted(tmp_path: Path) -> None:
    realblur(tmp_path)
    shutil.rmtree(tmp_path / J / "scene002")
    (fault,) = faults_of(known("realblur_j", expected=REALBLUR), tmp_path)
    assert "missing (1 blurred files of train and 1 sharp files of train are)" in fault


def test_a_lost_archive_of_lists_is_one_sentence(tmp_path: Path) -> None:
    realblur(tmp_path)
    shutil.rmtree(tmp_path / J)
    (fault,) = faults_of(known("realblur_j", expected=REALBLUR), tmp_path)
    assert "2 blurred files of train, 2 sharp files of train, 1 blurred files of test" in fault


def test_realblurs_test_list_is_enough(tmp_path: Path) -> None:
    realblur(tmp_path)
    (tmp_path / "RealBlur_J_train_list.txt").unlink()
    assert faults_of(known("realblur_j", expected=REALBLUR), tmp_path) == []


def rsblur(root: Path) -> dict[str, dict[str, int]]:
    """Numbers begin anew with each day, and every list has pictures of every day."""
    numbers = {"train": range(3), "val": range(3, 5), "test": range(5, 6)}
    for part, places in numbers.items():
        lines = []
        for day, place in product(("0001", "0002"), places):
            folder = f"RSBlur/{day}/{place:06d}"
            names = f"{folder}/gt/gt_sharp.png", f"{folder}/real_blur/real_blur.png"
            for name in names:
                picture(root / name, 60 + 10 * place + int(day))
            lines.append(" ".join(names))
        (root / f"RSBlur_real_{part}.txt").write_text("\n".join(lines))
    return {part: {"pictures": 2 * len(places)} for part, places in numbers.items()}


def test_rsblur_is_recognised_and_what_it_lacks_is_counted(tmp_path: Path) -> None:
    expected = rsblur(tmp_path)
    assert faults_of(known("rsblur", expected=expected), tmp_path) == []
    shutil.rmtree(tmp_path / "RSBlur" / "0002" / "000004")
    faults = faults_of(known("rsblur", expected=expected), tmp_path)
    assert len(faults) == 1
    assert "1 blurred files of val and 1 sharp files of val" in faults[0]
    (tmp_path / "RSBlur_real_val.txt").unlink()  # only trainings need it
    assert faults_of(known("rsblur", expected=expected), tmp_path) == []


def test_rsblurs_counts_are_those_of_the_authors_lists() -> None:
    counts = {part: facts.pictures for part, facts in known("rsblur").expected.items()}
    assert counts == {"train": 8878, "val": 1120, "test": 3360}
    assert sum(counts.values()) == 13_358  # as their page says


def test_hide_pairs_by_file_name(tmp_path: Path) -> None:
    names = {"train": ["1fromA", "2fromA"], "test/test-close-ups": ["3fromB"]}
    names["test/test-long-shot"] = ["4fromB"]
    for folder, stems in names.items():
        for stem in stems:
            picture(tmp_path / folder / f"{stem}.png", 50 + int(stem[0]))
            picture(tmp_path / "GT" / f"{stem}.png", 60)
    expected = {"train": {"pictures": 2}, "test": {"pictures": 2}}
    facts = known("hide", expected=expected, size=[4, 6])
    assert faults_of(facts, tmp_path) == []
    (tmp_path / "GT" / "4fromB.png").unlink()
    (fault,) = faults_of(facts, tmp_path)
    assert "4fromB.png has no sharp partner (1 such pictures in test)" in fault
    shutil.rmtree(tmp_path / "GT")
    (fault,) = faults_of(facts, tmp_path)
    assert fault.startswith("train and test have no sharp pictures: unpack the archive again")


def test_reds_counts_sequences_that_start_anew_in_each_part(tmp_path: Path) -> None:
    for part, shade in (("train", 50), ("val", 70)):
        for role in ("blur", "sharp"):
            picture(tmp_path / part / f"{part}_{role}" / "000" / "00000000.png", shade)
    expected = {part: {"pictures": 1, "groups": 1} for part in ("train", "val")}
    facts = known("reds", expected=expected, size=[4, 6])
    assert faults_of(facts, tmp_path) == []
    assert faults_of(known("reds", expected=expected), tmp_path) != []  # of another size
    shutil.rmtree(tmp_path / "train")
    assert faults_of(facts, tmp_path) == []  # enough for a test
    shutil.rmtree(tmp_path / "val" / "val_sharp")
    (fault,) = faults_of(facts, tmp_path)
    assert "val has no sharp pictures" in fault


def test_kohlers_pictures_need_frames_of_their_path(tmp_path: Path) -> None:
    for path in (1, 2):
        picture(tmp_path / f"Blurry1_{path}.png")
        for frame in (1, 2):
            picture(tmp_path / "Image1" / f"Kernel{path}" / f"GroundTruth1_{path}_{frame}.png")
    facts = known("kohler", expected={"test": {"pictures": 2}})
    assert faults_of(facts, tmp_path) == []
    shutil.rmtree(tmp_path / "Image1" / "Kernel2")
    (fault,) = faults_of(facts, tmp_path)
    assert "Blurry1_2.png has no sharp partner" in fault


@pytest.mark.parametrize(("data", "pictures"), [("levin", 16), ("lai", 20)])
def test_real_sets_lack_only_what_was_left_out(test_data: Path, data: str, pictures: int) -> None:
    facts = known(data)
    (fault,) = findings(facts, test_data / data, samples=3).faults
    assert f"test has {pictures} of {facts.expected['test'].pictures} blurred pictures" in fault
    there = known(data, expected={"test": {"pictures": pictures}})
    assert findings(there, test_data / data, samples=3).faults == []


@pytest.mark.parametrize(
    "file", sorted((conf_dir() / "known").glob("*.yaml")), ids=lambda file: file.stem
)
def test_a_known_set_has_data_of_its_name(file: Path) -> None:
    assert (conf_dir() / "data" / file.name).is_file()
    facts = known(file.stem)
    for layout in facts.layouts:
        assert layout.parts.keys() <= facts.expected.keys()
    assert file.read_text().startswith("# ")
