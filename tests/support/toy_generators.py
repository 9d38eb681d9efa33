"""Players of one number each, so that every objective can be worked out by hand."""

import torch
from torch import Tensor, nn

from deblurkit.contracts import Images, Scalar, Scores


class Times(nn.Module):
    """A generator that multiplies by one number; counts how often it is asked."""

    multiple, reach = 1, 0
    takes = frozenset({"condition"})

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))
        self.asked = 0

    def forward(self, pictures: Images, condition: Tensor | None = None) -> Images:
        self.asked += 1
        return self.factor * pictures if condition is None else self.factor * pictures + 1


class Brightness(nn.Module):
    """A critic whose score of a pixel is a multiple of its mean intensity."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))

    def forward(self, pictures: Images) -> Scores:
        return self.factor * pictures.mean(dim=1, keepdim=True)


class Doubling(nn.Module):
    """A perceptual distance whose features are twice the intensities."""

    def forward(self, restored: Images, sharp: Images) -> Scalar:
        return (2 * restored - 2 * sharp).square().mean()


def gray(value: float) -> Tensor:
    """A picture of 2 x 2 pixels."""
    return torch.full((1, 3, 2, 2), value)


def number(values: Tensor) -> float:
    """The one value of a scalar or of an even picture."""
    (value,) = values.detach().unique()
    return value.item()
