"""A learning rate that falls in steps."""

from collections.abc import Sequence

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR


def milestones(
    optimizer: Optimizer, *, steps: int, shares: Sequence[float], factor: float
) -> LambdaLR:
    """Multiply the rate by a factor at given shares of the training.

    >>> optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    >>> schedule = milestones(optimizer, steps=10, shares=[0.5], factor=0.1)
    >>> [schedule.lr_lambdas[0](step) for step in (0, 4, 5)]
    [1.0, 1.0, 0.1]

    Args:
        optimizer: Holds the first learning rates.
        steps: Length of the training; what counts as a step is the caller's.
        shares: Of the training, each in [0, 1].
        factor: Of the rate at each of them.
    """
    starts = [round(share * steps) for share in shares]
    return LambdaLR(optimizer, lambda step: factor ** sum(step >= start for start in starts))
