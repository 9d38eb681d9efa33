"""Numbers that identify an architecture without a weight file.

Every parameter and the input picture follow from a formula; a few numbers of the answer are
compared with those of a reference. Integer arithmetic and float64 make the input exact, so that
the reference may be written in any framework.

    fill(network)                                   # own parameter order, PyTorch layout
    network.load_state_dict(formula_state(shapes))  # or an official layout, through an importer
    numbers = summary(network(formula_picture(64, 96)))
"""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn


def formula_tensor(shape: Sequence[int], position: int, *, fan: int | None = None) -> Tensor:
    """Values of the tensor at a position of the key order; a tensor with one axis is a bias.

    Args:
        shape: Of the tensor.
        position: Counted from 0 in the stated key order, biases included.
        fan: Inputs of one output value; without it that of PyTorch's layout, values of the
            tensor per entry of its first axis, transposed convolutions included.
    """
    count = math.prod(shape)
    hashed = (2654435761 * torch.arange(count) + 40503 * position + 12345) % 2**32
    centred = hashed.double() / 2**32 - 0.5
    scale = 0.05 if len(shape) == 1 else 2 * math.sqrt(1.5 / (fan or count / shape[0]))
    return (scale * centred).reshape(tuple(shape))


def formula_state(shapes: Mapping[str, Sequence[int]]) -> dict[str, Tensor]:
    """A state dict in float64; positions follow the order of the mapping."""
    return {key: formula_tensor(shapes[key], position) for position, key in enumerate(shapes)}


def fill(network: nn.Module) -> None:
    """Give a network, in place, the formula's values in the order of its parameters."""
    with torch.no_grad():
        for position, parameter in enumerate(network.parameters()):
            parameter.copy_(formula_tensor(parameter.shape, position))


def formula_picture(height: int, width: int, *, channels: int = 3) -> Tensor:
    """A batch of one smooth picture in [0, 1], float64, shape (1, channels, height, width)."""
    channel = torch.arange(channels, dtype=torch.float64)[:, None, None]
    row = torch.arange(height, dtype=torch.float64)[:, None]
    column = torch.arange(width, dtype=torch.float64)
    waves = (0.11 * row + 0.7 * channel).sin() + (0.07 * column - 0.3 * channel).cos()
    return (0.5 + 0.25 * waves)[None]


def summary(pictures: Tensor) -> list[float]:
    """Mean, population standard deviation and four samples of a batch of one picture.

    The samples lie at [0, 0, 0], in the middle of channel 1 (of 0 where it is the only one), in
    the last corner of the last channel, and at [0, 7, 13].
    """
    (picture,) = pictures.detach().double()
    channels, height, width = picture.shape
    samples = [
        picture[0, 0, 0],
        picture[min(1, channels - 1), height // 2, width // 2],
        picture[-1, -1, -1],
        picture[0, 7, 13],
    ]
    numbers = [picture.mean(), picture.std(correction=0), *samples]
    return [number.item() for number in numbers]
