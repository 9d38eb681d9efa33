"""What a run leaves behind, and that it asks nobody and loads nothing for it."""

import csv
import json
import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf
from PIL import Image
from running import DIRECT, SMALL, config, run

import deblurkit
from deblurkit.commands.shared.record import revision
from deblurkit.imaging.drawing.grid import BESIDE, NAME
from deblurkit.imaging.formats.files import read_image

WITH_PICTURES = (
    *(override for override in SMALL if "pictures" not in override and "test=" not in override),
    *("model=dclnet_tiny", "model.backbone.channels=4", "model.backbone.blocks=1"),
    *("callbacks.pictures.side=64", "data.val.names=[rocket]", "data.test.names=[rocket]"),
    "trainer.max_epochs=2",
)
# Before a command: whoever asks the network fails.
OFFLINE = """
import socket, sys

def refused(*arguments, **options):
    raise AssertionError(f"the network was asked: {arguments}")

socket.socket.connect = socket.socket.connect_ex = refused
socket.getaddrinfo = socket.create_connection = refused
from deblurkit.cli.train import main

main()
found = [name for name in ("wandb", "tensorboard", "torchvision") if name in sys.modules]
print("imported:", *found)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run in a process of its own that cannot reach the network."""
    work = tmp_path_factory.mktemp("work")
    done = subprocess.run(
        [sys.executable, "-c", OFFLINE, *WITH_PICTURES, "seed=5", "hydra.run.dir=run"],
        cwd=work,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (work / "printed.txt").write_text(done.stdout + done.stderr)
    return work / "run"


def test_it_says_how_it_came_to_be(folder: Path) -> None:
    cfg = OmegaConf.load(folder / "config.yaml")
    assert (cfg.seed, cfg.model.backbone.channels, cfg.data.crop) == (5, 4, 32)
    assert cfg.data.synthesis.seed == 5
    (record,) = json.loads((folder / "record.json").read_text())
    assert record["seed"] == 5
    assert "model=dclnet_tiny" in record["command"]
    assert record["packages"]["torch"].split("+")[0] == torch.__version__.split("+")[0]
    assert record["deblurkit"] == deblurkit.__version__
    assert record["revision"] == revision()


def test_it_holds_metrics_scores_and_checkpoints(folder: Path) -> None:
    with (folder / "metrics.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert {"val/psnr", "val/ssim", "val/psnr_gain", "train/objective"} <= rows[0].keys()
    assert sum(bool(row["val/psnr"]) for row in rows) == 2  # one per epoch
    for stage in ("val", "test"):
        with (folder / "scores" / f"{stage}.csv").open() as stream:
            assert [row["name"] for row in csv.DictReader(stream)] == ["rocket"]
    blurred = torch.rand(1, 3, 20, 24)
    for name in ("best.ckpt", "last.ckpt"):
        torch.load(folder / name, weights_only=True)
    best = deblurkit.load(folder / "best.ckpt").restore(blurred)
    assert torch.equal(deblurkit.load(folder).restore(blurred), best)


def test_it_shows_the_same_crops_over_time(folder: Path) -> None:
    drawn = sorted((folder / "pictures").iterdir())
    assert [file.name for file in drawn] == ["epoch_0000_rocket.png", "epoch_0001_rocket.png"]
    first, second = map(read_image, drawn)
    assert first.shape == (
        NAME + 64,
        3 * 64 + 2 * BESIDE,
        3,
    )  # blurred | restored | sharp, and names
    left, right = slice(0, 64), slice(-64, None)
    assert np.array_equal(first[:, left], second[:, left])
    assert np.array_equal(first[:, right], second[:, right])
    assert not np.array_equal(first[24:, left], first[24:, right])
    assert not np.array_equal(first[24:, 68 : 68 + 64], second[24:, 68 : 68 + 64])  # it learns


def test_every_line_is_said_once_and_nothing_else_is_loaded(folder: Path) -> None:
    printed = (folder.parent / "printed.txt").read_text()
    said = [line for line in printed.splitlines() if line.startswith(("DCLNet: ", "run folder: "))]
    assert len(said) == 2
    log = (folder / "train.log").read_text()
    assert log.count("DCLNet: backbone") == log.count("run folder: ") == 1
    for noise in ("GPU available", "Warning", "Tip:"):
        assert noise not in printed
    assert printed.splitlines()[-1].strip() == "imported:"


def test_tensorboard_holds_numbers_and_pictures(tmp_path: Path) -> None:
    events = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    given = ("logger=tensorboard",)
    cfg = config(tmp_path, *given, model=DIRECT)
    cfg.callbacks.pictures = pictures(tmp_path)
    run(cfg)
    read = events.EventAccumulator(str(tmp_path / "tensorboard"))
    read.Reload()
    assert {"val/psnr", "val/psnr_gain"} <= set(read.Tags()["scalars"])
    assert sorted(read.Tags()["images"]) == ["val/immunohistochemistry", "val/rocket"]
    stored = [event.encoded_image_string for event in read.Images("val/rocket")]
    assert [np.asarray(Image.open(BytesIO(png))).tobytes() for png in stored] == drawn(tmp_path)


def test_wandb_works_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    cfg = config(tmp_path, "logger=wandb", model=DIRECT)
    cfg.callbacks.pictures = pictures(tmp_path)
    run(cfg)
    import wandb

    wandb.finish()
    (kept,) = (tmp_path / "wandb").glob("offline-run-*")
    assert list(kept.glob("*.wandb"))
    shown = sorted(
        kept.rglob("media/images/val/rocket*.png"), key=lambda file: file.stat().st_mtime
    )
    assert [np.asarray(Image.open(file)).tobytes() for file in shown] == drawn(tmp_path)


def drawn(folder: Path) -> list[bytes]:
    """Pixels of what was drawn of one picture, of 8 bits and not all dark, epoch by epoch."""
    pictures = [read_image(file) for file in sorted((folder / "pictures").glob("*_rocket.png"))]
    assert len(pictures) == 2
    assert all(pixels.dtype == np.uint8 and pixels.max() > 128 for pixels in pictures)
    return [pixels.tobytes() for pixels in pictures]


def pictures(folder: Path) -> dict[str, object]:
    target = "deblurkit.callbacks.pictures.Pictures"
    return {"_target_": target, "folder": str(folder / "pictures"), "side": 48}


def test_validation_pictures_are_not_called_held_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(config(tmp_path, "trainer.max_epochs=1", model=DIRECT))  # without a test part
    printed = capsys.readouterr().out
    assert "validation pictures, PSNR in dB" in printed
    assert "held-out" not in printed
