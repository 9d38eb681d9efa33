"""How large the kernel of an unknown blur is: take a large one, see how much of it is used."""

import torch
from torch import Tensor

from deblurkit.contracts import Image
from deblurkit.methods.priors.problem import Problem


class KernelSearch:
    """Extent of an unknown blur, from a first solution with a large kernel.

    Args:
        largest: Side of the first kernel, odd, in pixels; in a small picture a third of its
            shorter side at most.
        energy: Share of the sum of squared weights that a cropped kernel must keep.
        margin: Pixels that are added on each side.
    """

    def __init__(self, *, largest: int, energy: float, margin: int) -> None:
        self.largest, self.energy, self.margin = largest, energy, margin

    def first(self, blurred: Image) -> int:
        """Side of the first kernel for a picture."""
        third = min(blurred.shape[-2:]) // 3
        return max(min(self.largest, third - 1 + third % 2), 3)

    def needed(self, solution: Problem) -> int:
        """Odd side that the kernel of a solution really uses, at most its own."""
        assert solution.kernel is not None, "only a method that estimates kernels searches"
        squares = solution.kernel[0].double().square()
        used = max(_extent(squares.sum(axis), self.energy) for axis in (0, 1)) | 1
        return min(used + 2 * self.margin, solution.kernel_size)


def _extent(weights: Tensor, energy: float) -> int:
    """Length of what is left of a line when the lightest ends are cut off on both sides."""
    shares = (weights / weights.sum()).cumsum(0)
    cut = (1 - energy) / 2
    inside = (shares > cut) & (shares - weights / weights.sum() < 1 - cut)
    places = torch.nonzero(inside).flatten()
    return int(places[-1] - places[0]) + 1
