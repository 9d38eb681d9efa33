"""Checkpoints of strangers that a run would go on from."""

import logging
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from hostile_checkpoints import Words, archive, complete, pickled

from deblurkit.commands.shared import checkpoint_io
from deblurkit.commands.shared.checkpoint_io import AtomicCheckpointIO, read_sound, require_run
from deblurkit.commands.train.resume import epochs_of
from deblurkit.errors import InputError

RUN = {
    "epoch": 1,
    "global_step": 6,
    "loops": {},
    "callbacks": {},
    "optimizer_states": [{"state": {0: {"exp_avg": torch.ones(2)}}}],
    "lr_schedulers": [],
    "pytorch-lightning_version": "2.6.6",
}


def written(folder: Path, **changes: Any) -> Path:
    torch.save(complete(**{**RUN, **changes}), folder / "last.ckpt")
    return folder / "last.ckpt"


def test_a_run_trains_on_copies_of_its_own(tmp_path: Path) -> None:
    path = written(tmp_path)
    content = AtomicCheckpointIO().load_checkpoint(path)
    require_run(content, origin=path)
    os.truncate(path, 0)  # in place, which no tensor that still came from the file would survive
    assert content["optimizer_states"][0]["state"][0]["exp_avg"].tolist() == [1, 1]


FOREIGN = (None, "xxx", [], torch.zeros(2))
WRONG = [(key, value) for key in RUN for value in FOREIGN if not isinstance(value, type(RUN[key]))]


@pytest.mark.parametrize(("key", "value"), WRONG, ids=str)
def test_a_part_that_is_something_else(key: str, value: Any, tmp_path: Path) -> None:
    path = written(tmp_path, **{key: value})
    with pytest.raises(InputError, match=rf"no checkpoint of a run: it has no '{key}'"):
        require_run(read_sound(path), origin=path)
    with pytest.raises(InputError, match="does not say how many epochs"):
        epochs_of({"loops": value})


def test_states_much_larger_than_their_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint_io, "SPARE", 2**16)
    states = [{"state": {0: {"exp_avg": torch.empty(2**15)}}}]
    path = written(tmp_path, optimizer_states=states)
    with pytest.raises(InputError, match=r"last\.ckpt is damaged: it is much larger than its"):
        AtomicCheckpointIO().load_checkpoint(path)


def test_values_too_deep(tmp_path: Path) -> None:
    words = Words(b"]" * 10_000 + b"a" * 9_999)
    content = {"state_dict": {}, "global_step": 6, "callbacks": words}
    path = archive(tmp_path / "last.ckpt", pickled(content))
    with pytest.raises(InputError, match="its values lie too deep in each other"):
        AtomicCheckpointIO().load_checkpoint(path)


def test_nothing_but_checkpoints_is_deleted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Lightning deletes what a checkpoint says was the best one before."""
    (tmp_path / "run").mkdir()
    outside, notes = tmp_path / "precious.ckpt", tmp_path / "run" / "notes.txt"
    for file in (outside, notes, tmp_path / "run" / "best.ckpt"):
        file.touch()
    keeper = AtomicCheckpointIO()
    with caplog.at_level(logging.WARNING):
        keeper.remove_checkpoint(tmp_path / "run" / ".." / "precious.ckpt")
        keeper.remove_checkpoint(notes)
    assert outside.exists()
    assert notes.exists()
    assert "is kept: it is no checkpoint of this run" in caplog.text
    keeper.remove_checkpoint(tmp_path / "run" / "best.ckpt")
    assert not (tmp_path / "run" / "best.ckpt").exists()
