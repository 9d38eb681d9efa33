"""One step down an objective that no bad batch can spoil."""

import logging
from collections.abc import Callable, Iterable

import torch
from torch import Tensor
from torch.nn import Parameter

from deblurkit.errors import InputError

log = logging.getLogger(__name__)

IN_A_ROW = 10
IN_A_ROW_SCALED = 30  # a gradient scaler starts at 2**16 and needs some overflows to find its place


class Guard:
    """Looks at a gradient before it is used; skips, counts and finally stops.

    The gradients are those after the exchange between devices, so every rank decides alike.
    """

    def __init__(self) -> None:
        self.skipped = 0
        self.in_a_row = 0

    def tame(
        self,
        parameters: Iterable[Parameter],
        *,
        clip: float | None,
        scaled: bool,
        where: Callable[[], str],
    ) -> Tensor:
        """Clip the gradient to a norm, or drop it where it is not finite.

        Args:
            parameters: What the optimiser is about to move.
            clip: Largest norm of the whole gradient; None leaves it as it is.
            scaled: Whether a gradient scaler will itself skip an overflow.
            where: Names the batch and its pictures for the message.

        Returns:
            The norm before clipping.

        Raises:
            InputError: After ten steps in a row that had to be skipped.
        """
        moving = [parameter for parameter in parameters if parameter.grad is not None]
        gradients = [parameter.grad for parameter in moving if parameter.grad is not None]
        norm = torch.nn.utils.get_total_norm(gradients)
        if norm.isfinite():
            self.in_a_row = 0
            if clip:
                torch.nn.utils.clip_grads_with_norm_(moving, clip, norm)
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
            for parameter in moving:
                parameter.grad = None
        return norm
