"""Pictures that are scored and were trained on, or are neighbours of those in a video."""

import logging
from pathlib import Path

import cv2
import pytest
from data_modules import line_blur, module
from small_sources import Numbered
from videos import frames, photographs, write, write_pairs

from deblurkit.data.sources.base import Source
from deblurkit.data.sources.folders import FolderPairs, FolderPictures
from deblurkit.data.sources.sequences import SceneShare
from deblurkit.data.sources.subsets import Chosen, Share
from deblurkit.errors import InputError
from deblurkit.imaging.formats.files import read_image, write_image


def checked(train: Source, *, check: str = "error", **evaluated: Source) -> None:
    module({"paired": train}, synthesis=line_blur(), check=check, **evaluated).prepare_data()


def test_a_test_that_is_a_copy_of_the_training_is_refused(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for part in ("train", "test"):
        write_pairs(tmp_path / part, photographs(12))
    train, test = (FolderPairs(tmp_path / part) for part in ("train", "test"))
    words = (
        "12 of 12 test pictures looked at are training pictures too, 0000 is 0000 for one: their "
        "scores say nothing about new pictures, give other ones to the test"
    )
    with pytest.raises(InputError, match=f"{words}; data.check=warn goes on nevertheless"):
        checked(train, test=test)
    assert not caplog.messages
    checked(train, test=test, check="warn")
    assert caplog.messages == [words]
    caplog.clear()
    checked(train, val=test)  # what chooses only is said
    assert caplog.messages == [words.replace("test", "validation")]
    caplog.clear()
    checked(train, test=test, check="off")
    assert not caplog.messages


def test_renamed_and_repacked_copies_are_found(tmp_path: Path) -> None:
    write(tmp_path / "train", photographs(30))
    for number in (3, 17, 22):
        pixels = read_image(tmp_path / "train" / f"{number:04d}.png")
        write_image(tmp_path / "repacked" / f"copy{number}.tif", pixels)
        write_image(tmp_path / "packed" / f"copy{number}.jpg", pixels)
        (tmp_path / "renamed").mkdir(exist_ok=True)
        (tmp_path / "renamed" / f"copy{number}.png").write_bytes(
            (tmp_path / "train" / f"{number:04d}.png").read_bytes()
        )
    train = FolderPictures(tmp_path / "train", role="sharp")
    for folder in ("repacked", "packed", "renamed"):
        with pytest.raises(InputError, match=r"3 of 3 test pictures .*, copy3 is 0003 for one"):
            checked(train, test=FolderPictures(tmp_path / folder, role="sharp"))


def test_a_renamed_file_is_found_among_thousands(tmp_path: Path) -> None:
    class Long(Chosen):
        """The same few pictures many times, as a long list."""

    write(tmp_path / "train", photographs(40))
    source = FolderPictures(tmp_path / "train", role="sharp")
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "x.png").write_bytes((tmp_path / "train" / "0037.png").read_bytes())
    long = Long(source, [0, 1, 2, 3] * 500 + [37])
    with pytest.raises(InputError, match=r"1 of 1 test pictures .*, x is 0037 for one"):
        checked(long, test=FolderPictures(tmp_path / "test", role="sharp"))


def test_single_copies_are_only_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    pictures = photographs(24)
    write(tmp_path / "train", pictures[:12])
    write(tmp_path / "test", [pictures[0], *pictures[12:]], "new{:02d}")
    train, test = (FolderPictures(tmp_path / part, role="sharp") for part in ("train", "test"))
    checked(train, test=test)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "1 of 13 test pictures looked at are training pictures too, new00" in caplog.text


def test_a_test_that_chooses_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    pictures = photographs(20)
    write(tmp_path / "train", pictures[:10])
    write(tmp_path / "other", pictures[10:], "new{:02d}")
    train, other = (FolderPictures(tmp_path / part, role="sharp") for part in ("train", "other"))
    checked(train, val=other, test=other)
    (message,) = caplog.messages
    assert "10 of 10 test pictures looked at are validation pictures too" in message


def test_neighbours_in_a_video_are_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(tmp_path, frames(100, step=4))
    whole = FolderPictures(tmp_path, role="sharp")
    checked(Share(whole, 0, 0.9), val=Share(whole, 0.9, 1))
    (message,) = caplog.messages
    assert "validation pictures are neighbours of training pictures in a video" in message
    assert "SceneShare" in message
    caplog.clear()
    checked(SceneShare(whole, 0, 0.9), val=SceneShare(whole, 0.9, 1))
    assert all("neighbours of training pictures" not in line for line in caplog.messages)


def test_honest_parts_pass_without_a_word(
    tmp_path: Path, gopro_tree: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path, photographs(60))
    whole = FolderPictures(tmp_path, role="sharp")
    checked(Share(whole, 0, 0.8), val=Share(whole, 0.8, 0.9), test=Share(whole, 0.9, 1))
    train, test = (
        FolderPairs(gopro_tree, blurred=f"{part}/*/blur", sharp=f"{part}/*/sharp")
        for part in ("train", "test")
    )
    checked(train, test=test)
    assert not caplog.messages


def test_dark_pictures_are_not_taken_for_one(tmp_path: Path) -> None:
    black = [cv2.GaussianBlur(picture, (3, 3), 1) // 255 for picture in photographs(12)]
    write(tmp_path / "train", black[:6])
    write(tmp_path / "test", [picture + 1 for picture in black[6:]], "new{}")
    train, test = (FolderPictures(tmp_path / part, role="sharp") for part in ("train", "test"))
    checked(train, test=test)


def test_the_cost_is_bounded(tmp_path: Path) -> None:
    class Counting(Numbered):
        """Counts what is decoded."""

        decoded = 0

        def read(self, index: int) -> dict:
            type(self).decoded += 1
            return super().read(index % 200)

    many = Counting(5000, "sharp", side=8)
    others = Counting(3000, "sharp", side=8)
    others.names = [f"other{index}" for index in range(3000)]
    checked(many, val=others, check="warn")
    assert 0 < Counting.decoded < 160
