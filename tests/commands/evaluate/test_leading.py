"""Data whose pictures may move lead with the protocol that aligns them."""

from pathlib import Path

import numpy as np
import pytest
import skimage.data
from page_reading import Page
from scipy.ndimage import gaussian_filter
from strict import strict_json

from deblurkit.commands.evaluate.evaluate import evaluate
from deblurkit.config import compose
from deblurkit.imaging.formats.files import write_image

ROLES = ("blurred", "restored", "sharp")


@pytest.mark.parametrize(
    ("overrides", "protocols"),
    [
        (("data=levin",), ["levin", "rgb8"]),
        (("data=lai",), ["lai", "rgb8"]),
        (("data=kohler",), ["kohler", "rgb8"]),
        (("data=levin", "protocol=[gopro]"), ["gopro"]),
        (("data=photos",), ["rgb8"]),
    ],
)
def test_data_names_its_protocol_and_the_command_line_wins(
    overrides: tuple[str, ...], protocols: list[str]
) -> None:
    for command in ("train", "eval"):
        assert list(compose(*overrides, config=command).protocol) == protocols


def test_experiments_and_other_commands_take_such_data_too() -> None:
    assert compose("experiment=weak_none").protocol.keys() == {"levin"}
    assert compose("data=levin", config="data").data.root.endswith("levin")
    kohler = compose("data=kohler", "data.root=/pictures", config="eval").protocol.kohler
    assert kohler.frames == "/pictures/Image{scene}/Kernel{trajectory}/*.png"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Restored pictures are right to one grey level, but moved by three pixels."""
    folder = tmp_path_factory.mktemp("moved")
    whole = np.dstack([skimage.data.camera()] * 3)
    for number, name in enumerate(("a", "b")):
        top = 100 + 80 * number
        sharp = whole[top : top + 72, 200:280].clip(10, 240)
        moved = whole[top - 3 : top + 69, 200:280].clip(10, 240) - 1
        blurred = gaussian_filter(sharp.astype(float), (2, 2, 0)).round().astype(np.uint8)
        for role, picture in zip(ROLES, (blurred, moved, sharp), strict=True):
            write_image(folder / role / f"{name}.png", picture)
    return folder


@pytest.mark.parametrize("protocols", ["[levin,rgb8]", "[rgb8,levin]"])
def test_table_and_page_lead_with_what_is_aligned(
    protocols: str, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = [f"{role}={root / role}" for role in ROLES]
    quiet = ("trainer.enable_progress_bar=false", f"paths.run={tmp_path}")
    evaluate(compose(*quiet, *pictures, f"protocol={protocols}", config="eval"))
    mean = strict_json(tmp_path / "scores.json")["mean"]
    assert mean["levin/psnr"] == pytest.approx(20 * np.log10(255), abs=1e-3)  # one grey level
    assert mean["psnr_gain"] < -3  # where they lie, they look like a failure
    lines = capsys.readouterr().out.splitlines()
    cells = next([c.strip() for c in line.split("│")[2:]] for line in lines if " mean " in line)
    before, after, gain = (float(cell) for cell in cells[:3])
    assert after == 48.13
    assert gain == pytest.approx(after - before, abs=0.011)
    assert gain > 10
    heads = " ".join(" ".join(line.replace("┃", " ").split()) for line in lines[1:6])
    assert heads.index("levin") < heads.index("unaligned")
    page = Page(tmp_path / "page.html")
    tiles = [element.text for element in page.all("span", "value")]
    assert tiles == [f"{before:.2f} dB", "48.13 dB", f"{gain:+.2f} dB", "2 of 2"]
    captions = [element.text for element in page.all("caption")]
    assert captions[0].startswith("levin ")
    labels = [element.attributes["aria-label"] for element in page.all("svg")]
    assert labels == ["Gain in PSNR, levin (dB) of 2 pictures"]


def test_comparisons_lead_with_it_too(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = [f"{role}={root / role}" for role in ("blurred", "sharp")]
    quiet = ("trainer.enable_progress_bar=false", f"paths.run={tmp_path}", "protocol=[levin,rgb8]")
    evaluate(compose(*quiet, *pictures, f"compare=[{root / 'restored'},unsharp]", config="eval"))
    pairs = strict_json(tmp_path / "compare.json")["pairs"]
    assert next(pair["score"] for pair in pairs) == "levin/psnr"
    printed = capsys.readouterr().out
    heads = " ".join(printed.split("┡")[0].replace("┃", " ").split())
    assert heads.index("levin") < heads.index("8-bit") < heads.index("unaligned")
    assert next(
        line for line in printed.splitlines() if "-bit PSNR" in line or "levin PSNR" in line
    )
