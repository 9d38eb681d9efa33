"""Numbers that are not finite: the step is skipped and counted, good checkpoints are kept."""

import csv
import math
from pathlib import Path

import pytest
import torch
from omegaconf import DictConfig
from running import DIRECT, DUEL, config, differing, run
from toys import Direct, Network

from deblurkit.contracts import Pools, Terms
from deblurkit.errors import InputError

NAN = float("nan")


class Spoiled(Network):
    """A network whose results or gradients are spoiled at given training batches."""

    def __init__(self, at: list[int], where: str) -> None:
        super().__init__()
        self.at, self.where, self.batch = at, where, 0

    def forward(self, blurred: torch.Tensor) -> torch.Tensor:
        restored = super().forward(blurred)
        if self.training and self.where != "validation":
            spoil, self.batch = self.batch in self.at, self.batch + 1
            if spoil and self.where == "value":
                return restored * NAN
            if spoil and restored.requires_grad:
                restored.register_hook(one_spoiled)
        elif not self.training and self.where == "validation":
            spoil, self.batch = self.batch in self.at, self.batch + 1
            return restored * NAN if spoil else restored
        return restored


def one_spoiled(gradient: torch.Tensor) -> torch.Tensor:
    gradient = gradient.clone()
    gradient[0, 0, 0, 0] = NAN
    return gradient


class SpoiledInput(Direct):
    """A picture of one batch holds a value that is not finite."""

    def terms(self, batch: Pools) -> Terms:
        if self.trainer.global_step == 2:
            batch["paired"]["blurred"][0, 1, 3, 3] = math.inf
        return super().terms(batch)


class Exploding(Direct):
    """Something makes a weight infinite between two steps."""

    def on_train_batch_end(self, outputs, batch, batch_idx) -> None:
        if self.trainer.global_step == 4:
            with torch.no_grad():
                self.restoring.convolution.bias.fill_(math.inf)


def spoiled(folder: Path, *overrides: str, at: list[int], where: str) -> DictConfig:
    network = {"_target_": f"{__name__}.Spoiled", "at": at, "where": where}
    return own(folder, *overrides, model={**DIRECT, "restoring": network})


def own(folder: Path, *overrides: str, model: dict) -> DictConfig:
    cfg = config(folder, "data.batches_per_epoch=20", *overrides, model=model)
    cfg.trust = ["toys", __name__]
    return cfg


def column(folder: Path, name: str) -> list[float]:
    with (folder / "metrics.csv").open() as stream:
        return [float(row[name]) for row in csv.DictReader(stream) if row.get(name)]


def finite(checkpoint: dict) -> bool:
    return all(value.isfinite().all() for value in checkpoint["state_dict"].values())


@pytest.mark.parametrize("where", ["value", "gradient"])
def test_one_step_is_skipped_and_counted(
    where: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    checkpoint = run(spoiled(tmp_path, at=[3], where=where))
    assert finite(checkpoint)
    assert checkpoint["global_step"] == 40  # the optimiser was called, and had nothing to do
    assert column(tmp_path, "train/skipped")[-1] == 1
    said = [record.message for record in caplog.records if "not finite" in record.message]
    assert len(said) == 1
    assert "batch 3 (" in said[0]  # with the pictures' names


def test_a_resumed_run_goes_on_counting(tmp_path: Path) -> None:
    given = (tmp_path, "data.batches_per_epoch=4")
    run(spoiled(*given, "trainer.max_epochs=1", at=[2], where="value"))
    checkpoint = run(spoiled(*given, f"resume={tmp_path}", at=[2], where="value"))
    assert column(tmp_path, "train/skipped") == [0, 0, 1, 1, 1, 1, 2, 2]
    assert checkpoint["guard"] == {"skipped": 2, "in_a_row": 0}


def test_a_skipped_step_changes_nothing(tmp_path: Path) -> None:
    """Three steps, then a spoiled one, are three steps; Adam does not move by its momentum."""
    states = []
    for steps in (3, 4):
        given = ("trainer.max_epochs=1", f"data.batches_per_epoch={steps}")
        cfg = spoiled(tmp_path / str(steps), *given, at=[3], where="value")
        cfg.model.scheduler = None  # it depends on the number of steps
        states.append(run(cfg)["state_dict"])
    assert differing(*states) == []


def test_a_spoiled_picture_costs_one_step(tmp_path: Path) -> None:
    model = {**DIRECT, "_target_": f"{__name__}.SpoiledInput"}
    assert finite(run(own(tmp_path, model=model)))
    assert column(tmp_path, "train/skipped")[-1] >= 1


@pytest.mark.parametrize("accumulate", [1, 2])
def test_players_skip_alone(accumulate: int, tmp_path: Path) -> None:
    network = {"_target_": f"{__name__}.Spoiled", "at": [3], "where": "gradient"}
    cfg = own(
        tmp_path,
        f"trainer.accumulate_grad_batches={accumulate}",
        "trainer.gradient_clip_val=0.1",
        model={**DUEL, "generator": network},
    )
    assert finite(run(cfg))
    assert column(tmp_path, "train/skipped")[-1] == 1


def test_after_ten_in_a_row_it_stops_and_the_good_checkpoint_stays(tmp_path: Path) -> None:
    cfg = spoiled(
        tmp_path, "callbacks.last.every_n_batches=1", at=list(range(25, 60)), where="value"
    )
    with pytest.raises(InputError) as caught:
        run(cfg)
    assert "training stopped at batch 34 (" in str(caught.value)
    assert "10 steps in a row had no finite gradient; the last checkpoint is good" in str(
        caught.value
    )
    assert "\n" not in str(caught.value)
    last = torch.load(tmp_path / "last.ckpt", weights_only=True)
    assert finite(last)
    assert last["global_step"] == 34
    # Resumed without what spoiled it, the run goes on from there.
    cfg = spoiled(tmp_path, f"resume={tmp_path}", at=[], where="value")
    assert run(cfg)["global_step"] == 40


def test_weights_that_are_not_finite_never_replace_good_ones(tmp_path: Path) -> None:
    model = {**DIRECT, "_target_": f"{__name__}.Exploding"}
    cfg = own(tmp_path, "callbacks.last.every_n_batches=1", model=model)
    with pytest.raises(
        InputError, match=r"restoring\.convolution\.bias is no longer finite, so no"
    ):
        run(cfg)
    last = torch.load(tmp_path / "last.ckpt", weights_only=True)
    assert finite(last)
    assert last["global_step"] == 4  # callbacks come first


def test_a_spoiled_validation_is_never_the_best(tmp_path: Path) -> None:
    one = "data.val.names=[rocket]"  # so that validation 1 is its only picture
    checkpoint = run(spoiled(tmp_path, "trainer.max_epochs=3", one, at=[1], where="validation"))
    best = torch.load(tmp_path / "best.ckpt", weights_only=True)
    assert best["epoch"] != 1
    assert math.isnan(column(tmp_path, "val/psnr")[1])
    assert finite(checkpoint)
