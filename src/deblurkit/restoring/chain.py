"""What a command adds around a restoration: objects, each of which calls the one that it wraps.

A command composes them in one line; no method is altered. What is added last sees a picture first.
"""

from collections.abc import Callable
from typing import Any

from lightning.pytorch import LightningModule

from deblurkit.contracts import BlurredBatch, Restoration
from deblurkit.errors import InputError
from deblurkit.methods.frame.base import RestorationMethod

Restore = Callable[[BlurredBatch], Restoration]


def chained(restore: Restore, *around: Callable[[Restore], Restore] | None) -> Restore:
    """A restoration inside what is added around it, from the inside out.

    Args:
        restore: Restores one picture of a batch.
        *around: Makes each of what is added from what it wraps; None adds nothing.
    """
    for wrap in around:
        restore = restore if wrap is None else wrap(restore)
    return restore


class ChainedMethod(LightningModule):
    """What a Trainer predicts with: a method, restoring by a chain around it.

    Args:
        method: What restores in the end; it is moved to the device.
        restore: The chain.
    """

    def __init__(self, method: RestorationMethod, restore: Restore) -> None:
        super().__init__()
        self.method, self.restore = method, restore

    @property
    def restorer(self) -> str:
        """Name of the network that restores, for callbacks that lay it out.

        Raises:
            InputError: If the method has none.
        """
        restorer: Any = getattr(self.method, "restorer", None)
        if not isinstance(restorer, str):
            raise InputError(f"{type(self.method).__name__} has no network to average or compile")
        return f"method.{restorer}"

    def predict_step(self, batch: BlurredBatch, batch_idx: int) -> Restoration:
        """Restore what the method may see of a batch; a writer stores the pictures."""
        return self.restore(self.method.visible(batch))
