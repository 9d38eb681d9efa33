"""Trainings that start from stored weights: what they are filled with, and what they gain by it."""

import logging
from collections.abc import Sequence
from typing import NamedTuple

from lightning.pytorch import LightningDataModule, Trainer
from lightning.pytorch.utilities.seed import isolate_rng

from deblurkit.checkpoint import copy_weights, load
from deblurkit.errors import InputError
from deblurkit.methods.frame.base import RestorationMethod
from deblurkit.metrics.parts.protocol import Direction

log = logging.getLogger(__name__)


def start_from(method: RestorationMethod, weights: str, *, trust: Sequence[str]) -> None:
    """Fill a fresh method with stored weights.

    Raises:
        InputError: If they belong to another method.
    """
    stored = load(weights, trust=trust)
    if type(stored) is not type(method):
        raise InputError(
            f"{weights} holds {type(stored).__name__}, but model= is {type(method).__name__}"
        )
    copy_weights(stored.state_dict(), method, origin=weights)
    method.origin = stored.origin


class FormerScore(NamedTuple):
    """What held-out pictures score with the weights that a training starts from.

    Attributes:
        monitor: Name of the score.
        value: The score.
    """

    monitor: str
    value: float

    def compare(self, value: float | None, direction: Direction) -> None:
        """Say what the training has done to it; a loss is a warning.

        Args:
            value: The score of the best weights that the training has seen; None if it is unknown.
            direction: Which value is best.
        """
        if value is None:
            return
        scores = f"{self.monitor} of the held-out pictures: {self.value:.4g} before, {value:.4g}"
        gain = value - self.value if direction == "max" else self.value - value
        if gain > 0:
            log.info("%s after training on", scores)
        else:
            log.warning(
                "%s after training on, which is no gain: use the weights that it started from, or "
                "train longer, on more pictures or at another learning rate",
                scores,
            )


def score_before(
    trainer: Trainer, method: RestorationMethod, data: LightningDataModule, monitor: str
) -> FormerScore | None:
    """Score the validation pictures before the first step; the numbers of the training stay.

    Returns:
        The score; None if it is not measured.
    """
    with isolate_rng():
        trainer.validate(method, data, verbose=False)
    value = trainer.callback_metrics.get(monitor)
    return None if value is None else FormerScore(monitor, float(value))
