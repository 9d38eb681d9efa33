"""The objective of SRN and its followers: squared errors at three scales."""

from typing import Protocol, runtime_checkable

from torch import Tensor
from torch.nn import functional

from deblurkit.contracts import Images, Scalar
from deblurkit.losses.weights import Objective


@runtime_checkable
class Scales(Protocol):
    """What the network answers: restored pictures at quarter, half and full size."""

    coarse: Tensor
    middle: Tensor
    fine: Tensor


def squared_errors(objective: Objective, restored: Scales, sharp: Images) -> dict[str, Scalar]:
    """Mean squared error of each scale that has a weight, by the scale's name.

    The sharp picture is reduced as the network reduces the blurred one: one pixel in four or two
    is kept, nothing is averaged.

    Args:
        objective: Says which scales have a weight.
        restored: In [0, 1], not clamped.
        sharp: Of the finest scale's size, in [0, 1].

    Source: Tao et al. (SRN), CVPR 2018, arXiv:1802.01770, sec. 3; reduction as in the authors'
    code.
    """
    return objective.wanted(
        coarse=lambda: functional.mse_loss(restored.coarse, sharp[..., ::4, ::4]),
        middle=lambda: functional.mse_loss(restored.middle, sharp[..., ::2, ::2]),
        fine=lambda: functional.mse_loss(restored.fine, sharp),
    )
