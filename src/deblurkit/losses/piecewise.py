"""A distance that gives way to another one during an optimisation."""

from deblurkit.contracts import Distance


class PiecewiseDistance:
    """The distance of each iteration: first one, then another.

    Args:
        first: Distance of the iterations before the switch.
        then: Distance of those after it.
        switch: How many iterations the first one has.
    """

    def __init__(self, *, first: Distance, then: Distance, switch: int) -> None:
        self.first, self.then, self.switch = first, then, switch

    def __call__(self, done: int) -> Distance:
        """The distance after ``done`` iterations."""
        return self.first if done < self.switch else self.then
