"""What of a resumed run is the checkpoint's, and what the config's."""

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from lightning.pytorch import Trainer
from torch.optim import SGD, Adam, Optimizer, RMSprop
from torch.optim.lr_scheduler import LinearLR, LRScheduler, SequentialLR, StepLR
from toy_players import Players, Single, fitted

from deblurkit.commands.shared.checkpoint_io import AtomicCheckpointIO
from deblurkit.errors import InputError
from deblurkit.methods.frame.resumed import moments_of
from deblurkit.methods.frame.schedules import polynomial
from deblurkit.methods.frame.trained import TrainedMethod

LINEAR = partial(polynomial, power=1.0)


class Noting(Single):
    """Notes its rate in every batch, and takes any optimiser."""

    def __init__(self, optimizer: Callable[..., Optimizer], *, scheduler: Any = None) -> None:
        super().__init__(scheduler=scheduler)
        self.optimizer = optimizer
        self.rates: list[float] = []

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        self.rates.append(self.trainer.optimizers[0].param_groups[0]["lr"])


def begun(method: TrainedMethod, path: Path, *values: float, **options: Any) -> Path:
    trainer = fitted(method, *values, plugins=[AtomicCheckpointIO()], **options)
    trainer.save_checkpoint(path / "run.ckpt")
    return path / "run.ckpt"


def resumed(method: TrainedMethod, path: Path, *values: float, **options: Any) -> Trainer:
    return fitted(method, *values, plugins=[AtomicCheckpointIO()], ckpt_path=path, **options)


def test_numbers_of_the_config_act_and_moments_stay(tmp_path: Path) -> None:
    path = begun(Noting(partial(Adam, lr=1e-3)), tmp_path, 1.0, 1.0)
    method = Noting(partial(Adam, lr=5e-5, weight_decay=0.5, betas=(0.5, 0.9), eps=1e-6))
    trainer = resumed(method, path, 1.0, 1.0, epochs=2)
    assert method.rates == [5e-5, 5e-5]
    (group,) = trainer.optimizers[0].state_dict()["param_groups"]
    assert (group["weight_decay"], group["betas"], group["eps"]) == (0.5, (0.5, 0.9), 1e-6)
    (state,) = trainer.optimizers[0].state.values()
    assert state["step"] == 4  # two of them of the run before


def test_a_longer_plan_has_its_own_rates_from_the_first_step(tmp_path: Path) -> None:
    method = Noting(partial(SGD, lr=0.1), scheduler=LINEAR)
    path = begun(method, tmp_path, 1.0, 1.0, epochs=2)
    assert method.rates == pytest.approx([0.1, 0.075, 0.05, 0.025])
    rest = Noting(partial(SGD, lr=0.1), scheduler=LINEAR)
    resumed(rest, path, 1.0, 1.0, epochs=4)
    assert rest.rates == pytest.approx([0.05, 0.0375, 0.025, 0.0125])  # of eight steps


def test_another_rate_goes_through_the_schedule(tmp_path: Path) -> None:
    path = begun(Noting(partial(SGD, lr=0.1), scheduler=LINEAR), tmp_path, 1.0, epochs=2)
    rest = Noting(partial(SGD, lr=0.4), scheduler=partial(polynomial, power=2.0))
    resumed(rest, path, 1.0, epochs=4)
    assert rest.rates == pytest.approx([0.4 * 0.5**2, 0.4 * 0.25**2])


def test_an_epoch_of_other_steps_keeps_its_share_of_the_plan(tmp_path: Path) -> None:
    """Half of the epochs are over, so half of the plan is, however many steps it has now."""
    path = begun(Noting(partial(SGD, lr=0.1), scheduler=LINEAR), tmp_path, *4 * [1.0], epochs=2)
    rest = Noting(partial(SGD, lr=0.1), scheduler=LINEAR)
    trainer = resumed(rest, path, *4 * [1.0], epochs=4, accumulate_grad_batches=4)
    assert rest.rates == pytest.approx(4 * [0.05] + 4 * [0.025])
    again = tmp_path / "again.ckpt"
    trainer.save_checkpoint(again)
    last = Noting(partial(SGD, lr=0.1), scheduler=LINEAR)
    resumed(last, again, *2 * [1.0], epochs=8)
    assert last.rates == pytest.approx([0.1 * (1 - step / 16) for step in range(8, 16)])


def test_steps_of_a_plan_in_steps_are_counted_as_they_are(tmp_path: Path) -> None:
    options = {"epochs": -1, "max_steps": 4}
    path = begun(Noting(partial(SGD, lr=0.1), scheduler=LINEAR), tmp_path, 1.0, 1.0, **options)
    rest = Noting(partial(SGD, lr=0.1), scheduler=LINEAR)
    resumed(rest, path, *4 * [1.0], epochs=-1, max_steps=8)
    assert rest.rates == pytest.approx([0.05, 0.0375, 0.025, 0.0125])


def stepwise(optimizer: Optimizer, *, steps: int) -> LRScheduler:
    """A schedule of torch whose rate follows from the one before."""
    rising = LinearLR(optimizer, start_factor=0.5, total_iters=2)
    return SequentialLR(optimizer, [rising, StepLR(optimizer, steps // 4)], [2])


def test_schedules_that_step_from_rate_to_rate_go_on_as_if_whole(tmp_path: Path) -> None:
    whole = Noting(partial(SGD, lr=0.1), scheduler=stepwise)
    fitted(whole, 1.0, 1.0, epochs=6)
    path = begun(Noting(partial(SGD, lr=0.1), scheduler=stepwise), tmp_path, 1.0, 1.0, epochs=2)
    rest = Noting(partial(SGD, lr=0.1), scheduler=stepwise)
    resumed(rest, path, 1.0, 1.0, epochs=6)
    assert rest.rates == whole.rates[4:]


def test_players_follow_the_new_plan(tmp_path: Path) -> None:
    path = begun(Players(schedulers={"critic": LINEAR}), tmp_path, 1.0, epochs=2)
    method = Players(schedulers={"critic": LINEAR})
    resumed(method, path, 1.0, epochs=4)
    generators, critics = zip(*method.path, strict=True)
    # The second turn of the critic and the first one of the next batch, at the generator's factor.
    (first, second), (third, fourth) = critics[0:2], critics[3:5]
    assert first - second == pytest.approx(0.1 * 0.5 * generators[0], rel=1e-4)
    assert third - fourth == pytest.approx(0.1 * 0.25 * generators[2], rel=1e-4)


def test_an_optimiser_without_the_moments_that_it_needs_is_refused(tmp_path: Path) -> None:
    path = begun(Noting(partial(Adam, lr=1e-3)), tmp_path, 1.0)
    with pytest.raises(InputError, match=r"RMSprop goes on from square_avg, which the checkpoint"):
        resumed(Noting(partial(RMSprop, lr=1e-3)), path, 1.0, epochs=2)
    with pytest.raises(InputError, match=r"Adam goes on from max_exp_avg_sq, which"):
        resumed(Noting(partial(Adam, lr=1e-3, amsgrad=True)), path, 1.0, epochs=2)
    resumed(Noting(partial(SGD, lr=1e-3)), path, 1.0, epochs=2)  # it needs none


@pytest.mark.parametrize(
    ("factory", "names"),
    [
        (partial(Adam, lr=0.1), {"step", "exp_avg", "exp_avg_sq"}),
        (partial(SGD, lr=0.1), set()),
        (partial(SGD, lr=0.1, momentum=0.9), {"momentum_buffer"}),
    ],
)
def test_what_an_optimiser_remembers(factory: Callable[..., Optimizer], names: set[str]) -> None:
    assert moments_of(factory) == names


def test_a_schedule_cannot_be_added_on_the_way_and_can_be_dropped(tmp_path: Path) -> None:
    path = begun(Noting(partial(SGD, lr=0.1)), tmp_path, 1.0)
    with pytest.raises(InputError, match=r"holds 0 schedules of learning rates, the config 1"):
        resumed(Noting(partial(SGD, lr=0.1), scheduler=LINEAR), path, 1.0, epochs=2)
    path = begun(Noting(partial(SGD, lr=0.1), scheduler=LINEAR), tmp_path, 1.0)
    rest = Noting(partial(SGD, lr=0.3))
    resumed(rest, path, 1.0, 1.0, epochs=3)
    assert rest.rates == 4 * [0.3]


def test_weights_that_were_only_loaded_begin_at_the_first_rate(tmp_path: Path) -> None:
    """A method that has read a checkpoint is no resumed run."""
    method = Noting(partial(SGD, lr=0.1), scheduler=LINEAR)
    path = begun(method, tmp_path, 1.0, 1.0)
    fresh = Noting(partial(SGD, lr=0.1), scheduler=LINEAR)
    fresh.on_load_checkpoint(AtomicCheckpointIO().load_checkpoint(path))
    fitted(fresh, 1.0, 1.0)
    assert [round(before - after, 9) for before, after in pairwise(fresh.rates)] == [0.05]
    assert fresh.rates[0] == 0.1
