"""Means and variances of a whole picture, for networks that see one tile of it at a time.

Instance normalisation and channel attention average over all they are given: in tiles they see
other numbers, and every tile is restored as if it were a picture of its own. Here the numbers are
collected over all tiles first and then used in each.
"""

from collections.abc import Iterable
from types import TracebackType
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from deblurkit.imaging.tiling.tiles import Span, Tile

Features = Float[Tensor, "batch channels height width"]
Moment = Float[Tensor, "batch channels 1 1"]


class Sums(NamedTuple):
    """Of one layer's features over the pixels seen so far, in double precision.

    Args:
        number: How many values were added up per channel.
        mean: Of them.
        scatter: Sum of their squared distances to it.
    """

    number: int
    mean: Moment
    scatter: Moment

    def joined(self, other: "Sums") -> "Sums":
        """Those of both.

        Source: Chan, Golub and LeVeque, "Algorithms for computing the sample variance", The
        American Statistician 37(3), 1983, eq. 2.1.
        """
        number = self.number + other.number
        gap = other.mean - self.mean
        mean = self.mean + gap * (other.number / number)
        scatter = (
            self.scatter + other.scatter + gap.square() * (self.number * other.number / number)
        )
        return Sums(number, mean, scatter)


class Enough(Exception):  # noqa: N818  it ends a forward pass early, nothing went wrong
    """What this tile can tell has been noted."""


class PictureStatistics(TorchFunctionMode):
    """While it is entered, layers average over the whole picture and not over their input.

    Layers are ``torch.nn.functional.instance_norm`` without running statistics, ``batch_norm`` of
    one picture without them, and means of feature maps over height and width; they are told apart
    by the order of their calls. They are collected in turns over all tiles. What such a
    normalisation needs follows from all those before it: each ends its turn, and the answer is then
    that for the whole picture, up to rounding. Means are collected together, those of deep layers
    with the tiles' own means in the layers before them: a number that attention turns into a weight
    changes little by that.

    Attributes:
        collected: What this turn has collected of layers that were not known before.

    >>> from deblurkit.imaging.tiling.tiles import Grid
    >>> norm = torch.nn.InstanceNorm2d(3)
    >>> (left, right), *_ = Grid(tile=16, overlap=0, multiple=1, fade=0).rows((16, 32))
    >>> picture, statistics = torch.rand(1, 3, 16, 32), PictureStatistics(multiple=1)
    >>> for tile in (left, right):  # a turn that only looks
    ...     with statistics.at(tile):
    ...         _ = norm(tile.of(picture))
    >>> statistics.settle()
    >>> with statistics.at(right):
    ...     normalised = norm(right.of(picture))
    >>> torch.allclose(normalised, right.of(norm(picture)), atol=1e-5)
    True
    """

    def __init__(self, multiple: int) -> None:
        """Begin the first turn; networks pad tiles to a ``multiple``, pixels."""
        super().__init__()
        self.multiple = multiple
        self.collected: list[Sums] = []
        self._known: list[Sums] = []
        self._call = 0
        self._tile: Tile | None = None

    @property
    def layers(self) -> int:
        """How many layers are known."""
        return len(self._known)

    def settle(self) -> None:
        """All tiles have been seen: what was found is known from now on."""
        self._known, self.collected = [*self._known, *self.collected], []

    def at(self, tile: Tile) -> "PictureStatistics":
        """Say which tile comes next."""
        self._tile, self._call = tile, 0
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        """Leave, also out of the middle of a forward pass that was ended on purpose."""
        super().__exit__(kind, error, trace)
        return isinstance(error, Enough)

    def __torch_function__(
        self,
        func: Any,
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Answer the two kinds of layers, and hand on everything else."""
        options = kwargs or {}
        if func is functional.instance_norm and options.get("running_mean") is None:
            return self._normalised(*args, **options)
        if func is functional.batch_norm and _of_one_picture(*args, **options):
            return self._normalised(*args, **options)
        if func is torch.Tensor.mean and _over_pictures(*args, **options):
            mean = self._sums(args[0]).mean.to(args[0])
            return mean if options.get("keepdim") else mean[..., 0, 0]
        return func(*args, **options)

    def _normalised(
        self,
        features: Features,
        *_: Any,
        weight: Tensor | None = None,
        bias: Tensor | None = None,
        eps: float = 1e-5,
        **__: Any,
    ) -> Features:
        new = self._call >= self.layers
        sums = self._sums(features)
        if new:
            raise Enough
        batch, kind = features.shape[0], torch.promote_types(features.dtype, torch.float32)
        normal = functional.batch_norm(
            features.flatten(0, 1)[None],
            sums.mean.to(kind).flatten(),
            (sums.scatter / sums.number).to(kind).flatten(),
            None if weight is None else weight.repeat(batch),
            None if bias is None else bias.repeat(batch),
            eps=eps,
        )
        return normal.view_as(features)

    def _sums(self, features: Features) -> Sums:
        """Those of the picture where they are known, and of this tile where not."""
        call, self._call = self._call, self._call + 1
        if call < self.layers:
            return self._known[call]
        own = self._own(features)
        index = call - self.layers
        if index == len(self.collected):
            self.collected.append(own)
        else:
            self.collected[index] = self.collected[index].joined(own)
        return _sums(features)

    def _own(self, features: Features) -> Sums:
        """Of the pixels that no other tile answers for."""
        assert self._tile is not None
        axes = zip(self._tile, features.shape[-2:], strict=True)
        rows, columns = (_within(span, extent, self.multiple) for span, extent in axes)
        return _sums(features[..., rows, columns])


def _sums(features: Features) -> Sums:
    wide = features.to(torch.promote_types(features.dtype, torch.float32))
    variance, mean = torch.var_mean(wide, dim=(-2, -1), keepdim=True, correction=0)
    count = features.shape[-2] * features.shape[-1]
    return Sums(count, mean.double(), variance.double() * count)


def _within(span: Span, extent: int, multiple: int) -> slice:
    """A tile's own pixels in features of this extent; padding belongs to the last tile."""
    padded = -(-(span.stop - span.start) // multiple) * multiple
    end = extent if span.end == span.stop else (span.end - span.start) * extent // padded
    return slice((span.begin - span.start) * extent // padded, end)


def _of_one_picture(
    features: Tensor, mean: Tensor | None = None, *_: Any, training: bool = False, **__: Any
) -> bool:
    return training and mean is None and len(features) == 1


def _over_pictures(features: Tensor, *_: Any, dim: Any = None, **__: Any) -> bool:
    dims = dim if isinstance(dim, tuple | list) else ()
    return features.ndim == 4 and sorted(axis % 4 for axis in dims) == [2, 3]
