"""NAFNet's network: a U-shaped stack of blocks without activation functions."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from deblurkit.contracts import Images
from deblurkit.errors import InputError
from deblurkit.networks.layout import is_channels_last
from deblurkit.networks.parts.sides import require_multiple

Features = Float[Tensor, "batch channels height width"]
Gated = Float[Tensor, "batch half_channels height width"]
Means = Float[Tensor, "batch channels rows columns"]  # of the features' size, or one by one


class LayerNorm2d(nn.Module):
    """Normalises the channels of every pixel for itself, then scales and shifts each channel.

    Args:
        channels: Feature maps.
        epsilon: Added to the variance.

    Source: Ba et al., "Layer Normalization", 2016, arXiv:1607.06450; over channels as in Chen et
    al., ECCV 2022, sec. 3.2.
    """

    def __init__(self, *, channels: int, epsilon: float = 1e-6) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.epsilon = epsilon

    def forward(self, features: Features) -> Features:
        """Normalise; same shape and layout."""
        # A graph knows no layout: the question would be one about the size.
        if not torch.compiler.is_exporting() and is_channels_last(features):
            pixels, sizes = features.movedim(1, -1), (len(self.weight),)  # as they lie in memory
            normal = functional.layer_norm(pixels, sizes, self.weight, self.bias, self.epsilon)
            return normal.movedim(-1, 1)
        variance, mean = torch.var_mean(features, dim=1, keepdim=True, correction=0)
        normal = (features - mean) * (variance + self.epsilon).rsqrt()
        return normal * self.weight[:, None, None] + self.bias[:, None, None]


class SimpleGate(nn.Module):
    """Multiplies one half of the channels by the other.

    Source: Chen et al., ECCV 2022, sec. 3.4, eq. 4.
    """

    def forward(self, features: Features) -> Gated:
        """Half as many channels."""
        first, second = features.chunk(2, dim=1)
        return first * second


class SimplifiedChannelAttention(nn.Module):
    """Weighs the channels by a linear map of their means.

    Args:
        channels: Feature maps.
        window: Side of the square around a pixel over which is averaged, in pixels of the
            features, so that large pictures see means like those of training crops; None averages
            over the whole picture.

    Source: Chen et al., ECCV 2022, sec. 3.4, eq. 6; windows: Chu et al., "Improving Image
    Restoration by Revisiting Global Information Aggregation" (TLC), ECCV 2022, arXiv:2112.04491.
    """

    def __init__(self, *, channels: int, window: int | None) -> None:
        super().__init__()
        self.mix = nn.Conv2d(channels, channels, 1)
        self.window = window

    def forward(self, features: Features) -> Features:
        """Weigh; same shape."""
        if self.window is not None and torch.compiler.is_exporting():
            means = means_of_any_size(features, window=self.window)
        elif self.window is None or self.window >= max(features.shape[-2:]):
            means = features.mean(dim=(-2, -1), keepdim=True)
        else:
            means = local_means(features, window=self.window)
        return features * self.mix(means)


class Block(nn.Module):
    """Mixes pixels, then channels, each as a correction whose scale starts at zero.

    Args:
        channels: Feature maps in and out; twice as many before each gate.
        window: Of the channel attention.

    Source: Chen et al., ECCV 2022, sec. 3, fig. 3c.
    """

    def __init__(self, *, channels: int, window: int | None) -> None:
        super().__init__()
        wide = 2 * channels
        self.pixels = nn.Sequential(
            LayerNorm2d(channels=channels),
            nn.Conv2d(channels, wide, 1),
            nn.Conv2d(wide, wide, 3, padding=1, groups=wide),
            SimpleGate(),
            SimplifiedChannelAttention(channels=channels, window=window),
            nn.Conv2d(channels, channels, 1),
        )
        self.mixing = nn.Sequential(
            LayerNorm2d(channels=channels),
            nn.Conv2d(channels, wide, 1),
            SimpleGate(),
            nn.Conv2d(channels, channels, 1),
        )
        self.beta = nn.Parameter(torch.zeros(channels, 1, 1))
        self.gamma = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, features: Features) -> Features:
        """Correct features of any size."""
        mixed = features + self.beta * self.pixels(features)
        return mixed + self.gamma * self.mixing(mixed)


class Backbone(nn.Module):
    """Restores a picture by a correction; a U with skips that are added.

    >>> blocks = {"encoder_blocks": [1], "middle_blocks": 1, "decoder_blocks": [1]}
    >>> backbone = Backbone(channels=4, window=None, **blocks)
    >>> backbone(torch.rand(1, 3, 16, 16)).shape
    torch.Size([1, 3, 16, 16])

    Args:
        channels: Feature maps at full resolution; each halving doubles them.
        encoder_blocks: Blocks before each halving, from full resolution down.
        middle_blocks: Blocks at the lowest resolution.
        decoder_blocks: Blocks after each doubling, from the lowest resolution up.
        window: Side of the squares of the channel attention in pixels of the picture; None for
            means over the whole picture. Crops of at most this side see whole means either way.

    Attributes:
        window: As given: pictures on both sides of it prove an exported file.

    Raises:
        InputError: If encoder and decoder differ in their number of stages.

    Source: Chen et al., "Simple Baselines for Image Restoration", ECCV 2022, arXiv:2204.04676,
    sec. 3 and 5, fig. 2c and 3c.
    Differs from the authors' code: sides that are not divisible are the method's to pad, by the
    edge and not by zeros; a picture shorter than the window along one axis is averaged over all
    of it along that one, as theirs is.
    """

    def __init__(
        self,
        *,
        channels: int,
        encoder_blocks: Sequence[int],
        middle_blocks: int,
        decoder_blocks: Sequence[int],
        window: int | None,
    ) -> None:
        super().__init__()
        stages = len(encoder_blocks)
        if stages != len(decoder_blocks):
            raise InputError(
                "NAFNet doubles as often as it halves: give decoder_blocks as many numbers as "
                f"encoder_blocks, got {len(decoder_blocks)} and {stages}"
            )
        self.multiple, self.window = 2**stages, window
        widths = [channels * 2**stage for stage in range(stages + 1)]
        windows = [None if window is None else window // 2**stage for stage in range(stages + 1)]
        self.entry = nn.Conv2d(3, channels, 3, padding=1)
        self.encoders, self.halvings = nn.ModuleList(), nn.ModuleList()
        for stage, blocks in enumerate(encoder_blocks):
            self.encoders.append(_blocks(blocks, channels=widths[stage], window=windows[stage]))
            self.halvings.append(nn.Conv2d(widths[stage], widths[stage + 1], 2, stride=2))
        self.middle = _blocks(middle_blocks, channels=widths[-1], window=windows[-1])
        self.doublings, self.decoders = nn.ModuleList(), nn.ModuleList()
        for stage, blocks in zip(reversed(range(stages)), decoder_blocks, strict=True):
            self.doublings.append(_doubling(widths[stage + 1]))
            self.decoders.append(_blocks(blocks, channels=widths[stage], window=windows[stage]))
        self.head = nn.Conv2d(channels, 3, 3, padding=1)
        blocks_of = [*map(sum, zip(encoder_blocks, reversed(decoder_blocks), strict=True))]
        steps = sum(count * 2**stage for stage, count in enumerate([*blocks_of, middle_blocks]))
        # Each block of the attention looks as far as its window. Otherwise a block looks one pixel
        # far, of its size; so do entry and head, and shuffled pixels stand apart.
        self.reach: int | None = steps + self.multiple + 1 if window is None else None

    def forward(self, blurred: Images) -> Images:
        """Restore a batch in [0, 1]; same shape out, not clamped.

        Raises:
            InputError: If a side is not divisible by ``multiple``.
        """
        require_multiple(blurred, self.multiple)
        features = self.entry(blurred)
        skips = []
        for encoder, halving in zip(self.encoders, self.halvings, strict=True):
            features = encoder(features)
            skips.append(features)
            features = halving(features)
        features = self.middle(features)
        for doubling, decoder in zip(self.doublings, self.decoders, strict=True):
            features = decoder(doubling(features) + skips.pop())
        return self.head(features) + blurred


def local_means(features: Features, *, window: int) -> Features:
    """Mean over a square around every pixel, moved inwards where it would leave the picture.

    Sums of neighbours are doubled in length until the window is full, which costs a logarithm of
    its side and is deterministic on every device.

    Args:
        features: Of any size.
        window: Side of the square in pixels; along an axis that is shorter it is the whole axis.
    """
    if torch.compiler.is_dynamo_compiling():  # its sums take minutes to compile
        uncompiled = torch.compiler.disable(_local_means)  # a decorator would import the compiler
        means: Features = uncompiled(features, window)
        return means
    return _local_means(features, window)


def _local_means(features: Features, window: int) -> Features:
    means = features
    for axis in (2, 3):
        length = min(window, features.shape[axis])
        means = _sliding_sums(means, axis=axis, length=length) / length
    missing = [features.shape[axis] - means.shape[axis] for axis in (3, 2)]
    sides = [side for lack in missing for side in (lack // 2, (lack + 1) // 2)]
    return functional.pad(means, sides, mode="replicate")


def means_of_any_size(features: Features, *, window: int) -> Features:
    """`local_means` for graphs that serve pictures of all sizes: no step depends on the size.

    A window ends where the axis does, so one that is longer than the picture is the whole picture.
    Sums of windows are differences of running sums, taken without the whole picture's mean, so
    that they stay small.

    Args:
        features: Of any size.
        window: Side of the square in pixels; along an axis that is shorter it is the whole axis.
    """
    whole = features.mean(dim=(-2, -1), keepdim=True)
    means = features - whole
    sides: list[int] = []
    for axis in (2, 3):
        extent = means.shape[axis]
        length = torch.sym_min(window, extent)
        running = means.cumsum(dim=axis)
        before = functional.pad(running, (1, 0) if axis == 3 else (0, 0, 1, 0))
        windows = extent - length + 1
        last = before.narrow(axis, length, windows)
        means = (last - before.narrow(axis, 0, windows)) / length
        missing = extent - windows
        sides = [missing // 2, missing - missing // 2, *sides]
    return functional.pad(means, sides, mode="replicate") + whole


def _sliding_sums(maps: Tensor, *, axis: int, length: int) -> Tensor:
    """Sums over windows that lie inside, by the binary digits of the length."""
    windows = maps.shape[axis] - length + 1
    sums, offset, power = maps.new_zeros(()), 0, 1
    while True:
        if length & power:
            sums = sums + maps.narrow(axis, offset, windows)
            offset += power
        if offset == length:
            return sums
        longer = maps.shape[axis] - power
        maps = maps.narrow(axis, 0, longer) + maps.narrow(axis, power, longer)
        power *= 2


def _blocks(blocks: int, *, channels: int, window: int | None) -> nn.Sequential:
    return nn.Sequential(*(Block(channels=channels, window=window) for _ in range(blocks)))


def _doubling(channels: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels, 2 * channels, 1, bias=False), nn.PixelShuffle(2))
