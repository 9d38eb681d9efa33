"""What is private to Lightning and needed here all the same, as read in 2.6.6: nowhere else.

``pyproject.toml`` keeps Lightning below the next minor version, which may call these otherwise.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from torch import Tensor

if TYPE_CHECKING:
    from lightning.pytorch import Trainer


def logs_now(trainer: "Trainer") -> bool:
    """Whether the numbers of this step will be written: ``log_every_n_steps``."""
    return bool(trainer._logger_connector.should_update_logs)


def write_metrics(trainer: "Trainer", numbers: Mapping[str, Tensor | float]) -> None:
    """Hand a row of numbers to all loggers; ``self.log`` is slow and does one at a time."""
    trainer._logger_connector.log_metrics(dict(numbers))  # type: ignore[arg-type]


def steps_logged(trainer: "Trainer") -> int:
    """The step under which the next row of numbers is written."""
    return trainer.fit_loop.epoch_loop._batches_that_stepped


def accumulates(trainer: "Trainer") -> bool:
    """Whether the gradients of this batch wait for a later one."""
    return trainer.fit_loop.epoch_loop._should_accumulate()
