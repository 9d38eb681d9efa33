"""How large the kernel of an unknown blur is: ever larger ones, until the blur leaves them room."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import torch
import torch.nn.functional as F  # noqa: N812
from jaxtyping import Float
from torch import Tensor

from deblurkit.contracts import Image, Kernels
from deblurkit.errors import InputError
from deblurkit.imaging.colour import luminance
from deblurkit.imaging.windows import highest_mean
from deblurkit.progress import steps

IN_A_ROW = 2  # sides that are not filled; a single one may be chance
ROUNDING = 1e-9  # of sums of weights

Plane = Float[Tensor, "1 1 height width"]  # luminance in [0, 1]
Window = Float[Tensor, "1 1 rows columns"]


@runtime_checkable
class KernelEstimator(Protocol):
    """A blind method that estimates kernels without restoring, such as ``L0Blind``."""

    def estimated(self, blurred: Plane, size: int) -> Kernels:
        """Kernels of one side, in pixels, of luminances."""


class KernelSearch:
    """Extent of an unknown blur, from quick estimates of its kernel.

    A kernel that is too small is filled up to its border, one that is far too large gathers
    rubbish; so the sides grow until two in a row are not filled, and what is used of these counts.
    Only the liveliest part of a large picture is looked at.

    >>> class Line:  # finds a blur of 3 pixels whatever it is shown
    ...     def estimated(self, blurred, size):
    ...         kernel = torch.zeros(1, 1, size, size)
    ...         kernel[..., size // 2, size // 2 - 1 : size // 2 + 2] = 1 / 3
    ...         return kernel
    >>> settings = {"room": 2, "mass": 0.99, "margin": 1, "window": 64}
    >>> search = KernelSearch(estimator=Line(), sides=[5, 7, 9], **settings)
    >>> search(torch.rand(3, 32, 32))  # with its margin
    5

    Args:
        estimator: Estimates kernels of a given side.
        sides: To be tried in turn, odd and growing, in pixels; in a small picture those up to a
            third of its shorter side.
        room: Pixels of its side that weights leave free in a kernel which is large enough.
        mass: Share of all weight that the extent has to hold, in each direction.
        margin: Pixels that are added on each side.
        window: Side of the part that is looked at, in pixels.

    Raises:
        InputError: If the sides are not odd, at least 3 and growing.
    """

    def __init__(
        self,
        *,
        estimator: KernelEstimator,
        sides: Sequence[int],
        room: int,
        mass: float,
        margin: int,
        window: int,
    ) -> None:
        if not sides or list(sides) != sorted({side | 1 for side in sides}) or sides[0] < 3:
            raise InputError(
                f"a search tries odd sides from 3 on, each larger than the last, got {list(sides)}"
            )
        self.estimator, self.sides, self.room = estimator, list(sides), room
        self.mass, self.margin, self.window = mass, margin, window

    @torch.no_grad()
    def __call__(self, blurred: Image) -> int:
        """Odd side of a kernel that holds the blur of a picture, in pixels."""
        part = liveliest(luminance(blurred[None].float()), self.window)
        third = min(part.shape[-2:]) // 3
        used, roomy = [3 - 2 * self.margin], 0
        for side in steps([side for side in self.sides if side <= third], "kernel sizes"):
            kernel = self.estimator.estimated(part, side)
            used.append(_span(kernel, mass=self.mass))
            roomy = roomy + 1 if _span(kernel, mass=1.0) <= side - self.room else 0
            if roomy == IN_A_ROW:
                break
        largest = max(third - 1 + third % 2, 3)
        return min((max(used[-IN_A_ROW:]) | 1) + 2 * self.margin, largest)


def liveliest(pictures: Plane, side: int) -> Window:
    """The part of a picture with the most contrast between neighbours.

    Args:
        pictures: One picture.
        side: Of the part, in pixels; where the picture is smaller, all of it.
    """
    steps = F.pad(pictures.diff(dim=-1).abs(), (0, 1)) + F.pad(
        pictures.diff(dim=-2).abs(), (0, 0, 0, 1)
    )
    rows, columns = highest_mean(steps[0], side, stride=max(side // 4, 1)).window
    return pictures[..., rows, columns]


def extent(kernel: Kernels, axis: int, *, mass: float) -> int:
    """Length of what is left of one kernel when the lightest ends are cut off on both sides.

    Args:
        kernel: A single one.
        axis: Over which weights are summed, so that the length is along the other one.
        mass: Share of all weight that stays; with 1 it is from the first weight to the last.
    """
    weights = kernel[0, 0].double().sum(axis)
    weights = weights / weights.sum()
    upto, cut = weights.cumsum(0), (1 - mass) / 2 + ROUNDING
    inside = torch.nonzero((upto > cut) & (upto - weights < 1 - cut))
    return int(inside[-1] - inside[0]) + 1


def _span(kernel: Kernels, *, mass: float) -> int:
    return max(extent(kernel, axis, mass=mass) for axis in (-1, -2))
