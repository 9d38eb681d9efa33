import logging
from copy import deepcopy
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from lightning.pytorch.loggers import CSVLogger
from lightning.pytorch.plugins.precision import MixedPrecision
from torch.optim import Adam, RMSprop
from toy_players import Players, fitted

from deblurkit.errors import InputError
from deblurkit.losses.weights import Ramp
from deblurkit.methods.frame.manual import at_once
from deblurkit.methods.frame.schedules import polynomial

LINEAR = partial(polynomial, power=1.0)


def test_the_others_stand_still_during_a_turn() -> None:
    method = Players()
    fitted(method, 1.0)
    assert method.alone == [True, True, True]
    # Each gradient is the other's factor: two steps of the critic, then one of the generator.
    assert method.path == [
        pytest.approx(pair) for pair in [(1.0, 0.9), (1.0, 0.8), (1 - 0.08, 0.8)]
    ]
    assert all(parameter.requires_grad for parameter in method.parameters())
    assert all(parameter.grad is None for parameter in method.parameters())


def test_every_step_of_every_player_counts() -> None:
    assert fitted(Players(), 1.0, 1.0).global_step == 6


def test_the_gradient_is_clipped_to_the_norm() -> None:
    method = Players()
    method.clip = 0.5
    fitted(method, 1.0)
    assert method.path[0] == pytest.approx((1.0, 0.95))
    gentle = Players()
    gentle.clip = 2.0
    fitted(gentle, 1.0)
    assert gentle.path[0] == pytest.approx((1.0, 0.9))


def test_accumulation_keeps_the_ratio_of_the_players() -> None:
    method = Players()
    method.accumulate = 2
    trainer = fitted(method, 1.0, 1.0)
    critics = [critic for _, critic in method.path]
    # The critic moves at every second of its descents, by the mean of both gradients.
    assert critics == pytest.approx([1.0, 0.9, 0.9, 0.9, 0.8, 0.8])
    generators = [generator for generator, _ in method.path]
    assert generators == pytest.approx([1.0, 1.0, 1.0, 1.0, 1.0, 1 - 0.1 * (0.9 + 0.8) / 2])
    assert trainer.global_step == 3  # still two of the critic for one of the generator


def test_pending_descents_move_at_the_end_of_the_epoch() -> None:
    method = Players()
    method.accumulate = 4
    trainer = fitted(method, 1.0, 1.0, 1.0)  # six descents of the critic, three of the generator
    assert trainer.global_step == 3
    assert method.descents == {"generator": 0, "critic": 0}
    assert method.critic.factor.item() == pytest.approx(1 - 0.1 - 0.05)
    assert method.generator.factor.item() < 1


def test_schedules_step_once_per_epoch() -> None:
    method = Players(schedulers={"critic": LINEAR})
    fitted(method, 1.0, 1.0, epochs=2)
    critics = [1.0] + [critic for _, critic in method.path]
    moved = [before - after for before, after in pairwise(critics)]
    generators = [generator for generator, _ in method.path]
    rates = [m / g for m, g in zip(moved, generators, strict=True)]
    assert rates[0] == rates[1] == pytest.approx(0.1)
    assert rates[6] == pytest.approx(0.05)  # half of the two epochs is over


def test_a_schedule_needs_an_end() -> None:
    with pytest.raises(InputError, match=r"set trainer\.max_epochs"):
        fitted(Players(schedulers={"critic": LINEAR}), 1.0, epochs=-1)


def test_weights_follow_the_clock_of_batches() -> None:
    method = Players()
    method.objectives["critic"].weights["score"] = Ramp(start=1.0, stop=3.0, batches=2)
    fitted(method, 1.0, 1.0, 1.0)
    generators, critics = zip((1.0, 1.0), *method.path, strict=True)
    moved = [before - after for before, after in pairwise(critics)]
    # The first turn of each batch: rate times weight times the generator's factor.
    for batch, weight in enumerate((1.0, 2.0, 3.0)):
        assert moved[3 * batch] == pytest.approx(0.1 * weight * generators[3 * batch])


def test_one_bad_batch_is_skipped_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    method = Players()
    fitted(method, 1.0, torch.nan, 1.0)
    assert method.guard.skipped == 3  # all turns of that batch
    assert method.guard.in_a_row == 0
    assert method.path[2:6] == 4 * [method.path[2]]
    assert method.path[6] != method.path[2]
    assert "batch 1 (picture 1 ...): the gradient is not finite, step skipped (1)" in caplog.text


def test_ten_bad_steps_in_a_row_stop_the_training() -> None:
    method = Players()
    with pytest.raises(InputError, match=r"batch 4 \(picture 4.*10 steps in a row"):
        fitted(method, 1.0, *5 * [torch.nan])
    assert all(parameter.isfinite() for parameter in method.parameters())


def test_half_precision_with_a_scaler_steps_and_clips() -> None:
    method = Players()
    method.clip = 0.5
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**6)
    fitted(method, 1.0, plugins=[MixedPrecision("16-mixed", "cpu", scaler=scaler)])
    assert method.path[0] == pytest.approx((1.0, 0.95), abs=1e-3)  # of the true gradient


def test_all_parameters_move_in_one_kernel_unless_a_form_is_chosen() -> None:
    numbers = torch.rand(3, 4, 5)
    moved = []
    for choose in (at_once, lambda optimizer: optimizer):
        parameters = [torch.nn.Parameter(number) for number in numbers.clone()]
        optimizer = choose(Adam(parameters, 0.1))
        for _ in range(3):
            sum(parameter.square().sum() for parameter in parameters).backward()
            optimizer.step()
        moved.append(torch.stack(parameters))
        (group,) = optimizer.param_groups
        assert group["fused"] is (True if choose is at_once else None)
    assert moved[0].allclose(moved[1], rtol=1e-5)
    chosen = at_once(Adam([torch.nn.Parameter(numbers)], 0.1, foreach=True))
    assert chosen.param_groups[0]["fused"] is None
    without = at_once(RMSprop([torch.nn.Parameter(numbers)], 0.1))
    assert "fused" not in without.param_groups[0]


@pytest.mark.parametrize("stored", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("used", [torch.contiguous_format, torch.channels_last])
def test_a_run_goes_on_in_another_layout(stored: torch.memory_format, used: torch.memory_format):
    def descended(parameter: torch.nn.Parameter, optimizer: Adam) -> None:
        optimizer.zero_grad()
        (parameter * weights).square().sum().backward()
        optimizer.step()

    weights, start = torch.rand(2, 4, 3, 2, 2)
    expected = torch.nn.Parameter(start.clone())
    plain = Adam([expected], 0.1)
    first = torch.nn.Parameter(start.clone(memory_format=stored))
    before = at_once(Adam([first], 0.1))
    descended(expected, plain)
    descended(first, before)
    second = torch.nn.Parameter(first.detach().clone(memory_format=used))
    after = at_once(Adam([second], 0.1))
    after.load_state_dict(deepcopy(before.state_dict()))
    descended(expected, plain)
    descended(second, after)
    assert second.allclose(expected, rtol=1e-5)


def test_players_move_in_one_kernel() -> None:
    trainer = fitted(Players(), 1.0)
    assert [optimizer.param_groups[0]["fused"] for optimizer in trainer.optimizers] == [True, True]


def test_numbers_are_logged_by_player(tmp_path: Path) -> None:
    fitted(Players(), 1.0, logger=CSVLogger(tmp_path, name="", version=""))
    header, row = (tmp_path / "metrics.csv").read_text().splitlines()
    logged = dict(zip(header.split(","), row.split(","), strict=True))
    assert float(logged["train/critic/score"]) == pytest.approx(0.9)  # of its last turn
    assert float(logged["train/generator/gradient_norm"]) == pytest.approx(0.8)
    assert {"train/generator/content", "train/critic/objective", "train/skipped"} <= {*logged}


def test_a_batch_without_the_pool_is_refused() -> None:
    method = Players()
    method.needs = frozenset({"paired"})
    with pytest.raises(InputError, match=r"trains on the pools \['paired'\].*\['blurred'\]"):
        fitted(method, 1.0)
