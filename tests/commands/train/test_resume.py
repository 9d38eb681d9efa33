import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf

from deblurkit.commands.shared.checkpoint_io import AtomicCheckpointIO, read_sound
from deblurkit.commands.train.resume import make_ready, restarted, resume_checkpoint
from deblurkit.errors import InputError

WEIGHTS = torch.arange(200.0)


def written(folder: Path, **steps: int) -> dict[str, Path]:
    """Checkpoints of a run folder after so many steps."""
    files = {name: folder / f"{name}.ckpt" for name in steps}
    for name, path in files.items():
        content = {"state_dict": {"weight": WEIGHTS}, "global_step": steps[name]}
        AtomicCheckpointIO().save_checkpoint(content, path)
    return files


def test_the_newest_is_that_with_most_steps_whatever_the_clock_says(tmp_path: Path) -> None:
    files = written(tmp_path, last=7, previous=5, best=6)
    assert resume_checkpoint(tmp_path) == files["last"]
    files["last"].unlink()
    assert resume_checkpoint(tmp_path) == files["best"]
    written(tmp_path, last=6)
    assert resume_checkpoint(tmp_path) == files["last"]


def halved(content: bytes) -> bytes:
    return content[: len(content) // 2]


def without_its_end(content: bytes) -> bytes:
    return content[:-30]


def zeroed(content: bytes) -> bytes:
    return bytes(len(content))


def one_bit(content: bytes) -> bytes:
    place = content.index(WEIGHTS.numpy().tobytes()) + 401
    return content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :]


def nothing(content: bytes) -> bytes:
    return b""


@pytest.mark.parametrize("spoil", [halved, without_its_end, zeroed, one_bit, nothing])
def test_a_damaged_one_is_said_set_aside_and_the_next_one_taken(
    spoil: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = written(tmp_path, last=7, previous=5, best=4)
    damaged = spoil(files["last"].read_bytes())
    files["last"].write_bytes(damaged)
    assert resume_checkpoint(tmp_path) == files["previous"]
    assert "last.ckpt is damaged" in caplog.text
    assert (tmp_path / "last.ckpt.damaged").read_bytes() == damaged
    # The next save must not put it where the good one is.
    AtomicCheckpointIO().save_checkpoint(
        {"state_dict": {}, "global_step": 8}, files["last"], {"keep": files["previous"]}
    )
    assert resume_checkpoint(tmp_path) == files["last"]
    assert read_sound(files["previous"])["global_step"] == 5


def test_no_bit_flips_unnoticed(tmp_path: Path) -> None:
    """Either a flipped bit is said, or it changes nothing that is read."""
    (path,) = written(tmp_path, last=7).values()
    whole, luck = path.read_bytes(), random.Random(0)
    said = 0
    for _ in range(150):
        spoiled = bytearray(whole)
        spoiled[luck.randrange(len(whole))] ^= 1 << luck.randrange(8)
        path.write_bytes(spoiled)
        try:
            content = read_sound(path)
        except InputError:
            said += 1
            continue
        assert torch.equal(content["state_dict"]["weight"], WEIGHTS)
        assert content["global_step"] == 7
    assert said > 75


def test_without_a_sound_one_it_stops(tmp_path: Path) -> None:
    for path in written(tmp_path, last=7, best=7).values():
        path.write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"no sound checkpoint \(.*last\.ckpt.*best\.ckpt"):
        resume_checkpoint(tmp_path)


def test_one_that_cannot_be_read_now_is_not_called_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path,) = written(tmp_path, last=7).values()
    path.unlink()
    path.symlink_to(tmp_path / "loop")
    (tmp_path / "loop").symlink_to(path)
    monkeypatch.setattr(Path, "is_file", lambda self: self.name == "last.ckpt")
    with pytest.raises(InputError, match=r"last\.ckpt cannot be read: Too many levels"):
        resume_checkpoint(tmp_path)
    assert path.is_symlink()


def test_a_fresh_run_is_not_mixed_up_with_an_earlier_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    written(tmp_path, last=900, best=500)
    stray = tmp_path / "scores" / f".{32 * 'a'}.part"
    stray.parent.mkdir()
    stray.write_bytes(b"half")
    make_ready(tmp_path, tmp_path / "last.ckpt")
    assert not stray.exists()
    assert (tmp_path / "last.ckpt").is_file()
    for name in ("metrics.csv", "scores/val.csv", "last.ckpt.earlier"):
        (tmp_path / name).write_text("of the run before")
    (tmp_path / "pictures").mkdir()
    make_ready(tmp_path, None)
    said = "held another run; what it left was renamed to *.earlier: last.ckpt, best.ckpt,"
    assert said in caplog.text
    assert {path.name for path in tmp_path.rglob("*earlier*")} == {
        *("last.ckpt.earlier", "last.ckpt.earlier_2", "best.ckpt.earlier"),
        *("metrics.csv.earlier", "val.csv.earlier", "pictures.earlier"),
    }
    assert (tmp_path / "last.ckpt.earlier").read_text() == "of the run before"


def under_torchrun(monkeypatch: pytest.MonkeyPatch, folder: str, restarts: int) -> None:
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "none")
    monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", str(restarts))
    hydra = OmegaConf.create({"run": {"dir": folder}})
    monkeypatch.setattr(HydraConfig, "initialized", lambda: True)
    monkeypatch.setattr(HydraConfig, "get", lambda: SimpleNamespace(run=hydra.run))


def test_torchrun_needs_a_folder_that_all_processes_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    under_torchrun(monkeypatch, "runs/${now:%H-%M-%S}", 0)
    with pytest.raises(InputError, match=r"add hydra\.run\.dir=runs/<name>"):
        restarted(tmp_path)
    monkeypatch.delenv("TORCHELASTIC_RUN_ID")
    assert not restarted(tmp_path)


def test_a_restart_goes_on_where_there_is_something_to_go_on_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    under_torchrun(monkeypatch, "runs/mine", 1)
    assert not restarted(tmp_path)
    assert "restarted before the first checkpoint" in caplog.text
    written(tmp_path, last=7)
    assert restarted(tmp_path)
    under_torchrun(monkeypatch, "runs/mine", 0)
    assert not restarted(tmp_path)
