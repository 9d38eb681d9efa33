"""Objectives and gradients that are not finite: nothing moves, and ten in a row end a training."""

import json
import logging
import math
from pathlib import Path

import pytest
import torch
from forking import code_of, started
from lightning.pytorch.plugins.precision import MixedPrecision
from running import surroundings
from torch.optim import SGD
from toy_players import Players, Single, fitted

from deblurkit.contracts import Pools, Terms
from deblurkit.errors import InputError
from deblurkit.methods.frame.gradient_guard import GradientGuard, norm_and_flag


class Overflowing(Single):
    """Its objective is the batch's mean, its gradient 0 in batches that are not finite."""

    def __init__(self) -> None:
        super().__init__()
        self.optimizer = lambda parameters: SGD(parameters, 0.1, momentum=0.5)

    def terms(self, batch: Pools) -> Terms:
        value = batch["blurred"]["blurred"].mean()
        return {"content": value + self.generator.factor * (1.0 if value.isfinite() else 0.0)}


class OverflowingCritic(Players):
    """The critic's objective is infinite, its gradient is that of always."""

    def descend(self, player, optimizer, terms) -> None:
        more = math.inf if player == "critic" else 0.0
        super().descend(player, optimizer, {name: term + more for name, term in terms.items()})


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_an_objective_that_is_not_finite_moves_nothing(
    value: float, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    method = Overflowing()
    fitted(method, 1.0, value, 1.0)
    assert method.guard.counts() == {"skipped": 1, "in_a_row": 0}
    # Two steps with momentum: 0.1, then 0.1 * 1.5. With a gradient of 0 between them there would
    # be a third one, and less momentum.
    assert method.generator.factor.item() == pytest.approx(1 - 0.1 - 0.15)
    assert "batch 1 (picture 1 ...): the objective is not finite, step skipped (1)" in caplog.text


@pytest.mark.parametrize("place", [0, 1])
def test_one_of_the_gathered_batches_is_enough(place: int) -> None:
    method = Overflowing()
    values = [1.0, 1.0, 1.0, 1.0]
    values[place] = math.inf
    fitted(method, *values, accumulate_grad_batches=2)
    assert method.guard.skipped == 1
    assert method.generator.factor.item() == pytest.approx(1 - 0.1)


def test_ten_such_objectives_in_a_row_stop_the_training() -> None:
    method = Overflowing()
    with pytest.raises(
        InputError, match=r"batch 10 \(picture 10.*10 steps in a row had no finite objective; the"
    ):
        fitted(method, 1.0, *20 * [math.inf])
    assert method.generator.factor.item() == pytest.approx(0.9)


def test_a_scaler_does_not_step_either() -> None:
    method = Overflowing()
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**6)
    fitted(method, 1.0, math.inf, plugins=[MixedPrecision("16-mixed", "cpu", scaler=scaler)])
    assert method.generator.factor.item() == pytest.approx(0.9, abs=1e-3)
    assert method.guard.skipped == 1


def test_a_player_that_fails_alone_stops_the_training() -> None:
    """The generator's good steps between its own do not hide it."""
    method = OverflowingCritic()
    with pytest.raises(InputError, match=r"batch 4 \(.*10 steps in a row had no finite objective"):
        fitted(method, *20 * [1.0])
    assert method.critic.factor.item() == 1
    assert method.guard.skipped == 10
    assert method.generator.factor.item() == pytest.approx(1 - 4 * 0.1)


def test_counts_of_players_survive_a_checkpoint() -> None:
    guard, resumed = GradientGuard(), GradientGuard()
    parameter = torch.nn.Parameter(torch.zeros(2))
    options = {"clip": None, "scaled": False, "ranks": 1, "where": lambda: "here"}
    for _ in range(9):
        guard.watch(torch.tensor(math.inf), "critic")
        guard.clip_or_skip([parameter], "critic", **options)
    resumed.go_on(guard.counts())
    resumed.watch(torch.tensor(1.0), "generator")
    resumed.clip_or_skip([parameter], "generator", **options)
    resumed.watch(torch.tensor(math.inf), "critic")
    with pytest.raises(InputError, match="stopped at here: 10 steps"):
        resumed.clip_or_skip([parameter], "critic", **options)
    former = GradientGuard()
    former.go_on({"skipped": 3, "in_a_row": 2})  # of a file from before there were players in it
    assert former.counts() == {"skipped": 3, "in_a_row": 2}


def test_norm_and_flag_come_with_one_look() -> None:
    gradients = [torch.tensor([3.0, 0.0]), torch.tensor(4.0)]
    assert norm_and_flag(gradients, torch.tensor(True)) == (5.0, True)
    assert norm_and_flag(gradients, torch.tensor(0.0)) == (5.0, False)
    assert norm_and_flag([], torch.tensor(False)) == (0.0, False)


def test_all_ranks_skip_the_step_whose_objective_one_of_them_saw(tmp_path: Path) -> None:
    ranks = started(
        "guard_ranks",
        [str(tmp_path)],
        folder=tmp_path,
        environment=surroundings(),
        output=tmp_path / "printed.txt",
    )
    assert code_of(ranks, timeout=300) == 0, (tmp_path / "printed.txt").read_text()
    first, second = (json.loads((tmp_path / f"rank_{rank}.json").read_text()) for rank in (0, 1))
    assert first == second
    assert first["single"] == {"generator.factor": pytest.approx(1 - 3 * 0.1), "skipped": 1}
    assert first["players"]["skipped"] == 2  # both turns of the critic in that batch
