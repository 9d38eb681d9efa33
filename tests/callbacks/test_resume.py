import random
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint
from lightning.pytorch.trainer.states import TrainerFn
from toy_players import Single, batches

from deblurkit.callbacks.resume import ExactResume, random_states, set_random_states
from deblurkit.commands.shared.checkpoint_io import AtomicCheckpointIO


def draws() -> tuple[float, float, float, float]:
    # A Gaussian of Python and of NumPy keeps a second one for the next call.
    return (random.gauss(0, 1), np.random.randn(), torch.rand(()).item(), torch.randn(()).item())


def test_random_states_make_the_round_trip_through_a_plain_file(tmp_path: Path) -> None:
    draws()
    torch.save(random_states(), tmp_path / "states")
    expected = [draws() for _ in range(3)]
    set_random_states(torch.load(tmp_path / "states", weights_only=True))
    assert [draws() for _ in range(3)] == expected


def trainer(folder: Path, callback: ExactResume, epochs: int) -> Trainer:
    return Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        callbacks=[callback],
        plugins=[AtomicCheckpointIO()],
        default_root_dir=folder,
        enable_progress_bar=False,
        enable_model_summary=False,
        logger=False,
        num_sanity_val_steps=0,
    )


class Drawing(Single):
    """Notes a random number in every batch."""

    def __init__(self) -> None:
        super().__init__()
        self.drawn: list[float] = []

    def training_step(self, batch, batch_idx):
        self.drawn.append(torch.rand(()).item())
        return super().training_step(batch, batch_idx)


def test_a_resumed_run_draws_what_the_whole_one_drew(tmp_path: Path) -> None:
    torch.manual_seed(0)
    whole = Drawing()
    trainer(tmp_path, ExactResume(str(tmp_path / "whole")), 2).fit(whole, batches(1.0, 1.0))
    torch.manual_seed(0)
    part, rest = Drawing(), Drawing()
    trainer(tmp_path, ExactResume(str(tmp_path / "part")), 1).fit(part, batches(1.0, 1.0))
    torch.manual_seed(99)
    resumed = trainer(tmp_path, ExactResume(str(tmp_path / "part")), 2)
    resumed.fit(rest, batches(1.0, 1.0), ckpt_path=tmp_path / "part" / "last.ckpt")
    assert part.drawn + rest.drawn == whole.drawn


def test_it_writes_at_the_border_and_where_asked(tmp_path: Path) -> None:
    written = []
    callback = ExactResume(str(tmp_path), every_n_batches=2)
    made = trainer(tmp_path, callback, 2)
    save = made.save_checkpoint

    def noted(path, **options) -> None:
        written.append((made.fit_loop.total_batch_idx, Path(path).name))
        save(path, **options)

    made.save_checkpoint = noted
    made.fit(Single(), batches(1.0, 1.0, 1.0))
    # After the second batch; the third ends the epoch; the fourth; the sixth is a border again.
    assert [name for _, name in written] == 4 * ["last.ckpt"]
    states = torch.load(tmp_path / "last.ckpt", weights_only=True)["random_states"]
    assert len(states) == 1  # one device
    assert set(states[0]) == {"python", "numpy", "torch", "cuda"}


def test_states_of_a_device_that_was_not_there_are_left_out(tmp_path: Path) -> None:
    callback = ExactResume(str(tmp_path))
    made, method = trainer(tmp_path, callback, 1), Single()
    callback.on_load_checkpoint(made, method, {"random_states": []})
    torch.manual_seed(5)
    expected = torch.get_rng_state()
    callback.on_train_batch_start(made, method, None, 0)
    assert torch.equal(torch.get_rng_state(), expected)


class Steady(Single):
    """Logs the same score in every batch."""

    def training_step(self, batch, batch_idx):
        self.log("score", 1.0)
        return super().training_step(batch, batch_idx)


def test_the_patience_of_now_counts(tmp_path: Path) -> None:
    def fit(patience: int, epochs: int, path: Path | None = None) -> Trainer:
        made = trainer(tmp_path, ExactResume(str(tmp_path)), epochs)
        monitor = {"monitor": "score", "check_on_train_epoch_end": True}
        made.callbacks.insert(0, EarlyStopping(**monitor, patience=patience, mode="max"))
        made.fit(Steady(), batches(1.0), ckpt_path=path)
        return made

    fit(3, 2)
    resumed = fit(7, 3, tmp_path / "last.ckpt")
    assert resumed.early_stopping_callback.patience == 7
    assert resumed.early_stopping_callback.wait_count == 2  # counted on


def test_the_best_score_goes_with_a_run_that_is_moved(tmp_path: Path) -> None:
    """Lightning forgets it where the folder has another name, so that any score would be better."""
    chooser = ModelCheckpoint(tmp_path / "new", "best", monitor="val/psnr", mode="max")
    former = ModelCheckpoint(tmp_path / "old", "best", monitor="val/psnr", mode="max")
    best = str(tmp_path / "old" / "best.ckpt")
    former.best_model_score = former.kth_value = torch.tensor(31.0)
    former.best_model_path = former.kth_best_model_path = best
    former.best_k_models = {best: torch.tensor(31.0)}
    checkpoint: dict[str, Any] = {"callbacks": {former.state_key: former.state_dict()}}
    resume = ExactResume(str(tmp_path))
    training = trainer(tmp_path, resume, 1)
    training.callbacks.append(chooser)
    training.state.fn = TrainerFn.FITTING
    resume.on_load_checkpoint(training, Single(), checkpoint)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        chooser.load_state_dict(checkpoint["callbacks"][chooser.state_key])
    assert chooser.best_model_score == 31
    assert chooser.best_model_path == str(tmp_path / "new" / "best.ckpt")
    assert list(chooser.best_k_models) == [chooser.best_model_path]
    assert not chooser.check_monitor_top_k(training, torch.tensor(30.0))
