"""What a named protocol is: scores of one restored picture, averaged over pictures."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat
from torchmetrics.utilities.distributed import gather_all_tensors

from deblurkit.contracts import Images
from deblurkit.errors import InputError
from deblurkit.metrics.parts.means import mean_score

Score = Mapping[str, Tensor]
Direction = Literal["max", "min"]  # whether the highest or the lowest value of a score is best


class Protocol(Metric):
    """Scores are taken per picture and then averaged, never pooled over pixels of all pictures.

    A protocol writes ``measure``. Calling it returns the scores of that picture and adds them to
    the means; ``compute`` gives the means over the pictures of all devices. The scores of every
    picture are kept and their sums rounded once, so that any number of devices gives the same bits.

    A picture with values that are not finite scores NaN throughout, and so does the mean. Infinite
    scores are left out of it, as ``mean_score`` says.

    Attributes:
        scores: Names of what ``measure`` returns.
        directions: Of scores that do not follow ``higher_is_better``: ``max`` or ``min`` is best.
        aligns: Whether the pictures are moved onto each other first; scores without that say little
            about pictures that may have moved.
        name: Of the picture that is being measured, where it is known.

    >>> class Error(Protocol):
    ...     scores = ("error",)
    ...     def measure(self, restored, sharp): return {"error": (restored - sharp).abs().mean()}
    >>> protocol = Error()
    >>> protocol.update(torch.zeros(2, 3, 4, 4), torch.full((2, 3, 4, 4), 0.5))
    >>> protocol.compute()
    {'error': tensor(0.5000, dtype=torch.float64)}
    """

    is_differentiable = False
    full_state_update = False
    scores: tuple[str, ...]
    directions: Mapping[str, Direction] = MappingProxyType({})
    aligns: bool = False
    name: str | None = None
    taken: list[Tensor] | Tensor  # of each picture its scores, in their order

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"dist_sync_fn": gathered, **options})
        self.add_state("taken", [], "cat")

    @abstractmethod
    def measure(self, restored: Images, sharp: Images) -> Score:
        """Scores of one picture: both (1, 3, H, W) in [0, 1]."""

    def update(
        self, restored: Tensor, sharp: Tensor, *, names: Sequence[str] | None = None
    ) -> None:
        """Add pictures, each on its own.

        Args:
            restored: Pictures in [0, 1]; what lies outside is each protocol's affair.
            sharp: Their counterparts, of the same shape, in [0, 1].
            names: Of the pictures, for protocols that know more of some.

        Raises:
            InputError: As ``check`` says.
        """
        check(restored, sharp)
        pairs = zip(restored.split(1), sharp.split(1), strict=True)
        for number, (picture, partner) in enumerate(pairs):
            self.name = None if names is None else names[number]
            if bool(torch.stack(picture.aminmax()).isfinite().all()):  # one pass; NaN wins
                scores = self._measured(picture, partner)
            else:
                scores = dict.fromkeys(self.scores, torch.tensor(torch.nan))
            row = [scores[name].detach().double().to(self.device) for name in self.scores]
            assert isinstance(self.taken, list)  # a tensor only while devices are gathered
            self.taken.append(torch.stack(row))

    def _measured(self, restored: Images, sharp: Images) -> Score:
        """Scores in full precision, also under mixed precision; errors name the picture."""
        try:
            with torch.autocast(sharp.device.type, enabled=False):
                return self.measure(restored, sharp)
        except InputError as error:
            if self.name is None or self.name in str(error):
                raise
            raise InputError(f"{self.name}: {error}") from error

    def compute(self) -> dict[str, Tensor]:
        """Mean of each score over the pictures, as ``mean_score`` takes it; NaN without any."""
        table = dim_zero_cat(self.taken) if len(self.taken) else torch.empty(0)
        columns = table.reshape(-1, len(self.scores)).T.tolist()
        return {
            score: torch.tensor(mean_score(column).value, dtype=torch.float64, device=self.device)
            for score, column in zip(self.scores, columns, strict=True)
        }

    def direction(self, score: str) -> Direction | None:
        """Whether the highest or the lowest value of a score is best; None if it is not known."""
        if score in self.directions:
            return self.directions[score]
        if self.higher_is_better is None:
            return None
        return "max" if self.higher_is_better else "min"

    def plot(self, value: Any = None, ax: Any = None) -> Any:
        """Figure and axes of the means, or of the values given; as of every torchmetrics metric."""
        return self._plot(value, ax)


def leading(protocols: Mapping[str, Metric]) -> str | None:
    """Name of the protocol that leads tables; None without one.

    It is the first one that aligns the pictures and whose first score is best if it is high.

    >>> from deblurkit.metrics.levin import Levin
    >>> from deblurkit.metrics.rgb8 import RGB8
    >>> leading({"rgb8": RGB8(), "levin": Levin(border=15, reach=10)})
    'levin'
    """
    aligning = (
        name
        for name, protocol in protocols.items()
        if isinstance(protocol, Protocol) and protocol.aligns
        if protocol.direction(protocol.scores[0]) == "max"
    )
    return next(aligning, None)


def gathered(state: Tensor, group: Any = None) -> list[Tensor]:
    """A state of each device; one that saw no picture would send single precision."""
    return gather_all_tensors(state.double(), group)


def check(restored: Tensor, sharp: Tensor) -> None:
    """Refuse what cannot be compared.

    Raises:
        InputError: If shapes differ, the sharp pictures are no intensities in [0, 1], or the
            restored ones are whole numbers.
    """
    if restored.shape != sharp.shape:
        raise InputError(
            f"the restored picture is {tuple(restored.shape)}, the sharp one {tuple(sharp.shape)}: "
            "scores need equal sizes"
        )
    low, high = sharp.aminmax()
    inside = bool((low >= 0) & (high <= 1))  # not so with NaN
    if not (sharp.is_floating_point() and restored.is_floating_point() and inside):
        raise InputError(
            "sharp and restored pictures must be intensities in [0, 1]: divide 8-bit pictures by "
            "255, 16-bit ones by 65535"
        )


def rounded(pictures: Images) -> Images:
    """What an 8-bit file would hold: clamped to [0, 1] and rounded to grey levels.

    >>> round(255 * rounded(torch.full((1, 1, 1, 1), 0.5)).item(), 3)  # of 127.5
    128.0
    """
    return (pictures.float().clamp(0, 1) * 255).round() / 255
