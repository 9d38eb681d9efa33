"""deblurkit-eval: scores of a method on a data set, and of pictures that other code restored."""

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
import tifffile
from numpy.typing import NDArray
from omegaconf import DictConfig
from PIL import Image
from strict import strict_json

from deblurkit.commands.evaluate.evaluate import evaluate
from deblurkit.config import compose
from deblurkit.errors import InputError
from deblurkit.imaging.formats.files import write_image

PHOTO = "data.test.names=[rocket]"


def scored(folder: Path, *overrides: str) -> dict:
    evaluate(evaluation(folder, *overrides))
    return strict_json(folder / "scores.json")


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


def test_what_another_evaluation_left_is_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its scores are renamed; pictures that would be written over are a sentence."""
    sharp, run, saved = tmp_path / "sharp", tmp_path / "run", tmp_path / "saved"
    write_image(sharp / "a.png", picture(0))
    write_image(tmp_path / "blurred" / "a.png", picture(1))
    pairs = (f"sharp={sharp}", f"blurred={tmp_path / 'blurred'}")
    first = scored(run, "model=unsharp", *pairs, f"save={saved}")
    assert scored(run, "model=unsharp", *pairs, f"save={saved}") == first
    assert "renamed" not in caplog.text
    other = ("model=unsharp", "model.amount=0", *pairs)
    with pytest.raises(InputError, match=r"saved/blurred/a.png, which this evaluation did not wri"):
        scored(run, *other, f"save={saved}")
    scored(run, *other)
    assert "renamed to *.earlier: config.yaml, scores.json, test.csv, ..." in caplog.text
    assert strict_json(run / "scores.json.earlier") == first
    (run / "last.ckpt").touch()
    with pytest.raises(InputError, match=r"run is the folder of a training and stays as it is"):
        scored(run, *other)


def test_pairs_without_a_test_part_say_how_they_are_scored(tmp_path: Path) -> None:
    for role in ("blurred", "sharp"):
        write_image(tmp_path / role / "a.png", picture(0))
    pairs = ("model=unsharp", "data=folder_paired", f"data.root={tmp_path}")
    with pytest.raises(
        InputError, match=r"not divided .*: score all of its pairs with blurred="
    ) as e:
        scored(tmp_path / "run", *pairs)
    assert f"blurred={tmp_path}/blurred sharp={tmp_path}/sharp" in str(e.value)


def test_of_files_of_several_pages_the_first_is_scored_and_that_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    page = Image.fromarray(picture(0))
    for role in ("restored", "sharp"):
        (tmp_path / role).mkdir()
        page.save(tmp_path / role / "a.tif", save_all=True, append_images=[page, page])
    scored(tmp_path / "run", *(f"{role}={tmp_path / role}" for role in ("restored", "sharp")))
    for role in ("restored", "sharp"):
        said = f"1 of 1 TIFF files looked at hold several pages, {tmp_path / role}/a.tif has 3: the"
        assert said in caplog.text


def test_without_save_no_picture_is_written(tmp_path: Path) -> None:
    scored(tmp_path, "model=unsharp", PHOTO)
    assert not list(tmp_path.rglob("*.png"))
    assert {file.name for file in tmp_path.iterdir()} == {
        *("config.yaml", "page.html", "record.json", "scores.json", "test.csv"),
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
    write_image(sharp / "a.png", picture(1))
    write_image(restored / "a.png", picture(0, height=20))
    with pytest.raises(InputError, match=r"restored/a\.png has 32x20 .* its counterpart 32x24"):
        scored(tmp_path / "run", *folders)
    with pytest.raises(InputError, match=r"save= writes what a method restores"):
        scored(tmp_path / "run", *folders, f"save={tmp_path}")
    with pytest.raises(InputError, match=r"leave weights= and model= out"):
        scored(tmp_path / "run", *folders, "model=unsharp")
    with pytest.raises(InputError, match=r"give both blurred=<folder> and sharp=<folder>"):
        scored(tmp_path / "run", folders[0], f"blurred={sharp}")
    with pytest.raises(InputError, match=r"give both blurred=<folder> and sharp=<folder>"):
        scored(tmp_path / "run", "model=unsharp", folders[1])
    with pytest.raises(InputError, match=r"this data has no test pictures; set data\.test"):
        scored(tmp_path / "run", "model=unsharp", "data.test=null")
    assert not (tmp_path / "run" / "scores.json").exists()


@pytest.mark.parametrize("blurred", [True, False])
def test_pictures_too_few_and_too_many_are_named(blurred: bool, tmp_path: Path) -> None:
    restored, sharp = tmp_path / "restored", tmp_path / "sharp"
    for name in ("a", "b/1", "b/2", "b/3", "b/4"):
        write_image(sharp / f"{name}.png", picture(1))
    for name in ("a", "c", "b/d"):
        write_image(restored / f"{name}.jpg", picture(0))
    folders = (f"restored={restored}", f"sharp={sharp}") + (f"blurred={sharp}",) * blurred
    with pytest.raises(InputError) as error:
        scored(tmp_path / "run", *folders)
    words = "lacks 4 of 5: b/1, b/2, b/3, ... and holds 2 that belong to none: b/d, c (names"
    assert words in str(error.value)
    write_image(restored / "a.png", picture(0))
    with pytest.raises(InputError, match=r"a\.jpg and .*a\.png are both 'a': remove one"):
        scored(tmp_path / "run", *folders)


def test_with_blurred_pictures_the_gain_is_known(tmp_path: Path) -> None:
    """Every column of a method's row; the shift of levels is known, so are the scores."""
    folders = [f"{role}={tmp_path / role}" for role in ("blurred", "restored", "sharp")]
    for number, name in enumerate(("a", "deep/b")):
        sharp = picture(number) // 2 + 50
        write_image(tmp_path / "sharp" / f"{name}.png", sharp)
        write_image(tmp_path / "blurred" / f"{name}.png", sharp + 4)
        write_image(tmp_path / "restored" / f"{name}.tif", sharp - 1 - number)
    found = scored(tmp_path / "run", *folders, "protocol=[rgb8,gopro]")
    assert [row["name"] for row in found["rows"]] == ["a", "deep/b"]
    assert found["mean"]["psnr_blurred"] == pytest.approx(20 * np.log10(255 / 4), abs=1e-4)
    gains = [row["psnr_gain"] for row in found["rows"]]
    assert gains == pytest.approx([20 * np.log10(4), 20 * np.log10(2)], abs=1e-4)
    without = scored(tmp_path / "other", *folders[1:], "protocol=[rgb8,gopro]")
    for row, other in zip(found["rows"], without["rows"], strict=True):
        assert other.items() <= row.items()
    assert not {key for key in without["mean"] if "blurred" in key or "gain" in key}


def test_stored_pictures_take_the_place_of_a_method(tmp_path: Path) -> None:
    """Of data= too: what a method wrote scores as the method did."""
    saved = tmp_path / "saved"
    first = scored(tmp_path / "a", "model=unsharp", PHOTO, f"save={saved}")
    again = scored(tmp_path / "b", f"restored={saved / 'restored'}", PHOTO)
    assert again["rows"][0].keys() == first["rows"][0].keys()
    for score, value in first["mean"].items():
        assert again["mean"][score] == pytest.approx(value, abs=1e-4)
    wrong = (f"restored={saved / 'restored'}", "data.test.names=[rocket,chelsea]")
    with pytest.raises(InputError, match=r"lacks 1 of 2: chelsea"):
        scored(tmp_path / "c", *wrong)


@pytest.mark.parametrize("blurred", [True, False])
def test_sixteen_bits_are_scored_as_what_they_mean(blurred: bool, tmp_path: Path) -> None:
    """257 times the level of 8 bits is the same picture; a hundredth of a level counts."""
    levels = picture(0).astype(np.uint16)
    write_image(tmp_path / "sharp" / "a.png", picture(0))
    deep = np.where(levels > 127, levels * 257 - 3, levels * 257 + 3).astype(np.uint16)
    write_image(tmp_path / "restored" / "a.png", deep)
    folders = [f"{role}={tmp_path / role}" for role in ("restored", "sharp")]
    folders += [f"blurred={tmp_path / 'sharp'}"] * blurred
    found = scored(tmp_path / "run", *folders, "protocol=[rgb8,gopro_float]")["mean"]
    assert float(found["rgb8/psnr"]) == np.inf
    assert found["gopro_float/psnr"] == pytest.approx(20 * np.log10(65535 / 3), abs=1e-3)
    write_image(tmp_path / "sharp" / "a.png", levels * 257)  # and the other way round
    write_image(tmp_path / "restored" / "a.png", picture(0))
    assert float(scored(tmp_path / "run", *folders)["mean"]["rgb8/psnr"]) == np.inf


def test_floats_in_a_file_are_refused_be_they_finite_or_not(tmp_path: Path) -> None:
    write_image(tmp_path / "sharp" / "a.png", picture(0))
    (tmp_path / "restored").mkdir()
    values = picture(0).astype(np.float32) / 255
    values[3, 4] = np.nan
    tifffile.imwrite(tmp_path / "restored" / "a.tif", values, photometric="rgb")
    folders = [f"{role}={tmp_path / role}" for role in ("restored", "sharp")]
    with pytest.raises(InputError, match=r"a\.tif cannot be read: it holds"):
        scored(tmp_path / "run", *folders)


def test_constant_pictures_have_defined_scores(tmp_path: Path) -> None:
    for role, level in (("blurred", 90), ("restored", 120), ("sharp", 120)):
        write_image(tmp_path / role / "a.png", np.full((24, 32, 3), level, np.uint8))
    folders = [f"{role}={tmp_path / role}" for role in ("blurred", "restored", "sharp")]
    found = scored(tmp_path / "run", *folders, "protocol=[rgb8,gopro,gray]")["mean"]
    for score in ("gopro/ssim_matlab_rgb", "gopro/ssim_gauss_rgb", "gray/ssim_gray"):
        assert found[score] == pytest.approx(1)
    assert found["rgb8/ssim"] == pytest.approx(1, abs=3e-3)  # single precision
    assert found["psnr_gain"] == found["rgb8/psnr"] == "Infinity"


def test_pictures_that_cannot_be_aligned_are_counted_and_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photograph = skimage.data.astronaut()[100:164, 180:260]
    for name, restored in (("good", photograph), ("even", np.full_like(photograph, 99))):
        write_image(tmp_path / "sharp" / f"{name}.png", photograph)
        write_image(tmp_path / "restored" / f"{name}.png", restored)
    folders = [f"{role}={tmp_path / role}" for role in ("restored", "sharp")]
    found = scored(tmp_path / "run", *folders, "protocol=[realblur_ecc]")
    assert found["exceptions"] == {"realblur_ecc/unaligned": ["even"]}
    assert found["mean"]["realblur_ecc/unaligned"] == 0.5
    assert found["packages"]["opencv"] == cv2.__version__  # moves the last digits
    assert "realblur_ecc: 1 unaligned, scored where they are: even" in capsys.readouterr().out


def test_what_is_not_finite_is_counted_and_listed(tmp_path: Path) -> None:
    """A mask that is infinitely strong."""
    found = scored(tmp_path, "model=unsharp", "model.amount=inf", "protocol=[rgb8,gopro]", PHOTO)
    broken = {"rgb8/not finite": ["rocket"], "gopro/not finite": ["rocket"]}
    assert found["exceptions"].items() >= broken.items()
    assert found["mean"]["psnr_gain"] == "NaN"  # JSON has no such number


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
