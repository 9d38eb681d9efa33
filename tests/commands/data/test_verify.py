import logging
import shutil
from pathlib import Path

import pytest
from conftest import TEST, TRAIN
from omegaconf import DictConfig, OmegaConf

from deblurkit.commands.data.verify import verify_data
from deblurkit.config import compose
from deblurkit.errors import InputError


def of_small_gopro(root: Path, *overrides: str) -> DictConfig:
    cfg = compose("action=verify", f"data.root={root}", *overrides, config="data")
    cfg.known.size = [96, 128]
    for part, names in (("train", TRAIN), ("test", TEST)):
        facts = {"pictures": 2 * len(names), "groups": len(names)}
        facts["sequences"] = dict.fromkeys(names, 2)
        OmegaConf.update(cfg, f"known.expected.{part}", facts, merge=False)
    return cfg


def test_counts_layout_and_verdict_are_printed(
    gopro_tree: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        assert verify_data(of_small_gopro(gopro_tree, "samples=4")) == 0
    lines = caplog.messages
    assert lines[0] == f"GOPRO_Large in {gopro_tree}: as published, a folder for each sequence"
    assert "train blur_gamma: 44 / 44 pictures in 22 / 22 sequences" in lines
    assert f"  {TEST[1]}: 2 / 2" in lines
    assert lines[-1].startswith("faults of GOPRO_Large: 0; pictures decoded: 4 of each part")


def test_faults_are_counted_and_all_pictures_looked_at(
    gopro_tree: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = shutil.copytree(gopro_tree, tmp_path / "GOPRO_Large")
    file = root / "train" / TRAIN[1] / "sharp" / "000054.png"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 255  # amid the pixels: ends and header are whole
    file.write_bytes(data)
    few, full = (of_small_gopro(root, *more) for more in (["samples=2"], ["full=true"]))
    assert verify_data(few) == 0  # it was not among the two
    assert verify_data(full) == 1
    (fault,) = [line for line in caplog.messages if line.startswith("wrong: ")]
    assert str(file) in fault


def test_a_set_that_nothing_is_known_about(tmp_path: Path) -> None:
    cfg = compose("data=folder_paired", f"data.root={tmp_path}", config="data")
    with pytest.raises(InputError, match="choose one of gopro, hide, kohler, lai, levin, realblur"):
        verify_data(cfg)
