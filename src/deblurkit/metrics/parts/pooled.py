"""Protocols that count: ratios are taken once, of the counts of all pictures together."""

from abc import abstractmethod
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from deblurkit.contracts import Images
from deblurkit.metrics.parts.protocol import Direction, Protocol, check

VERSIONS = ("blurred", "restored", "sharp")  # of a picture

Counts = Mapping[str, int]


class PooledProtocol(Metric):
    """Counts something in every version of a picture and compares the sums.

    A protocol writes ``measure`` and ``figures``. ``add`` measures a picture and adds its counts;
    ``compute`` gives the figures of all pictures of all devices, named ``<version>/<figure>``.

    Attributes:
        counted: Names of what ``measure`` counts.
        directions: Of its figures beside the counts: ``max`` or ``min`` is best.

    >>> class Bright(PooledProtocol):
    ...     counted = ("bright", "pixels")
    ...     def measure(self, pictures, name):
    ...         bright = {key: int((picture > 0.5).sum()) for key, picture in pictures.items()}
    ...         return {key: {"bright": number, "pixels": 48} for key, number in bright.items()}
    ...     def figures(self, counts): return {"share": counts["bright"] / counts["pixels"]}
    >>> protocol = Bright()
    >>> versions = {"restored": torch.ones(1, 3, 4, 4), "sharp": torch.zeros(1, 3, 4, 4)}
    >>> protocol.add(versions, "crop")["restored/bright"], protocol.compute()["restored/share"]
    (48, tensor(1.))
    """

    is_differentiable = False
    full_state_update = False
    counted: tuple[str, ...]
    directions: Mapping[str, Direction] = MappingProxyType({})
    sums: Tensor
    pictures: Tensor

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        none = torch.zeros(len(VERSIONS), len(self.counted), dtype=torch.long)
        self.add_state("sums", none, "sum")
        self.add_state("pictures", torch.zeros(len(VERSIONS), dtype=torch.long), "sum")

    @abstractmethod
    def measure(self, pictures: Mapping[str, Images], name: str) -> Mapping[str, Counts]:
        """Counts of each version that is given; all are (1, 3, H, W) in [0, 1]."""

    @abstractmethod
    def figures(self, counts: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """What the sums of one version say."""

    def add(self, pictures: Mapping[str, Images], name: str) -> dict[str, int]:
        """Measure a picture; its counts, named ``<version>/<count>``.

        Raises:
            InputError: If versions differ in shape or are no intensities, as ``check`` says.
        """
        for version in pictures.values():
            check(version, pictures["sharp"])
        with torch.autocast(pictures["sharp"].device.type, enabled=False):
            measured = self.measure(pictures, name)
        self.update(measured)
        return {
            f"{version}/{count}": number
            for version, counts in measured.items()
            for count, number in counts.items()
        }

    def update(self, measured: Mapping[str, Counts]) -> None:
        """Add the counts of a picture."""
        nothing = dict.fromkeys(self.counted, 0)
        rows = [measured.get(version, nothing) for version in VERSIONS]
        added = torch.tensor([[row[count] for count in self.counted] for row in rows])
        seen = torch.tensor([version in measured for version in VERSIONS]).long()
        self.sums = self.sums + added.to(self.sums.device)
        self.pictures = self.pictures + seen.to(self.pictures.device)

    def compute(self) -> dict[str, Tensor]:
        """Figures of each version that was measured."""
        return {
            f"{version}/{name}": value
            for version, sums, pictures in zip(VERSIONS, self.sums, self.pictures, strict=True)
            if pictures
            for name, value in self.figures(dict(zip(self.counted, sums, strict=True))).items()
        }

    @property
    def scores(self) -> tuple[str, ...]:
        """Names of what ``compute`` gives."""
        figures = (*self.directions, *self.counted)
        return tuple(f"{version}/{figure}" for version in VERSIONS for figure in figures)

    def direction(self, score: str) -> Direction | None:
        """Whether the highest or the lowest value of a figure is best; None of counts."""
        return self.directions.get(score.rpartition("/")[2])

    def plot(self, value: Any = None, ax: Any = None) -> Any:
        """Figure and axes of the figures, or of the values given, as of every torchmetrics one."""
        return self._plot(value, ax)


def measured(
    protocol: Protocol | PooledProtocol, pictures: Mapping[str, Images], name: str
) -> dict[str, float | int]:
    """Take the scores of a picture, or its counts, under one protocol, and keep them there.

    >>> from deblurkit.metrics.rgb8 import RGB8
    >>> versions = {"restored": torch.zeros(1, 3, 16, 16), "sharp": torch.ones(1, 3, 16, 16)}
    >>> measured(RGB8(), versions, "crop")["psnr"]
    0.0

    Args:
        protocol: What measures.
        pictures: (1, 3, H, W) in [0, 1] by version; ``restored`` and ``sharp`` at least.
        name: The picture's.
    """
    if isinstance(protocol, PooledProtocol):
        return dict(protocol.add(pictures, name))
    scores = protocol(pictures["restored"], pictures["sharp"], names=[name])
    return {score: float(value) for score, value in scores.items()}


def pooled(protocols: Mapping[str, Protocol | PooledProtocol]) -> dict[str, float | int]:
    """Figures of those protocols that count, named ``<protocol>/<version>/<figure>``.

    >>> from deblurkit.metrics.rgb8 import RGB8
    >>> pooled({"rgb8": RGB8()})  # it counts nothing
    {}
    """
    return {
        f"{key}/{figure}": value.item()
        for key, protocol in protocols.items()
        if isinstance(protocol, PooledProtocol)
        for figure, value in protocol.compute().items()
    }
