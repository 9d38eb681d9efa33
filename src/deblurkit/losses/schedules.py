"""What changes on the way: factors of terms, by batches or iterations; a distance for another."""

import math

from deblurkit.contracts import Distance
from deblurkit.errors import InputError


class CosineFall:
    """A weight that stays for a while and then falls to zero along half a cosine.

    >>> fall = CosineFall(value=1.0, hold=10, end=20)
    >>> [fall(batches) for batches in (10, 15, 20)]
    [1.0, 0.5, 0.0]

    Args:
        value: Weight at first.
        hold: Batches or iterations before it falls.
        end: From here on it is zero.

    Raises:
        InputError: If it ends before it begins to fall.
    """

    def __init__(self, *, value: float, hold: int, end: int) -> None:
        if not 0 <= hold < end:
            raise InputError(f"a weight falls from hold to a later end, got {hold} and {end}")
        self.value, self.hold, self.end = value, hold, end

    def __call__(self, batches: int) -> float:
        """Weight after ``batches`` batches."""
        if batches >= self.end:
            return 0.0
        way = max(batches - self.hold, 0) / (self.end - self.hold)
        return self.value * (1 + math.cos(math.pi * way)) / 2


class Every:
    """A weight that holds in every n-th batch only: for a term that is dear to compute.

    >>> third = Every(value=2.0, start=1, period=3)
    >>> [third(batches) for batches in range(5)]
    [0.0, 2.0, 0.0, 0.0, 2.0]

    Args:
        value: Weight in those batches.
        start: The first of them, counted from 0.
        period: From one of them to the next; 1 is every batch.

    Raises:
        InputError: If the period is not positive or the start negative.
    """

    def __init__(self, *, value: float, start: int, period: int) -> None:
        if start < 0 or period < 1:
            raise InputError(
                f"a weight starts at batch 0 or later and comes back after at least one batch, "
                f"got {start} and {period}"
            )
        self.value, self.start, self.period = value, start, period

    def __call__(self, batches: int) -> float:
        """Weight after ``batches`` batches."""
        waited = batches - self.start
        return self.value if waited >= 0 and waited % self.period == 0 else 0.0


class PiecewiseDistance:
    """The distance of each iteration: first one, then another.

    >>> from deblurkit.losses import pixel, squared
    >>> distance = PiecewiseDistance(first=squared.mse, then=pixel.l1, switch=100)
    >>> distance(99).__name__, distance(100).__name__
    ('mse', 'l1')

    Args:
        first: Distance of the iterations before the switch.
        then: Distance of those after it.
        switch: How many iterations the first one has.
    """

    def __init__(self, *, first: Distance, then: Distance, switch: int) -> None:
        self.first, self.then, self.switch = first, then, switch

    def __call__(self, iterations: int) -> Distance:
        """The distance after a number of iterations."""
        return self.first if iterations < self.switch else self.then
