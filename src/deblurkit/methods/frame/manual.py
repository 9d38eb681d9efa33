"""Methods with several players that take turns."""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from deblurkit.contracts import OptimizerFactory, Pools, SchedulerFactory, Terms
from deblurkit.errors import InputError
from deblurkit.losses.weights import Objective, Weight
from deblurkit.methods.frame.resumed import Schedules, keeping_its_numbers
from deblurkit.methods.frame.trained import TrainedMethod

if TYPE_CHECKING:
    from lightning.pytorch.core.optimizer import LightningOptimizer

Descend = Callable[[Terms], None]


class ManualMethod(TrainedMethod):
    """Players with an objective and an optimiser each; a player is an attribute of that name.

    Lightning neither clips nor accumulates here, so ``clip`` and ``accumulate`` do, under the
    same config keys (``trainer.gradient_clip_val``, ``trainer.accumulate_grad_batches``).

    >>> class Trained(ManualMethod):
    ...     needs, restorer = frozenset({"paired"}), "deblurrer"
    ...     def forward(self, blurred): return self.deblurrer(blurred)
    ...     def turns(self, batch):
    ...         pairs = batch["paired"]
    ...         with self.turn("deblurrer") as descend:
    ...             descend({"content": (self(pairs["blurred"]) - pairs["sharp"]).abs().mean()})
    >>> player = {"weights": {"content": 1.0}, "optimizers": torch.optim.Adam}
    >>> method = Trained(**{name: {"deblurrer": value} for name, value in player.items()})
    >>> method.deblurrer = torch.nn.Conv2d(3, 3, 3, padding=1)
    >>> method.restore(torch.rand(1, 3, 9, 7)).shape
    torch.Size([1, 3, 9, 7])

    Args:
        weights: Per player the weight of each term of its objective.
        optimizers: Per player the factory of its optimiser.
        schedulers: Per player the factory of its schedule, laid out and stepped in epochs, since
            ``global_step`` counts the steps of all players; a missing player keeps its rate.
    """

    automatic_optimization = False

    def __init__(
        self,
        *,
        weights: Mapping[str, Mapping[str, Weight]],
        optimizers: Mapping[str, OptimizerFactory],
        schedulers: Mapping[str, SchedulerFactory] | None = None,
    ) -> None:
        super().__init__()
        self.objectives = {player: Objective(weights[player]) for player in optimizers}
        self.factories, self.schedulers = dict(optimizers), dict(schedulers or {})
        self.clip: float | None = None
        self.accumulate = 1
        self.descents = dict.fromkeys(optimizers, 0)  # of each player since its last step
        self.optimizer_of: dict[str, LightningOptimizer] = {}
        self.moving = ""  # the player that takes a step
        self.norm = 0.0  # of the gradient that was used last

    @abstractmethod
    def turns(self, batch: Pools) -> None:
        """Let the players move: ``with self.turn("critic") as descend: descend(terms)``."""

    def training_step(self, batch: Pools, batch_idx: int) -> None:
        """Every player's turns, then the schedules where the epoch ends."""
        batches = self.begin(batch)
        for objective in self.objectives.values():
            objective.batches = batches
        self.turns(batch)
        if self.trainer.is_last_batch:  # in on_train_epoch_end a resumed run would lose them
            for player, optimizer in self.optimizer_of.items():
                if self.descents[player]:
                    self.step(player, optimizer)
            schedulers = self.lr_schedulers() or []
            for schedule in schedulers if isinstance(schedulers, list) else [schedulers]:
                schedule.step()  # type: ignore[call-arg]
        if self.logs_now:
            self.write_numbers()

    def on_train_start(self) -> None:
        """Find the optimiser of each player, and where their schedules stand."""
        self.follow_schedules()
        optimizers = self.optimizers()
        listed = optimizers if isinstance(optimizers, list) else [optimizers]
        self.optimizer_of = dict(zip(self.factories, listed, strict=True))

    @contextmanager
    def turn(self, player: str) -> Iterator[Descend]:
        """One player's turn: the others stand still, their parameters need no gradient."""
        optimizer = self.optimizer_of[player]
        self.toggle_optimizer(optimizer)
        try:
            yield partial(self.descend, player, optimizer)
        finally:
            self.untoggle_optimizer(optimizer)

    def descend(self, player: str, optimizer: "LightningOptimizer", terms: Terms) -> None:
        """Move one player down its objective.

        With ``accumulate`` = n every n-th descent of a player moves it, so that the ratio of
        critic to generator steps stays the paper's.
        """
        total = self.objectives[player](terms)
        self.guard.watch(total, player)
        self.manual_backward(total if self.accumulate == 1 else total / self.accumulate)
        self.descents[player] += 1
        if self.logs_now:
            numbers = {f"{player}/{name}": term.detach() for name, term in terms.items()}
            self.report({f"{player}/objective": total.detach(), **numbers})
        if self.descents[player] == self.accumulate:
            self.step(player, optimizer)

    def step(self, player: str, optimizer: "LightningOptimizer") -> None:
        """Use the gathered gradient of one player."""
        self.moving = player
        optimizer.step()
        optimizer.zero_grad()
        self.descents[player] = 0
        if self.logs_now:
            self.report({f"{player}/gradient_norm": self.norm})

    def on_before_optimizer_step(self, optimizer: Optimizer) -> None:
        """Guard and clip: Lightning calls this when a gradient scaler has undone its scale."""
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        self.norm = self.clip_or_skip(parameters, self.clip, player=self.moving)

    def configure_optimizers(self) -> Any:
        """One optimiser per player, in the order of the YAML."""
        optimizers, schedules = [], []
        for player, factory in self.factories.items():
            optimizer = at_once(factory(self.get_submodule(player).parameters()))
            optimizers.append(keeping_its_numbers(optimizer, factory))
            if player in self.schedulers:
                epochs = self.trainer.max_epochs
                if epochs is None or epochs < 1:
                    raise InputError(
                        "a learning-rate schedule needs an end: set trainer.max_epochs"
                    )
                schedules.append(self.schedulers[player](optimizer, steps=epochs))
        self.plan = Schedules(schedules)
        return optimizers, schedules


def at_once(optimizer: Optimizer) -> Optimizer:
    """Let an optimiser move all parameters in one kernel, unless the YAML chose a form of it.

    Its own default goes over them one by one on a CPU, up to a tenth of a batch's time. With
    ``fused=True`` in its constructor the guard would see the gradients of a gradient scaler.

    >>> at_once(torch.optim.Adam([torch.zeros(2)])).param_groups[0]["fused"]
    True
    """
    for group in optimizer.param_groups:
        if group.get("fused", False) is None and group["foreach"] is None:
            group["fused"] = True
    optimizer.register_load_state_dict_post_hook(lay_out)
    return optimizer


def lay_out(optimizer: Optimizer) -> None:
    """Give loaded state the layout of its parameter: the kernel reads both in memory's order.

    >>> weight = torch.zeros(2, 3, 4, 4).contiguous(memory_format=torch.channels_last)
    >>> optimizer = torch.optim.Adam([weight])
    >>> optimizer.state[weight]["exp_avg"] = torch.zeros(2, 3, 4, 4)
    >>> lay_out(optimizer)
    >>> optimizer.state[weight]["exp_avg"].stride() == weight.stride()
    True
    """
    for parameter, state in optimizer.state.items():
        for key, value in state.items():
            if isinstance(value, Tensor) and value.shape == parameter.shape:
                state[key] = torch.empty_like(parameter, dtype=value.dtype).copy_(value)
