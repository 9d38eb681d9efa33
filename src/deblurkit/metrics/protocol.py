"""What a named protocol is: scores of one restored picture, averaged over pictures."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from deblurkit.contracts import Images

Score = Mapping[str, Tensor]


class Protocol(Metric):
    """Scores are taken per picture and then averaged, never pooled over pixels of all pictures.

    A protocol writes ``measure``. Calling it returns the scores of that picture and adds them to
    the means; ``compute`` gives the means over the pictures of all devices.

    Attributes:
        scores: Names of what ``measure`` returns.
    """

    is_differentiable = False
    full_state_update = False
    scores: tuple[str, ...]
    pictures: Tensor

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        for score in self.scores:
            self.add_state(f"total_{score}", torch.zeros((), dtype=torch.float64), "sum")
        self.add_state("pictures", torch.zeros((), dtype=torch.long), "sum")

    @abstractmethod
    def measure(self, restored: Images, sharp: Images) -> Score:
        """Scores of one picture: both (1, 3, H, W) in [0, 1]."""

    def update(self, restored: Images, sharp: Images) -> None:
        """Add pictures, each on its own."""
        for one, truth in zip(restored.split(1), sharp.split(1), strict=True):
            for score, value in self.measure(one, truth).items():
                setattr(self, f"total_{score}", getattr(self, f"total_{score}") + value.double())
            self.pictures = self.pictures + 1

    def compute(self) -> dict[str, Tensor]:
        """Mean of each score over the pictures."""
        return {score: getattr(self, f"total_{score}") / self.pictures for score in self.scores}


def rounded(pictures: Images) -> Images:
    """What an 8-bit file would hold: clamped to [0, 1] and rounded to grey levels."""
    return (pictures.float().clamp(0, 1) * 255).round() / 255
