"""One step down an objective that no bad batch can spoil."""

import logging
import math
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import Parameter

from deblurkit.errors import InputError

log = logging.getLogger(__name__)

IN_A_ROW = 10
IN_A_ROW_SCALED = 30  # a gradient scaler starts at 2**16 and needs some overflows to find its place


class GradientGuard:
    """Looks at a gradient before it is used; skips, counts and finally stops.

    The gradients are those after the exchange between devices, so every rank decides alike.
    """

    def __init__(self) -> None:
        self.skipped = 0
        self.in_a_row = 0

    def counts(self) -> dict[str, int]:
        """What a resumed run goes on counting from."""
        return {"skipped": self.skipped, "in_a_row": self.in_a_row}

    def go_on(self, counts: Mapping[str, int]) -> None:
        """Count on from what a checkpoint holds."""
        self.skipped, self.in_a_row = counts["skipped"], counts["in_a_row"]

    def clip_or_skip(
        self,
        parameters: Sequence[Parameter],
        *,
        clip: float | None,
        scaled: bool,
        where: Callable[[], str],
    ) -> float:
        """Clip the gradient to a norm, or drop it where it is not finite.

        Args:
            parameters: What the optimiser is about to move, on one device.
            clip: Largest norm of the whole gradient; None leaves it as it is.
            scaled: Whether a gradient scaler will itself skip an overflow.
            where: Names the batch and its pictures for the message.

        Returns:
            The norm before clipping.

        Raises:
            InputError: After ten steps in a row that had to be skipped.
        """
        gradients = [grad for parameter in parameters if (grad := parameter.grad) is not None]
        norm = total_norm(gradients)
        if math.isfinite(norm):
            self.in_a_row = 0
            if clip and norm > clip:
                torch._foreach_mul_(gradients, clip / (norm + 1e-6))
            return norm
        self.skipped += 1
        self.in_a_row += 1
        log.warning("%s: the gradient is not finite, step skipped (%d)", where(), self.skipped)
        if self.in_a_row >= (IN_A_ROW_SCALED if scaled else IN_A_ROW):
            raise InputError(
                f"training stopped at {where()}: {self.in_a_row} steps in a row had no finite "
                "gradient; the last checkpoint is good: lower the learning rate, set "
                "trainer.gradient_clip_val, or look at these pictures"
            )
        if not scaled:  # an optimiser passes over parameters without a gradient
            for parameter in parameters:
                parameter.grad = None
        return norm


def total_norm(gradients: list[Tensor]) -> float:
    """Norm of all gradients as one vector; torch's own spends more time on choosing than on it."""
    if not gradients:
        return 0.0
    return math.hypot(*torch.stack(torch._foreach_norm(gradients)).tolist())
