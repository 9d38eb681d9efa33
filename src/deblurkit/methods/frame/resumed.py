"""What of a resumed run's optimisers and schedules is the checkpoint's, and what the config's.

The checkpoint gives what was learnt: moments, and how far the schedules have come. Rates and all
other numbers are the config's, so that a change on the command line acts.
"""

import warnings
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import torch
from torch.nn import Parameter
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler

from deblurkit.contracts import OptimizerFactory
from deblurkit.errors import InputError

State = dict[str, Any]


def keeping_its_numbers(optimizer: Optimizer, factory: OptimizerFactory) -> Optimizer:
    """Let a loaded state change an optimiser's moments, and none of the numbers it was built with.

    Args:
        optimizer: Fresh, as the config has it.
        factory: That has built it.
    """

    def with_own_numbers(optimizer: Optimizer, state: State) -> State:
        require_moments(optimizer, factory, state)
        own: list[State] = optimizer.state_dict()["param_groups"]
        pairs = zip(own, state["param_groups"], strict=True)
        groups = [group | {"params": stored["params"]} for group, stored in pairs]
        return state | {"param_groups": groups}

    optimizer.register_load_state_dict_pre_hook(with_own_numbers)
    return optimizer


def require_moments(optimizer: Optimizer, factory: OptimizerFactory, state: State) -> None:
    """Compare what an optimiser needs of its past with what a checkpoint holds.

    Raises:
        InputError: If something is missing: it is of another optimiser.
    """
    groups = optimizer.param_groups
    if len(groups) != len(state["param_groups"]):
        raise InputError(
            f"{type(optimizer).__name__} has {len(groups)} groups of parameters, the checkpoint "
            f"{len(state['param_groups'])}; resume with the model's config as it was"
        )
    remembered = [stored.keys() for stored in state["state"].values() if stored]
    needed = moments_of(factory) if remembered else set()
    missing = needed.difference(*remembered[:1])
    if missing:
        raise InputError(
            f"{type(optimizer).__name__} goes on from {', '.join(sorted(missing))}, which the "
            "checkpoint's optimiser did not have: resume with the optimiser that it was, or begin "
            "a new run with weights=<run folder>"
        )


def moments_of(factory: OptimizerFactory) -> set[str]:
    """What an optimiser remembers of a parameter, by name, as seen after one step."""
    parameter = Parameter(torch.zeros(1, 1))
    optimizer = factory([parameter])
    parameter.grad = torch.zeros_like(parameter)
    optimizer.step(lambda: 0.0)
    return {name for name, value in optimizer.state[parameter].items() if value is not None}


class Schedules:
    """The schedules of a run, as laid out by its config; a resumed run goes on along them.

    Args:
        schedules: Fresh, of optimisers that keep their numbers.
    """

    def __init__(self, schedules: Sequence[LRScheduler]) -> None:
        self.schedules = list(schedules)
        self.fresh = [deepcopy(schedule.state_dict()) for schedule in schedules]

    def go_on(self, stored: Sequence[State], *, stretch: float) -> None:
        """Take the rates that the plan of now has at the step which the run has reached.

        Args:
            stored: The schedules' states in the checkpoint.
            stretch: Steps of an epoch now, by those of an epoch then.

        Raises:
            InputError: If the checkpoint holds another number of schedules.
        """
        if not self.schedules:
            return
        if len(stored) != len(self.schedules):
            raise InputError(
                f"the checkpoint holds {len(stored)} schedules of learning rates, the config "
                f"{len(self.schedules)}: a schedule cannot be added on the way; resume with those "
                "that the run had, or begin a new run with weights=<run folder>"
            )
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=r".*optimizer\.step", category=UserWarning)
            for schedule, fresh, state in zip(self.schedules, self.fresh, stored, strict=True):
                put(schedule, fresh, round(state["last_epoch"] * stretch))


def put(schedule: LRScheduler, fresh: State, steps: int) -> None:
    """Put a schedule where it is after a number of steps, and the rates of its optimiser, too."""
    schedule.load_state_dict(deepcopy(fresh))
    if isinstance(schedule, LambdaLR) and steps:  # its rates depend on the number of steps alone
        schedule.load_state_dict(deepcopy(fresh) | {"last_epoch": steps - 1, "_step_count": steps})
    while schedule.last_epoch < steps:
        schedule.step()
