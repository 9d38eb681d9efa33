"""Small parts of adversarial training for tests; none of them is a mock of what is tested."""

from collections.abc import Sequence

import torch
from fingerprint import fill, formula_tensor
from torch import Tensor, nn


class Counting:
    """A critic that notes the pictures of each forward."""

    def __init__(self, critic: nn.Module) -> None:
        self.critic = critic
        self.batches: list[int] = []

    def __call__(self, pictures: Tensor) -> Tensor:
        self.batches.append(len(pictures))
        return self.critic(pictures)


class Linear(nn.Module):
    """Scores a picture by a weighted sum of its values: the gradient is the weight."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)

    def forward(self, pictures: Tensor) -> Tensor:
        return (pictures * self.weight).sum(dim=(1, 2, 3)).reshape(-1, 1, 1, 1)


class Squared(nn.Module):
    """The score of a place is the square of its red: the gradient is twice the red."""

    def forward(self, pictures: Tensor) -> Tensor:
        return pictures[:, :1].square()


class Mean(nn.Module):
    """The score of a picture is its mean value, once per quarter of the picture."""

    def forward(self, pictures: Tensor) -> Tensor:
        return nn.functional.adaptive_avg_pool2d(pictures, 2).mean(dim=1, keepdim=True)


class RandomFeatures(nn.Module):
    """Features of random weights, the same in every process; in the place of a VGG."""

    def __init__(self, *, layer: str) -> None:
        super().__init__()
        self.layer = layer
        self.path: str | None = None
        self.convolutions = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 6, 3, padding=1)
        )
        fill(self)

    def read(self, path: str) -> None:
        self.path = path

    def forward(self, pictures: Tensor) -> Tensor:
        return self.convolutions(pictures)


def flat(*values: float) -> Tensor:
    """Pictures of one value each, so that `Mean` scores them by it."""
    return torch.tensor(values).reshape(-1, 1, 1, 1).expand(-1, 3, 4, 4)


def formula_critic() -> nn.Sequential:
    """A critic of patches as the papers', in small: float64, formula weights, takes [-1, 1]."""
    critic = nn.Sequential(
        nn.Conv2d(3, 4, 4, stride=2, padding=2),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(4, 6, 4, stride=2, padding=2),
        nn.InstanceNorm2d(6),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(6, 1, 4, padding=2),
    ).double()
    fill(critic)
    return critic


def noise(seed: int, *, count: int = 2, side: int = 24) -> Tensor:
    """Pictures of noise in [0, 1], float64."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(count, 3, side, side, generator=generator, dtype=torch.float64)


def digest(tensors: Sequence[Tensor]) -> list[float]:
    """Of each tensor its norm and a sum that depends on the place of every value."""
    numbers: list[float] = []
    for tensor in tensors:
        values = tensor.detach().double()
        places = formula_tensor(values.shape, 0, fan=6)
        numbers += [torch.linalg.vector_norm(values).item(), (values * places).sum().item()]
    return numbers
