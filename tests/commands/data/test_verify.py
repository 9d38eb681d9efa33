import logging
import shutil
from pathlib import Path

import pytest
from conftest import TEST, TRAIN
from omegaconf import DictConfig, OmegaConf
from videos import photographs, write, write_pairs

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
    there = 3 * 2 * (len(TRAIN) + len(TEST))  # blurred in two variants, sharp
    words = f"faults of GOPRO_Large: 0; pictures decoded: {2 * 3 * 4} of {there} (all: full=true)"
    assert lines[-1] == words


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


def of_own(root: Path, *overrides: str, data: str = "folder_paired") -> DictConfig:
    given = (f"data={data}", f"data.root={root}", *overrides)
    return compose("action=verify", *given, config="data")


def wrong(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [line.removeprefix("wrong: ") for line in caplog.messages if line.startswith("wrong: ")]


def test_pairs_of_ones_own_are_verified(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    pictures = photographs(20)
    write_pairs(tmp_path / "train", pictures[:12])
    write_pairs(tmp_path / "test", pictures[12:], "new{}")
    with caplog.at_level(logging.INFO):
        assert verify_data(of_own(tmp_path)) == 0
    assert "train paired: 12 pairs" in caplog.messages
    assert "test: 8 pairs" in caplog.messages
    assert [line for line in caplog.messages if line.startswith("val: not here; no blurred pict")]
    assert caplog.messages[-1] == f"faults of {tmp_path}: 0; pictures decoded: 40 of 40"


def test_all_that_is_wrong_with_ones_own_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pictures = photographs(24)
    write_pairs(tmp_path / "train", pictures[:12])
    write_pairs(tmp_path / "val", pictures[:12])
    write_pairs(tmp_path / "test", pictures[12:], "new{}")
    (tmp_path / "val" / "blurred" / "0003.png").unlink()
    file = tmp_path / "test" / "sharp" / "new4.png"
    file.write_bytes(file.read_bytes()[:900])
    write(tmp_path / "train" / "sharp", [picture[:, ::-1] for picture in pictures[:12]])
    assert verify_data(of_own(tmp_path)) == 3
    partner, unrelated, cut = sorted(wrong(caplog), key=lambda fault: "truncated" in fault)
    assert "val/sharp/0003.png has no blurred partner" in partner + unrelated
    assert "check that both files of a pair show the same scene" in partner + unrelated
    assert "new4.png cannot be read: it is truncated" in cut


def test_what_is_in_two_parts_is_wrong(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for part in ("train", "test"):
        write_pairs(tmp_path / part, photographs(12))
    assert verify_data(of_own(tmp_path)) == 1
    assert wrong(caplog)[0].startswith("12 of 12 test pictures looked at are train paired pictures")


def test_an_undivided_folder_of_pairs_is_verified(tmp_path: Path) -> None:
    write_pairs(tmp_path, photographs(12))
    assert verify_data(of_own(tmp_path)) == 0


def test_other_folders_of_ones_own_are_verified(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path, photographs(40))
    with caplog.at_level(logging.INFO):
        assert verify_data(of_own(tmp_path, data="folder_sharp")) == 0
    assert "train paired: 36 sharp pictures" in caplog.messages


def test_nothing_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no blurred pictures in .*train/blurred"):
        verify_data(of_own(tmp_path))
    with pytest.raises(InputError, match=r"nowhere is not a folder"):
        verify_data(of_own(tmp_path / "nowhere"))
