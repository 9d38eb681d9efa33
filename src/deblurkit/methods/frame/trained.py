"""What methods that train networks share: the clock, the log, the guard."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn import Parameter

from deblurkit.contracts import Pools
from deblurkit.lightning_private import logs_now, write_metrics
from deblurkit.methods.frame.doors import require_pools
from deblurkit.methods.frame.gradient_guard import GradientGuard
from deblurkit.methods.frame.network import NetworkMethod
from deblurkit.methods.frame.resumed import Schedules


class TrainedMethod(NetworkMethod):
    """Bookkeeping of a training step; automatic and manual optimisation build on it.

    >>> method = deblurkit.build("dclnet_tiny")
    >>> isinstance(method, TrainedMethod), method.guard.counts()
    (True, {'skipped': 0, 'in_a_row': 0})
    """

    def __init__(self) -> None:
        super().__init__()
        self.guard = GradientGuard()
        self.plan = Schedules([])  # of the learning rates, as configure_optimizers lays it out
        self.stored: dict[str, Any] = {}  # what a checkpoint says of its schedules
        self.batch: Pools | None = None  # the current one, for messages
        # Whether this step's numbers will be written; others are not worth their cost.
        self.logs_now = False
        self.numbers: dict[str, Tensor | float] = {}

    def begin(self, batch: Pools) -> int:
        """Check a batch before its step and read the clock: training batches so far."""
        require_pools(batch, self.needs, method=type(self).__name__)
        trainer = self.trainer
        vars(self).update(batch=batch, logs_now=logs_now(trainer))  # a module's own way is slow
        return max(trainer.fit_loop.total_batch_idx, 0)

    def on_train_end(self) -> None:
        """From here on nobody gathers numbers: terms work without a training, too."""
        self.logs_now = False

    def where(self) -> str:
        """The current batch and its pictures, for messages."""
        names: list[str] = []
        for pool in cast("Mapping[str, Any]", self.batch or {}).values():
            names += pool.get("name", ())
        return f"batch {self.trainer.fit_loop.total_batch_idx} ({', '.join(names[:4])} ...)"

    def clip_or_skip(
        self, parameters: Sequence[Parameter], clip: float | None, *, player: str = ""
    ) -> float:
        """Guard and clip the gradient of what is about to move; returns its norm."""
        return self.guard.clip_or_skip(
            parameters,
            player,
            clip=clip,
            scaled=getattr(self.trainer.precision_plugin, "scaler", None) is not None,
            ranks=self.trainer.world_size,
            where=self.where,
        )

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Store what the guard has counted, too."""
        super().on_save_checkpoint(checkpoint)
        checkpoint["guard"] = self.guard.counts()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Go on counting."""
        super().on_load_checkpoint(checkpoint)
        if "guard" in checkpoint:
            self.guard.go_on(checkpoint["guard"])
        names = ("lr_schedulers", "steps_per_epoch")
        self.stored = {key: checkpoint[key] for key in names if key in checkpoint}

    def follow_schedules(self, *, stretch: float = 1.0) -> None:
        """Give a resumed run the rates of the plan of now; others have them.

        Args:
            stretch: Steps of an epoch now, by those when the checkpoint was written.

        Raises:
            InputError: If the checkpoint holds another number of schedules.
        """
        if self.trainer.ckpt_path is not None:
            self.plan.go_on(self.stored.get("lr_schedulers", []), stretch=stretch)

    def report(self, numbers: Mapping[str, Tensor | float]) -> None:
        """Gather numbers of a step, to be written as ``train/...``."""
        self.numbers |= {f"train/{name}": number for name, number in numbers.items()}

    def write_numbers(self) -> None:
        """Write the numbers of a step in one row."""
        self.numbers["train/skipped"] = float(self.guard.skipped)
        write_metrics(self.trainer, self.numbers)
        watched = {name: torch.as_tensor(number) for name, number in self.numbers.items()}
        self.trainer.callback_metrics.update(watched)  # early stopping may look at them
        self.numbers.clear()
