"""Learning-rate schedules, laid out over the ``steps`` of a whole training."""

import math

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR


def warmup_cosine(
    optimizer: Optimizer, *, steps: int, warmup: float = 0.0, floor: float = 0.0
) -> LambdaLR:
    """Rise linearly, then fall along half a cosine.

    Args:
        optimizer: Holds the highest learning rates.
        steps: Length of the training; what counts as a step is the caller's (optimiser steps, or
            epochs where several players take turns).
        warmup: Share of the steps that rises, in [0, 1).
        floor: Share of the highest rate at which the training ends.
    """
    rising = max(round(warmup * steps), 0)

    def factor(step: int) -> float:
        if step < rising:
            return (step + 1) / rising
        share = min((step - rising) / max(steps - rising, 1), 1.0)
        return floor + (1 - floor) * (1 + math.cos(math.pi * share)) / 2

    return LambdaLR(optimizer, factor)


def polynomial(optimizer: Optimizer, *, steps: int, power: float) -> LambdaLR:
    """Fall as ``(1 - step / steps) ** power``, the schedule of SRN and its followers."""
    return LambdaLR(optimizer, lambda step: max(1 - step / steps, 0.0) ** power)


def constant_then_linear(optimizer: Optimizer, *, steps: int, constant: float) -> LambdaLR:
    """Stay, then fall linearly to zero, the schedule of pix2pix and its followers.

    Args:
        optimizer: Holds the highest learning rates.
        steps: Length of the training.
        constant: Share of the steps at the highest rate, in [0, 1].
    """
    held = round(constant * steps)
    falling = max(steps - held, 1)
    return LambdaLR(optimizer, lambda step: 1 - min(max(step - held, 0) / falling, 1.0))
