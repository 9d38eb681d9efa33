"""compare=[a,b,...] from the command's task to the files it leaves."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from omegaconf import OmegaConf
from page_reading import Page
from running import command_line
from strict import strict_json

from deblurkit.commands.evaluate.evaluate import evaluate
from deblurkit.config import compose
from deblurkit.errors import InputError
from deblurkit.imaging.formats.files import read_image, write_image

NAMES = [f"s{number // 2}/{number:02d}" for number in range(14)]
LEFT = {"near": 1, "alike": 1, "far": 3}  # of a method: how wrong it is, grey levels


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """14 pictures of 7 sequences and what three methods made of them."""
    folder = tmp_path_factory.mktemp("pictures")
    numbers = np.random.default_rng(0)
    for name in NAMES:
        sharp = numbers.integers(60, 190, (20, 24, 3)).astype(np.int16)
        signs = numbers.choice([-1, 1], (4, *sharp.shape))
        made = {"blurred": 6, "sharp": 0, **LEFT}
        for (role, wrong), sign in zip(made.items(), (*signs, signs[0]), strict=True):
            write_image(folder / role / f"{name}.png", (sharp + wrong * sign).astype(np.uint8))
    # one of two that are alike is a little better here and as much worse there
    for name, step in ((NAMES[0], 2), (NAMES[5], 0)):
        near = read_image(folder / "near" / f"{name}.png").astype(np.int16)
        near[:4, :6] = read_image(folder / "sharp" / f"{name}.png")[:4, :6] + np.int16(step)
        write_image(folder / "near" / f"{name}.png", near.astype(np.uint8))
    return folder


def compared(folder: Path, *overrides: str) -> dict[str, Any]:
    quiet = ("trainer.enable_progress_bar=false", f"paths.run={folder}")
    evaluate(compose(*quiet, *overrides, config="eval"))
    return strict_json(folder / "compare.json")


def of(root: Path, *methods: str) -> list[str]:
    entries = ",".join(method if method == "unsharp" else f"{root / method}" for method in methods)
    pictures = [f"{role}={root / role}" for role in ("blurred", "sharp")]
    return [*pictures, f"compare=[{entries}]", "comparison.side=8"]


def test_methods_of_several_kinds_are_compared(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = compared(tmp_path, *of(root, "near", "alike", "far", "unsharp"))
    assert found["pictures"] == 14
    assert found["resampling"]["seed"] == 0
    assert list(found["methods"]) == ["near", "alike", "far", "unsharp"]
    means = {name: one["mean"]["psnr_restored"] for name, one in found["methods"].items()}
    assert means["alike"] == pytest.approx(20 * np.log10(255), abs=1e-4)
    assert means["far"] == pytest.approx(20 * np.log10(255 / 3), abs=1e-4)
    gain = found["methods"]["far"]["mean"]["psnr_gain"]
    assert gain == pytest.approx(20 * np.log10(6 / 3), abs=1e-4)
    verdicts = {
        (pair["first"], pair["second"]): pair["verdict"]
        for pair in found["pairs"]
        if pair["score"] == "psnr_restored"
    }
    assert verdicts["near", "alike"] == "inside the noise"
    assert verdicts["near", "far"] == verdicts["alike", "far"] == "higher"
    assert verdicts["far", "unsharp"] == "higher"
    assert len(verdicts) == 6
    sections = {pair["sequences"]["units"] for pair in found["pairs"]}
    assert (sections, {pair["pictures"]["units"] for pair in found["pairs"]}) == ({7}, {14})
    printed = capsys.readouterr().out
    assert "near less alike, mean over pictures" in printed
    assert "inside the noise" in printed
    with (tmp_path / "compare.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["name"] for row in rows if row["method"] == "far"] == NAMES
    assert len(rows) == 4 * 14
    assert "…" not in printed, "it is no terminal"
    page = Page(tmp_path / "page.html")
    assert page.all("h1")[0].text == "near, alike, far and unsharp"
    means_of_far = next(row for row in page.all("tr") if row.text.startswith("far "))
    assert means_of_far.text.startswith(f"far {means['far']:.2f} {gain:+.2f}")
    assert page.source.count("inside the noise") == printed.count("inside the noise")
    assert len(page.all("table")) == 1 + 6 + 1
    images = page.all("img")
    assert [image.attributes["src"][:22] for image in images] == ["data:image/webp;base64"] * 2


def test_figures_are_of_other_pictures_each(root: Path, tmp_path: Path) -> None:
    found = compared(tmp_path, *of(root, "near", "far"), "comparison.crops=3")
    names = [crop["name"] for crop in found["crops"]]
    assert len(set(names)) == 3
    assert {(crop["height"], crop["width"]) for crop in found["crops"]} == {(8, 8)}
    crops, errors = (read_image(tmp_path / f"compare_{one}.png") for one in ("crops", "errors"))
    assert crops.shape[1] == 4 * 200 + 3 * 10 + 2 * 20  # blurred, two methods, sharp
    assert errors.shape[1] == 3 * 200 + 2 * 10 + 2 * 20
    none = compared(tmp_path / "none", *of(root, "near", "far"), "comparison.crops=0")
    assert none["crops"] == []
    assert not list((tmp_path / "none").glob("*.png"))
    assert not Page(tmp_path / "none" / "page.html").all("img")


def test_data_of_any_kind_will_do_and_scores_are_those_of_one_method(tmp_path: Path) -> None:
    photo = ("data.test.names=[rocket]", "protocol=[gray]")
    found = compared(tmp_path / "both", "compare=[unsharp,wiener]", *photo)
    quiet = ("trainer.enable_progress_bar=false", f"paths.run={tmp_path / 'alone'}")
    evaluate(compose(*quiet, "model=wiener", *photo, config="eval"))
    alone = json.loads((tmp_path / "alone" / "scores.json").read_text())["mean"]
    assert {"psnr_gain", "gray/ssim_gray"} <= found["methods"]["wiener"]["mean"].keys()
    assert found["methods"]["wiener"]["mean"].items() <= alone.items()
    verdicts = {pair["verdict"] for pair in found["pairs"]}
    assert verdicts == {"too few pictures to tell: 1"}


def test_what_is_counted_and_drawn_is_each_method_s_own(tmp_path: Path) -> None:
    """Two red squares; one method shows both, one the first."""
    for role, levels in (("blurred", (90, 90)), ("sharp", (250, 250)), ("both", (250, 250))):
        write_squares(tmp_path / role, levels)
    write_squares(tmp_path / "deep" / "one", (250, 90))
    pictures = [f"{role}={tmp_path / role}" for role in ("blurred", "sharp")]
    compare = f"compare={{x/one:{tmp_path}/deep/one,both:{tmp_path}/both}}"
    quiet = ("trainer.enable_progress_bar=false", f"paths.run={tmp_path / 'run'}")
    given = (*quiet, *pictures, compare, "protocol=[rgb8,detection]", "trust=[toy_detectors]")
    cfg = compose(*given, config="eval")
    OmegaConf.set_struct(cfg, False)
    cfg.protocol.detection.detector = {"_target_": "toy_detectors.Rectangles", "threshold": 0.5}
    evaluate(cfg)
    found = json.loads((tmp_path / "run" / "compare.json").read_text())["methods"]
    right = {name: one["pooled"]["detection/restored/right"] for name, one in found.items()}
    assert right == {"x/one": 1, "both": 2}
    drawn = [read_image(tmp_path / "run" / name / "detections" / "a.png") for name in found]
    assert drawn[0].shape == drawn[1].shape
    assert not np.array_equal(*drawn)


def write_squares(folder: Path, levels: tuple[int, int]) -> None:
    picture = np.zeros((40, 60, 3), np.uint8)
    for place, level in enumerate(levels):
        picture[10:30, 28 * place + 6 : 28 * place + 24, 0] = level
    write_image(folder / "a.png", picture)


def test_what_does_not_fit_is_said_at_once(root: Path, tmp_path: Path) -> None:
    two = of(root, "near", "far")
    for more in ("model=unsharp", "restored=x", "weights=x", f"save={tmp_path}"):
        with pytest.raises(InputError, match=r"compare= names all methods itself"):
            compared(tmp_path / "run", *two, more)
    with pytest.raises(InputError, match=r"give both blurred=<folder> and sharp=<folder>"):
        compared(tmp_path / "run", *two[1:])
    write_image(tmp_path / "odd" / f"{NAMES[0]}.png", read_image(root / "near" / f"{NAMES[0]}.png"))
    with pytest.raises(InputError, match=r"odd should hold one .* lacks 13 of 14: s0/01, s1/02"):
        compared(tmp_path / "run", *two[:2], f"compare=[{root / 'near'},{tmp_path / 'odd'}]")
    assert not (tmp_path / "run").exists()
    for name in NAMES:
        picture = read_image(root / "near" / f"{name}.png")
        write_image(tmp_path / "odd" / f"{name}.png", picture[:, :-1])
    with pytest.raises(InputError, match=r"s0/00\.png has 23x20 pixels and its counterpart 24x20"):
        compared(tmp_path / "run", *two[:2], f"compare=[{root / 'near'},{tmp_path / 'odd'}]")
    assert not (tmp_path / "run" / "compare.json").exists()


@pytest.mark.slow
def test_two_devices_give_what_one_gives(root: Path, tmp_path: Path) -> None:
    given = (*of(root, "near", "far", "unsharp"), "protocol=[rgb8,gopro]")
    given = (*given, "data.workers=0", "comparison.crops=2")
    command_line("eval", *given, "hydra.run.dir=one", folder=tmp_path)
    two = ("trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2")
    two = (*two, "trainer.precision=32-true")
    command_line("eval", *given, *two, "hydra.run.dir=two", folder=tmp_path)
    for file in ("compare.json", "compare.csv", "compare_crops.png", "compare_errors.png"):
        assert (tmp_path / "two" / file).read_bytes() == (tmp_path / "one" / file).read_bytes()
