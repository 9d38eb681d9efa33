"""Methods with one optimiser: Lightning accumulates, scales and schedules."""

import math
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from torch.optim import Optimizer

from deblurkit.contracts import OptimizerFactory, Pools, Scalar, SchedulerFactory, Terms
from deblurkit.errors import InputError
from deblurkit.losses.weights import Objective, Weight
from deblurkit.methods.frame.resumed import Schedules, keeping_its_numbers
from deblurkit.methods.frame.trained import TrainedMethod


class AutomaticMethod(TrainedMethod):
    """A weighted sum of terms, minimised by one optimiser over all parameters.

    >>> class Trained(AutomaticMethod):
    ...     needs, restorer = frozenset({"paired"}), "deblurrer"
    ...     def forward(self, blurred): return self.deblurrer(blurred)
    ...     def terms(self, batch):
    ...         pairs = batch["paired"]
    ...         return {"content": (self(pairs["blurred"]) - pairs["sharp"]).abs().mean()}
    >>> method = Trained(weights={"content": 1.0}, optimizer=torch.optim.Adam, scheduler=None)
    >>> method.deblurrer = torch.nn.Conv2d(3, 3, 3, padding=1)
    >>> method.restore(torch.rand(1, 3, 9, 7)).shape
    torch.Size([1, 3, 9, 7])

    Args:
        weights: Weight of each term, a number or a schedule in training batches; a term of
            weight zero is neither computed nor returned.
        optimizer: Makes the optimiser from the parameters.
        scheduler: Makes the learning-rate schedule from the optimiser and ``steps``, the number
            of optimiser steps of the whole training; None keeps the rate.
    """

    def __init__(
        self,
        *,
        weights: Mapping[str, Weight],
        optimizer: OptimizerFactory,
        scheduler: SchedulerFactory | None,
    ) -> None:
        super().__init__()
        self.objective = Objective(weights)
        self.optimizer, self.scheduler = optimizer, scheduler

    @abstractmethod
    def terms(self, batch: Pools) -> Terms:
        """Terms of the objective, unweighted, only those that ``objective.wants``."""

    def training_step(self, batch: Pools, batch_idx: int) -> Scalar:
        """The objective on one batch."""
        self.objective.batches = self.begin(batch)
        terms = self.terms(batch)
        total = self.objective(terms)
        self.guard.watch(total)
        if self.logs_now:
            self.report({"objective": total.detach(), **{n: t.detach() for n, t in terms.items()}})
            if self.trainer.progress_bar_callback is not None:
                self.log("objective", total.detach(), prog_bar=True, logger=False)
        return total

    def configure_gradient_clipping(
        self,
        optimizer: Optimizer,
        gradient_clip_val: int | float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip by the whole norm, computed once for the guard, the clipping and the log."""
        if gradient_clip_algorithm not in (None, "norm"):
            raise InputError("gradients are clipped by their norm; drop gradient_clip_algorithm")
        moving = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        norm = self.clip_or_skip(moving, gradient_clip_val)
        if self.logs_now:
            self.report({"gradient_norm": norm})
            self.write_numbers()

    def configure_optimizers(self) -> Any:
        """One optimiser; the schedule steps with it."""
        moving = [parameter for parameter in self.parameters() if parameter.requires_grad]
        optimizer = keeping_its_numbers(self.optimizer(moving), self.optimizer)
        if self.scheduler is None:
            self.plan = Schedules([])
            return optimizer
        schedule = self.scheduler(optimizer, steps=steps_of(self))
        self.plan = Schedules([schedule])
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def on_train_start(self) -> None:
        """Find the place in the schedule; where an epoch has other steps now, by its share."""
        before, now = self.stored.get("steps_per_epoch"), steps_per_epoch(self)
        planned_in_epochs = self.trainer.max_steps == -1
        self.follow_schedules(stretch=now / before if before and planned_in_epochs else 1.0)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Store how many steps an epoch has: accumulation and batches may change on a resume."""
        super().on_save_checkpoint(checkpoint)
        checkpoint["steps_per_epoch"] = steps_per_epoch(self)


def steps_per_epoch(method: TrainedMethod) -> int:
    """Optimiser steps of one epoch; 0 where nobody trains."""
    batches = method.trainer.num_training_batches
    if math.isinf(batches):
        return 0
    return math.ceil(batches / method.trainer.accumulate_grad_batches)


def steps_of(method: TrainedMethod) -> int:
    """Optimiser steps of the whole training.

    Raises:
        InputError: If the training has no planned end, so that no schedule can be laid out.
    """
    steps = method.trainer.estimated_stepping_batches
    if steps == float("inf"):
        raise InputError("a learning-rate schedule needs an end: set trainer.max_epochs")
    return int(steps)
