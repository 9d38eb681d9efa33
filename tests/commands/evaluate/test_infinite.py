"""A perfect picture and one that was never blurred: nothing is lost, and every file can be read."""

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


def test_a_mean_leaves_infinite_scores_out_and_says_so(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluated(root, tmp_path, f"restored={root / 'restored'}")
    scores = strict_json(tmp_path / "scores.json")
    rows = {row["name"]: row for row in scores["rows"]}
    assert rows["perfect"]["psnr_gain"] == rows["perfect"]["rgb8/psnr"] == "Infinity"
    assert rows["untouched"]["psnr_gain"] == "-Infinity"
    assert scores["mean"]["rgb8/psnr"] == rows["untouched"]["rgb8/psnr"]
    assert scores["mean"]["psnr_gain"] == "NaN"  # of one infinite gain and one infinite loss
    assert scores["infinite"]["psnr_gain"] == {"Infinity": 1, "-Infinity": 1}
    assert scores["infinite"]["psnr_blurred"] == {"Infinity": 1, "-Infinity": 0}
    assert "rgb8/ssim" not in scores["infinite"]
    lines = [line.split("│") for line in capsys.readouterr().out.splitlines()]
    table = {line[1].strip(): [cell.strip() for cell in line[2:]] for line in lines if line[1:]}
    blurred, restored = (scores["mean"][f"psnr_{role}"] for role in ("blurred", "restored"))
    assert table["mean"][:3] == [f"{blurred:.2f}", f"{restored:.2f}", "none"]
    assert table["left out"] == ["1 inf", "1 inf", "1 inf, 1 -inf", "", ""]
    page = Page(tmp_path / "page.html")
    tiles = [element.text for element in page.all("span", "value")]
    assert tiles[1:3] == [f"{restored:.2f} dB without 1 inf", "none without 1 inf, 1 -inf"]
    assert (tmp_path / "test.csv").read_text().count("inf") == 5


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
