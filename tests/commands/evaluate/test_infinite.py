"""A perfect picture and one that was never blurred: nothing is lost, and every file can be read."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray
from page_reading import Page
from scipy.ndimage import gaussian_filter
from strict import strict_json

from deblurkit.commands.evaluate.evaluate import evaluate
from deblurkit.config import compose
from deblurkit.imaging.formats.files import write_image

ROLES = ("blurred", "restored", "sharp")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``perfect`` is restored without an error; ``untouched`` was sharp, and is blurred now."""
    folder = tmp_path_factory.mktemp("pictures")
    for name, corner in (("perfect", 100), ("untouched", 200)):
        sharp = skimage.data.astronaut()[corner : corner + 24, 100:132]
        soft = gaussian_filter(sharp.astype(float), (1.5, 1.5, 0)).round().astype(np.uint8)
        before, after = (soft, sharp) if name == "perfect" else (sharp, soft)
        for role, picture in zip(ROLES, (before, after, sharp), strict=True):
            write_image(folder / role / f"{name}.png", picture)
    return folder


def evaluated(root: Path, run: Path, *overrides: str) -> None:
    pictures = [f"{role}={root / role}" for role in ("blurred", "sharp")]
    quiet = ("trainer.enable_progress_bar=false", f"paths.run={run}")
    evaluate(compose(*quiet, *pictures, *overrides, config="eval"))


def psnr(picture: NDArray[Any], sharp: NDArray[Any]) -> float:
    error = ((picture.astype(float) - sharp) ** 2).mean()
    return float(10 * np.log10(255**2 / error))


def other_ssim(rows: dict[str, Any]) -> float:
    return float(rows["untouched"]["rgb8/ssim"])


def test_a_mean_leaves_infinite_scores_out_and_says_so(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluated(root, tmp_path, f"restored={root / 'restored'}")
    scores = strict_json(tmp_path / "scores.json")
    rows = {row["name"]: row for row in scores["rows"]}
    assert rows["perfect"]["psnr_gain"] == rows["perfect"]["rgb8/psnr"] == "Infinity"
    assert rows["untouched"]["psnr_gain"] == "-Infinity"
    for column in ("rgb8/psnr", "psnr_blurred", "psnr_restored", "psnr_gain"):
        assert scores["mean"][column] == "NaN"  # the finite ones are of different pictures
    assert scores["mean"]["rgb8/ssim"] == (rows["perfect"]["rgb8/ssim"] + other_ssim(rows)) / 2
    assert (scores["pictures"], scores["pictures_in_mean"]) == (2, 0)
    assert scores["infinite"]["psnr_gain"] == {"Infinity": 1, "-Infinity": 1}
    assert scores["infinite"]["psnr_blurred"] == {"Infinity": 1, "-Infinity": 0}
    assert "rgb8/ssim" not in scores["infinite"]
    printed = capsys.readouterr().out
    lines = [line.split("│") for line in printed.splitlines()]
    table = {line[1].strip(): [cell.strip() for cell in line[2:]] for line in lines if line[1:]}
    assert table["mean"][:3] == ["none", "none", "none"]
    assert table["infinite"] == ["1 inf", "1 inf", "1 inf, 1 -inf", "", ""]
    said = "every picture has an infinite score: columns that hold any have no mean"
    assert said in printed
    page = Page(tmp_path / "page.html")
    tiles = [element.text for element in page.all("span", "value")]
    assert tiles[1:3] == ["none without 1 inf", "none without 1 inf, 1 -inf"]
    assert said in page.source
    assert (tmp_path / "test.csv").read_text().count("inf") == 5


def test_means_that_stand_side_by_side_are_of_the_same_pictures(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A third picture, of which every score is finite; under one method and under two."""
    picture = skimage.data.astronaut()[150:174, 100:132]
    for role, dark in (("blurred", 40), ("restored", 20), ("sharp", 0)):
        shutil.copytree(root / role, tmp_path / role)
        write_image(tmp_path / role / "usual.png", picture // 2 + dark)
    evaluated(tmp_path, tmp_path / "run", f"restored={tmp_path / 'restored'}")
    scores = strict_json(tmp_path / "run" / "scores.json")
    usual = next(row for row in scores["rows"] if row["name"] == "usual")
    assert (scores["pictures"], scores["pictures_in_mean"]) == (3, 1)
    assert scores["mean"] == {key: usual[key] for key in scores["mean"]}
    assert scores["mean"]["psnr_gain"] == pytest.approx(20 * np.log10(40 / 20))
    assert "means are over the 1 of 3 pictures without an infinite score" in capsys.readouterr().out
    cells = {element.text for element in Page(tmp_path / "run" / "page.html").all("td")}
    assert f"{20 * np.log10(255 / 20):.2f} (without 1 inf)" in cells
    methods = f"compare={{ours:{tmp_path / 'restored'},theirs:{tmp_path / 'blurred'}}}"
    evaluated(tmp_path, tmp_path / "both", methods)
    compared = strict_json(tmp_path / "both" / "compare.json")
    means = [compared["methods"][name]["mean"]["psnr_restored"] for name in ("ours", "theirs")]
    assert means == pytest.approx([20 * np.log10(255 / 20), 20 * np.log10(255 / 40)])
    assert means[1] == compared["psnr_blurred"]
    assert compared["pictures_in_mean"] == 1


def test_methods_are_compared_all_the_same(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluated(root, tmp_path, f"compare={{ours:{root / 'restored'},theirs:{root / 'blurred'}}}")
    compared = strict_json(tmp_path / "compare.json")
    assert compared["methods"]["ours"]["infinite"]["psnr_gain"] == {"Infinity": 1, "-Infinity": 1}
    pair = next(pair for pair in compared["pairs"] if pair["score"] == "psnr_restored")
    assert (pair["difference"], pair["infinite"]) == (None, ["perfect", "untouched"])
    assert pair["verdict"] == "not compared: infinite differences only: 2"
    ssim = next(pair for pair in compared["pairs"] if pair["score"] == "rgb8/ssim")
    assert ssim["pictures"]["units"] == 2
    printed = " ".join(capsys.readouterr().out.split())
    assert "(without 1 inf)" in printed
    assert "infinite differences only: 2" in printed


def test_a_picture_that_is_infinitely_worse_makes_no_file_unreadable(
    root: Path, tmp_path: Path
) -> None:
    """The only picture was never blurred, so that its gain is minus infinite."""
    for role in ("blurred", "sharp"):
        picture = (root / role / "untouched.png").read_bytes()
        (tmp_path / role).mkdir()
        (tmp_path / role / "untouched.png").write_bytes(picture)
    evaluated(tmp_path, tmp_path / "run", "model=unsharp")
    scores = strict_json(tmp_path / "run" / "scores.json")
    assert scores["mean"]["psnr_gain"] == "-Infinity"
    assert float(scores["mean"]["psnr_gain"]) == -np.inf
