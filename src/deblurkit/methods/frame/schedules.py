"""Learning-rate schedules, laid out over the ``steps`` of a whole training."""

import math

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR


def warmup_cosine(
    optimizer: Optimizer, *, steps: int, warmup: float = 0.0, floor: float = 0.0
) -> LambdaLR:
    """Rise linearly, then fall along half a cosine.

    >>> optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    >>> schedule = warmup_cosine(optimizer, steps=10, warmup=0.2)
    >>> [round(schedule.lr_lambdas[0](step), 6) for step in (0, 2, 6, 10)]
    [0.5, 1.0, 0.5, 0.0]

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
    """Fall as ``(1 - step / steps) ** power``, the schedule of SRN and its followers.

    >>> optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    >>> schedule = polynomial(optimizer, steps=4, power=0.5)
    >>> [schedule.lr_lambdas[0](step) for step in (0, 3, 4)]
    [1.0, 0.5, 0.0]
    """
    return LambdaLR(optimizer, lambda step: max(1 - step / steps, 0.0) ** power)


def constant_then_linear(optimizer: Optimizer, *, steps: int, constant: float) -> LambdaLR:
    """Stay, then fall linearly to zero, the schedule of pix2pix and its followers.

    >>> optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    >>> schedule = constant_then_linear(optimizer, steps=4, constant=0.5)
    >>> [schedule.lr_lambdas[0](step) for step in (0, 2, 3, 4)]
    [1.0, 1.0, 0.5, 0.0]

    Args:
        optimizer: Holds the highest learning rates.
        steps: Length of the training.
        constant: Share of the steps at the highest rate, in [0, 1].
    """
    held = round(constant * steps)
    falling = max(steps - held, 1)
    return LambdaLR(optimizer, lambda step: 1 - min(max(step - held, 0) / falling, 1.0))
