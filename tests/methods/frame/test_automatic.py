import logging
from functools import partial
from pathlib import Path

import pytest
import torch
from lightning.pytorch.loggers import CSVLogger
from lightning.pytorch.plugins.precision import MixedPrecision
from toy_players import Single, fitted

from deblurkit.errors import InputError
from deblurkit.losses.weights import Ramp
from deblurkit.methods.frame.schedules import polynomial

LINEAR = partial(polynomial, power=1.0)


def factor(method: Single) -> float:
    return method.generator.factor.item()


def test_one_step_descends_the_objective() -> None:
    method = Single(weights={"content": 2.0})
    fitted(method, 1.0)
    assert factor(method) == pytest.approx(1 - 0.1 * 2)


@pytest.mark.parametrize(("clip", "moved"), [(0.5, 0.05), (2.0, 0.1), (None, 0.1)])
def test_the_gradient_is_clipped_to_the_norm(clip: float | None, moved: float) -> None:
    method = Single()
    fitted(method, 1.0, gradient_clip_val=clip)
    assert factor(method) == pytest.approx(1 - moved)


def test_clipping_by_value_is_refused() -> None:
    with pytest.raises(InputError, match=r"clipped by their norm"):
        fitted(Single(), 1.0, gradient_clip_val=0.5, gradient_clip_algorithm="value")


def test_accumulation_steps_by_the_mean_gradient() -> None:
    method = Single()
    trainer = fitted(method, 1.0, 3.0, accumulate_grad_batches=2)
    assert trainer.global_step == 1
    assert factor(method) == pytest.approx(1 - 0.1 * 2)


def test_the_schedule_is_laid_out_over_the_steps() -> None:
    method = Single(scheduler=LINEAR)
    fitted(method, 1.0, 1.0, epochs=2)
    assert factor(method) == pytest.approx(1 - 0.1 * (1 + 0.75 + 0.5 + 0.25))
    with pytest.raises(InputError, match=r"set trainer\.max_epochs"):
        fitted(Single(scheduler=LINEAR), 1.0, epochs=-1)


def test_weights_follow_the_clock_of_batches() -> None:
    method = Single(weights={"content": Ramp(start=1.0, stop=3.0, batches=2)})
    fitted(method, 1.0, 1.0, 1.0, 1.0, epochs=1)
    assert factor(method) == pytest.approx(1 - 0.1 * (1 + 2 + 3 + 3))


@pytest.mark.parametrize("accumulate", [1, 2])
def test_one_bad_batch_is_skipped_and_counted(
    accumulate: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    method = Single()
    fitted(method, 1.0, torch.nan, *2 * [1.0] * accumulate, accumulate_grad_batches=accumulate)
    assert method.guard.skipped == 1
    assert method.guard.in_a_row == 0
    assert factor(method) == pytest.approx(1 - 0.1 * (3 if accumulate == 1 else 2))
    assert "batch 1 (picture 1 ...): the gradient is not finite" in caplog.text


def test_ten_bad_steps_in_a_row_stop_the_training() -> None:
    method = Single()
    with pytest.raises(InputError, match=r"batch 10 \(picture 10.*10 steps in a row"):
        fitted(method, 1.0, *20 * [torch.inf])
    assert factor(method) == pytest.approx(0.9)


def test_half_precision_with_a_scaler_clips_the_true_gradient() -> None:
    method = Single()
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**6)
    precision = MixedPrecision("16-mixed", "cpu", scaler=scaler)
    fitted(method, 1.0, torch.inf, 1.0, gradient_clip_val=0.5, plugins=[precision])
    assert factor(method) == pytest.approx(1 - 2 * 0.05, abs=1e-3)
    assert method.guard.skipped == 1
    assert scaler.get_scale() == 2.0**5  # the scaler saw the overflow too


def test_numbers_are_logged_under_their_names(tmp_path: Path) -> None:
    fitted(Single(), 1.0, 2.0, logger=CSVLogger(tmp_path, name="", version=""))
    header, first, second = (tmp_path / "metrics.csv").read_text().splitlines()
    names = header.split(",")
    assert {"train/objective", "train/content", "train/gradient_norm", "train/skipped"} <= {*names}
    assert float(second.split(",")[names.index("train/gradient_norm")]) == pytest.approx(2)
    assert float(first.split(",")[names.index("train/objective")]) == pytest.approx(1)


def test_a_batch_without_the_pool_is_refused() -> None:
    method = Single()
    method.needs = frozenset({"paired"})
    with pytest.raises(InputError, match=r"trains on the pools \['paired'\].*\['blurred'\]"):
        fitted(method, 1.0)
