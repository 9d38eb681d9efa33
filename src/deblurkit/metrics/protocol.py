"""What a named protocol is: scores of one restored picture, averaged over pictures."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from deblurkit.contracts import Images
from deblurkit.errors import InputError

Score = Mapping[str, Tensor]


class Protocol(Metric):
    """Scores are taken per picture and then averaged, never pooled over pixels of all pictures.

    A protocol writes ``measure``. Calling it returns the scores of that picture and adds them to
    the means; ``compute`` gives the means over the pictures of all devices.

    A picture with values that are not finite scores NaN throughout, and so does the mean.

    Attributes:
        scores: Names of what ``measure`` returns.
        name: Of the picture that is being measured, where it is known.
    """

    is_differentiable = False
    full_state_update = False
    scores: tuple[str, ...]
    name: str | None = None
    pictures: Tensor

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        for score in self.scores:
            self.add_state(f"total_{score}", torch.zeros((), dtype=torch.float64), "sum")
        self.add_state("pictures", torch.zeros((), dtype=torch.long), "sum")

    @abstractmethod
    def measure(self, restored: Images, sharp: Images) -> Score:
        """Scores of one picture: both (1, 3, H, W) in [0, 1]."""

    def update(
        self, restored: Images, sharp: Tensor, *, names: Sequence[str] | None = None
    ) -> None:
        """Add pictures, each on its own.

        Args:
            restored: Pictures in [0, 1]; what lies outside is each protocol's affair.
            sharp: Their counterparts, of the same shape, in [0, 1].
            names: Of the pictures, for protocols that know more of some.

        Raises:
            InputError: If shapes differ, or the sharp pictures are no intensities in [0, 1].
        """
        check(restored, sharp)
        for number, (one, truth) in enumerate(zip(restored.split(1), sharp.split(1), strict=True)):
            self.name = None if names is None else names[number]
            if one.isfinite().all():
                taken = self.measure(one, truth)
            else:
                taken = dict.fromkeys(self.scores, torch.tensor(torch.nan))
            for score, value in taken.items():
                setattr(self, f"total_{score}", getattr(self, f"total_{score}") + value.double())
            self.pictures = self.pictures + 1

    def compute(self) -> dict[str, Tensor]:
        """Mean of each score over the pictures."""
        return {score: getattr(self, f"total_{score}") / self.pictures for score in self.scores}

    def plot(self, value: Any = None, ax: Any = None) -> Any:
        """Figure and axes of the means, or of the values given; as of every torchmetrics metric."""
        return self._plot(value, ax)


def check(restored: Tensor, sharp: Tensor) -> None:
    """Refuse what cannot be compared.

    Raises:
        InputError: If shapes differ, or the sharp pictures are no intensities in [0, 1].
    """
    if restored.shape != sharp.shape:
        raise InputError(
            f"the restored picture is {tuple(restored.shape)}, the sharp one {tuple(sharp.shape)}: "
            "scores need equal sizes"
        )
    if not (sharp.is_floating_point() and bool(((sharp >= 0) & (sharp <= 1)).all())):
        raise InputError(
            "sharp pictures must be intensities in [0, 1]: divide 8-bit pictures by 255, 16-bit "
            "ones by 65535"
        )


def rounded(pictures: Images) -> Images:
    """What an 8-bit file would hold: clamped to [0, 1] and rounded to grey levels."""
    return (pictures.float().clamp(0, 1) * 255).round() / 255
