"""What methods that train networks share: the clock, the log, the guard."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from torch import Tensor
from torch.nn import Parameter

from deblurkit.contracts import Pools
from deblurkit.errors import InputError
from deblurkit.methods.descent import Guard
from deblurkit.methods.network import NetworkMethod


class TrainedMethod(NetworkMethod):
    """Bookkeeping of a training step; automatic and manual optimisation build on it."""

    def __init__(self) -> None:
        super().__init__()
        self.guard = Guard()
        self.batch: Pools | None = None  # the current one, for messages

    def begin(self, batch: Pools) -> int:
        """Check a batch before its step and read the clock: training batches so far."""
        if not self.needs <= batch.keys():
            raise InputError(
                f"{type(self).__name__} trains on the pools {sorted(self.needs)}, "
                f"this batch holds {sorted(batch)}"
            )
        self.batch = batch
        return max(self.trainer.fit_loop.total_batch_idx, 0)

    def where(self) -> str:
        """The current batch and its pictures, for messages."""
        names: list[str] = []
        for pool in cast("Mapping[str, Any]", self.batch or {}).values():
            names += pool["name"]
        return f"batch {self.trainer.fit_loop.total_batch_idx} ({', '.join(names[:4])} ...)"

    def tame(self, parameters: Iterable[Parameter], clip: float | None) -> Tensor:
        """Guard and clip the gradient of what is about to move; returns its norm."""
        scaler = getattr(self.trainer.precision_plugin, "scaler", None)
        return self.guard.tame(parameters, clip=clip, scaled=scaler is not None, where=self.where)

    @property
    def logs_now(self) -> bool:
        """Whether this step's numbers will be written; others are not worth their cost."""
        if self._trainer is None:  # the terms alone, in a notebook
            return False
        return bool(self.trainer._logger_connector.should_update_logs)

    def report(self, numbers: Mapping[str, Tensor | float]) -> None:
        """Log numbers of a step as ``train/...``."""
        self.log_dict({f"train/{name}": number for name, number in numbers.items()})
