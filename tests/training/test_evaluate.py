"""deblurkit-eval: scores of a method on a data set, and of pictures that other code restored."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from omegaconf import DictConfig

from deblurkit.config import compose
from deblurkit.errors import InputError
from deblurkit.imaging.files import write_image
from deblurkit.training.evaluate import evaluate

PHOTO = "data.test.names=[rocket]"


def scored(folder: Path, *overrides: str) -> dict:
    evaluate(evaluation(folder, *overrides))
    return json.loads((folder / "scores.json").read_text())


def evaluation(folder: Path, *overrides: str) -> DictConfig:
    quiet = ("trainer.enable_progress_bar=false", f"paths.run={folder}")
    return compose(*quiet, *overrides, config="eval")


def picture(seed: int, height: int = 24, width: int = 32) -> NDArray[np.uint8]:
    numbers = np.random.default_rng(seed)
    return numbers.integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_a_method_is_scored_and_its_pictures_score_the_same(tmp_path: Path) -> None:
    saved = tmp_path / "saved"
    first = scored(tmp_path / "a", "model=unsharp", PHOTO, f"save={saved}")
    assert (first["pictures"], [row["name"] for row in first["rows"]]) == (1, ["rocket"])
    assert sorted(file.relative_to(saved).as_posix() for file in saved.rglob("*.png")) == [
        "blurred/rocket.png",
        "restored/rocket.png",
        "sharp/rocket.png",
    ]
    folders = (f"restored={saved / 'restored'}", f"sharp={saved / 'sharp'}")
    again = scored(tmp_path / "b", *folders)
    for score in ("rgb8/psnr", "rgb8/ssim"):
        assert again["mean"][score] == pytest.approx(first["mean"][score], abs=1e-6)
    blurred = scored(tmp_path / "c", f"restored={saved / 'blurred'}", folders[1])
    assert blurred["mean"]["rgb8/psnr"] == pytest.approx(first["mean"]["psnr_blurred"], abs=1e-4)
    with (tmp_path / "b" / "test.csv").open() as stream:
        assert [row["name"] for row in csv.DictReader(stream)] == ["rocket"]


def test_without_save_no_picture_is_written(tmp_path: Path) -> None:
    scored(tmp_path, "model=unsharp", PHOTO)
    assert not list(tmp_path.rglob("*.png"))
    assert {file.name for file in tmp_path.iterdir()} == {
        *("config.yaml", "record.json", "scores.json", "test.csv"),
    }


def test_stored_pictures_are_matched_by_path_and_averaged(tmp_path: Path) -> None:
    for number, name in enumerate(("a", "deep/b [1]")):
        sharp = picture(number)
        write_image(tmp_path / "sharp" / f"{name}.png", sharp)
        near = np.where(sharp > 127, sharp - number - 1, sharp + number + 1).astype(np.uint8)
        write_image(tmp_path / "restored" / f"{name}.tif", near)
    folders = (f"restored={tmp_path / 'restored'}", f"sharp={tmp_path / 'sharp'}")
    found = scored(tmp_path / "run", *folders)
    rows = {row["name"]: row["rgb8/psnr"] for row in found["rows"]}
    expected = {"a": 20 * np.log10(255), "deep/b [1]": 20 * np.log10(255 / 2)}  # one level, two
    assert rows == pytest.approx(expected, abs=1e-4)
    assert found["mean"]["rgb8/psnr"] == pytest.approx(sum(expected.values()) / 2, abs=1e-4)


def test_what_cannot_be_scored_says_so(tmp_path: Path) -> None:
    restored, sharp = tmp_path / "restored", tmp_path / "sharp"
    folders = (f"restored={restored}", f"sharp={sharp}")
    write_image(restored / "a.png", picture(0))
    with pytest.raises(InputError, match=r"sharp is no folder of pictures"):
        scored(tmp_path / "run", *folders)
    write_image(sharp / "b.png", picture(1))
    with pytest.raises(InputError, match=r"restored/a\.png has no sharp partner named 'a'"):
        scored(tmp_path / "run", *folders)
    (sharp / "b.png").rename(sharp / "a.png")
    write_image(restored / "a.png", picture(0, height=20))
    with pytest.raises(InputError, match=r"sharp/a\.png has 32x24 pixels and its partner .* 32x20"):
        scored(tmp_path / "run", *folders)
    with pytest.raises(InputError, match=r"give both restored=<folder> and sharp=<folder>"):
        scored(tmp_path / "run", folders[0])
    with pytest.raises(InputError, match=r"save= writes what a method restores"):
        scored(tmp_path / "run", *folders, f"save={tmp_path}")
    with pytest.raises(InputError, match=r"this data has no test pictures; set data\.test"):
        scored(tmp_path / "run", "model=unsharp", "data.test=null")
    assert not (tmp_path / "run" / "scores.json").exists()


def test_a_table_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for role in ("restored", "sharp"):
        write_image(tmp_path / role / "a.png", picture(role == "sharp"))
    scored(tmp_path / "run", f"restored={tmp_path / 'restored'}", f"sharp={tmp_path / 'sharp'}")
    printed = capsys.readouterr().out
    assert "PSNR" in printed
    assert printed.splitlines()[-1] == f"rows and means: {tmp_path / 'run'}"


def test_training_folders_need_not_be_there(tmp_path: Path) -> None:
    for role, seed in (("blur", 0), ("sharp", 1)):
        write_image(tmp_path / f"test/GOPR0384_11_00/{role}/000001.png", picture(seed))
    data = ("data=gopro", f"data.root={tmp_path}", "data.variant=blur", "data.workers=0")
    result = scored(tmp_path / "run", "model=unsharp", *data)
    assert [row["name"] for row in result["rows"]] == ["GOPR0384_11_00/000001"]
