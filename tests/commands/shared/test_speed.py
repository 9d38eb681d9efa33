"""``speed=`` of the commands: what is taken, what is told, and what does not go together."""

import csv
import json
import logging
from pathlib import Path

import numpy as np
import pytest
import skimage.data
import torch
from omegaconf import DictConfig
from running import VALIDATED, tiny
from running import config as running_config
from running import run as trained

from deblurkit.commands.evaluate.evaluate import evaluate
from deblurkit.commands.restore.restore_files import restore_files
from deblurkit.config import compose
from deblurkit.errors import InputError
from deblurkit.imaging.formats.files import read_image, write_image

QUIET = "trainer.enable_progress_bar=false"
NETWORK = "deblurkit.callbacks.network"
WORDS = {"auto": "bfloat16, channels last", "exact": "float32", "null": "bfloat16, channels last"}


@pytest.fixture(autouse=True)
def bf16(monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor with bf16 instructions; without them the same numbers take longer."""
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)


def config(folder: Path, *overrides: str) -> DictConfig:
    if not (folder / "in").exists():
        write_image(folder / "in" / "cat.png", skimage.data.chelsea()[90:154, 120:200])
        write_image(folder / "in" / "dog.png", skimage.data.chelsea()[30:94, 120:200])
    places = (f"inputs=[{folder / 'in'}]", f"output={folder / 'out'}", f"paths.run={folder}")
    return compose(*places, QUIET, "weights=tiny", "guard=false", *overrides, config="deblur")


def results(folder: Path) -> list[np.ndarray]:
    return [read_image(folder / "out" / f"{name}.png") for name in ("cat", "dog")]


def test_the_path_is_told_and_a_batch_that_goes_on_compares_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pictures = {}
    for speed in ("null", "auto", "exact"):
        caplog.clear()
        with caplog.at_level(logging.INFO, logger="deblurkit"):
            assert restore_files(config(tmp_path, f"speed={speed}", "page=true")) == 0
        assert f"by NAFNet (weights=tiny) in {WORDS[speed]}" in caplog.text
        assert ("of them before" in caplog.text) is (speed == "auto"), "null is auto"
        assert f"<dd>{WORDS[speed]}</dd>" in (tmp_path / "out" / "page.html").read_text()
        with (tmp_path / "out" / "restored.csv").open() as stream:
            assert {row["computed"] for row in csv.DictReader(stream)} == {WORDS[speed]}
        pictures[speed] = results(tmp_path)
    steps = np.abs(np.int16(pictures["auto"]) - np.int16(pictures["exact"]))
    assert 0 < steps.mean() < 0.2
    assert steps.max() <= 3


@pytest.mark.parametrize(
    ("beside", "named"),
    [
        ("trainer.precision=bf16-mixed", "trainer.precision=bf16-mixed"),
        (f"+callbacks.mine={{_target_:{NETWORK}.ChannelsLast}}", "callbacks=mine"),
    ],
)
def test_a_precision_or_layout_beside_it_is_refused(
    beside: str, named: str, tmp_path: Path
) -> None:
    said = f"speed= chooses precision and layout itself: leave speed= or {named} out"
    with pytest.raises(InputError, match=said):
        restore_files(config(tmp_path, "speed=exact", beside))


def test_a_precision_alone_is_the_trainers(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="deblurkit"):
        assert restore_files(config(tmp_path, "trainer.precision=32-true")) == 0
    assert "by NAFNet (weights=tiny) in 32-true" in caplog.text


def test_a_method_without_a_network_says_that_nothing_changes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="deblurkit"):
        assert restore_files(config(tmp_path, "weights=null", "model=unsharp", "speed=fast")) == 0
    assert "UnsharpMask is computed in one way: speed= changes nothing" in caplog.text
    assert "by UnsharpMask" in caplog.text
    assert " in float32" not in caplog.text


def test_scores_are_exact_unless_speed_says_otherwise(tmp_path: Path) -> None:
    scores = {}
    for speed in ("null", "exact", "fast"):
        folder = tmp_path / speed
        evaluate(
            compose(
                *("weights=tiny", f"paths.run={folder}", f"speed={speed}", QUIET, "page=false"),
                "data.test={_target_:toys.SmallPhotographs,names:[rocket]}",
                "trust=[toys]",
                config="eval",
            )
        )
        (record,) = json.loads((folder / "record.json").read_text())
        assert record["computed"] == ("bfloat16, channels last" if speed == "fast" else "float32")
        scores[speed] = json.loads((folder / "scores.json").read_text())["mean"]
    (psnr,) = (key for key in scores["null"] if key.endswith("psnr") and "blurred" not in key)
    assert scores["null"] == scores["exact"]
    assert 0 < abs(scores["fast"][psnr] - scores["exact"][psnr]) < 0.05


def test_a_comparison_is_exact() -> None:
    with pytest.raises(InputError, match="compare= restores exactly"):
        evaluate(compose("compare=[tiny,unsharp]", "speed=fast", config="eval"))


def test_a_training_goes_on_after_scores_along_another_path(tmp_path: Path) -> None:
    """Steps are those of a training with exact scores, bit by bit; scores are not."""
    weights, scores = {}, {}
    for speed in ("exact", "fast"):
        overrides = ("model=dclnet_residual", VALIDATED, f"speed={speed}", "test=false")
        cfg = running_config(tmp_path / speed, *overrides)
        cfg.model = tiny(cfg.model)
        weights[speed] = trained(cfg)["state_dict"]
        with (tmp_path / speed / "metrics.csv").open() as stream:
            rows = list(csv.DictReader(stream))
        scores[speed] = [
            value for row in rows for key, value in row.items() if key == "val/psnr" and value
        ]
    assert all(weights["fast"][name].equal(value) for name, value in weights["exact"].items())
    assert len(scores["fast"]) == 2
    assert scores["fast"] != scores["exact"]
