"""When the optimisation of one picture ends."""

from abc import ABC, abstractmethod
from typing import NamedTuple

from torch import nn

from deblurkit.contracts import Images
from deblurkit.errors import InputError


class Progress(NamedTuple):
    """Where one picture stands after an iteration; no tensor has a gradient.

    Args:
        iterations: How many there were, this one included.
        restored: The iteration's picture, luminance, of the size of the blurred one.
        reblurred: The same under the iteration's kernel: what explains the blurred picture.
        fidelity: Distance of ``reblurred`` to the blurred picture, as the objective measures it.
    """

    iterations: int
    restored: Images
    reblurred: Images
    fidelity: float


class Watch(nn.Module, ABC):
    """Watches one picture; whatever it remembers is in buffers, so that a run can be resumed.

    Attributes:
        improved: Whether the iteration that it has just seen is the one to answer with, if no
            better one follows.

    >>> isinstance(Fixed(iterations=5000), Watch)
    True
    """

    improved = True

    @abstractmethod
    def ends(self, progress: Progress) -> bool:
        """Look at an iteration; whether it was the last."""


class Fixed(Watch):
    """Ends after a number of iterations.

    >>> watch, picture = Fixed(iterations=2), torch.zeros(1, 1, 8, 8)
    >>> [watch.ends(Progress(n, picture, picture, 0.0)) for n in (1, 2)]
    [False, True]

    Args:
        iterations: How many.
    """

    def __init__(self, *, iterations: int) -> None:
        super().__init__()
        if iterations < 1:
            raise InputError(f"an optimisation needs at least one iteration, got {iterations}")
        self.iterations = iterations

    def ends(self, progress: Progress) -> bool:
        """Count."""
        return progress.iterations >= self.iterations
