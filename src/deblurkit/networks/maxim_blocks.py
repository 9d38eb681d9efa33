"""The parts of MAXIM's U: encoders, decoders, and skips between all levels."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from deblurkit.networks.maxim_attention import ConvolutionalAttention, DenseAttention
from deblurkit.networks.maxim_mixing import CrossGating, mapping, multi_axis_block
from deblurkit.networks.maxim_strips import (
    Features,
    Mapped,
    convolved,
    pixelwise,
    pixelwise_over,
    resized,
)

LEVELS = 3  # full, half and quarter size
SLOPE = 0.2  # of leaky ReLU

Half = Float[Tensor, "batch half_height half_width half_channels"]
Levels = list[Tensor]  # features or pictures, channels last, from full size down


class Sizes(NamedTuple):
    """What all stages have in common.

    Args:
        widths: Channels at full, half and quarter size.
        sides: Of the grid in cells and of the blocks in pixels at full, half and quarter size,
            and below.
        groups: Pairs of mixing and attention in each body.
        bottlenecks: Bodies below quarter size.
        reduction: Of the channel attentions.
    """

    widths: tuple[int, ...]
    sides: tuple[int, ...]
    groups: int
    bottlenecks: int
    reduction: int


class Joint(nn.Module):
    """A linear map of features of several sizes, brought to one size and laid side by side.

    Args:
        beside: Channels of features that have the right size and come first; 0 for none.
        widths: Channels of each of the others.
        channels: Of the result, and of each of the others before they lie side by side.

    Source: Tu et al., CVPR 2022, sec. 3.1.
    Differs from the authors' code: linear maps of the channels and changes of the size may trade
    places, so all maps are made at the smaller size, and sums stand for what lies side by side.
    """

    def __init__(self, *, beside: int, widths: Sequence[int], channels: int) -> None:
        super().__init__()
        self.maps = nn.ModuleList(mapping(width, channels) for width in widths)
        self.join = mapping(beside + len(widths) * channels, channels)
        self.parts = [beside, *([channels] * len(widths))]

    def forward(
        self, levels: Sequence[Tensor], *, size: tuple[int, int], beside: Tensor | None = None
    ) -> Mapped:
        """Features of height and width ``size``."""
        own, *weights = self.join.weight.split(self.parts, dim=1)
        answer: Tensor = self.join.bias
        if beside is not None:
            answer = functional.linear(beside, own, answer)
        for level, own_map, weight in zip(levels, self.maps, weights, strict=True):
            small = resized(level, size) if level.shape[1] > size[0] else level
            part = pixelwise(
                lambda strip, own_map=own_map, weight=weight: functional.linear(
                    own_map(strip), weight
                ),
                small,
            )
            answer = answer + resized(part, size)
        return answer


class Body(nn.Module):
    """Mixing and attention in turns, around both a skip.

    Args:
        channels: Feature maps.
        side: Of grid and blocks.
        attentions: One behind each mixing.

    Source: Tu et al., CVPR 2022, sec. 3.1, fig. 2b.
    """

    def __init__(self, *, channels: int, side: int, attentions: list[nn.Module]) -> None:
        super().__init__()
        self.attentions = nn.ModuleList(attentions)
        self.mixings = nn.ModuleList(
            multi_axis_block(channels=channels, side=side) for _ in attentions
        )

    def forward(self, features: Features) -> Features:
        """Correct; same shape."""
        inner = features
        for mix, attention in zip(self.mixings, self.attentions, strict=True):
            inner = attention(mix(inner, inner))
        return pixelwise_over(torch.add, inner, features)


class Encoder(nn.Module):
    """Joins features with the picture's at their level, in later stages with earlier ones too.

    Args:
        inputs: Channels of the features.
        level: 0 for full size, 1 for half, 2 for quarter.
        sizes: Of the stages.
        later: Whether there is a stage before.
    """

    def __init__(self, *, inputs: int, level: int, sizes: Sizes, later: bool) -> None:
        super().__init__()
        channels = sizes.widths[level]
        self.entry = mapping(inputs + channels, channels)
        self.body = body(level, sizes)
        self.crossing = Fusion(channels=channels, side=sizes.sides[level]) if later else None
        self.halving = nn.Conv2d(channels, channels, 4, stride=2, padding=1)

    def forward(
        self, features: Tensor, *, picture: Tensor, earlier: Tensor | None
    ) -> tuple[Half, Features]:
        """Features at half the size, and at the same.

        Args:
            features: Of the level above.
            picture: Features of the picture.
            earlier: What the stage before knew at this level.
        """
        encoded: Tensor = self.body(self.entry(torch.cat([features, picture], dim=-1)))
        del features, picture
        if self.crossing is not None:
            encoded = self.crossing(encoded, earlier)
        return convolved(self.halving, encoded), encoded


class Fusion(nn.Module):
    """Cross-gating of two features after a linear map of each; only the first goes on.

    Args:
        channels: Feature maps of both.
        side: Of grid and blocks.
    """

    def __init__(self, *, channels: int, side: int) -> None:
        super().__init__()
        self.first, self.second = mapping(channels, channels), mapping(channels, channels)
        self.gating = CrossGating(channels=channels, side=side)

    def forward(self, features: Features, earlier: Features) -> Features:
        """Join, in the place of both; same shape."""
        first = pixelwise_over(self.first, features)
        joined: Tensor = self.gating(first, pixelwise_over(self.second, earlier))[0]
        return joined


class Crossing(nn.Module):
    """Skip features of one level: those of all encoders gate, and are gated by, what comes up.

    Args:
        inputs: Channels of what comes up.
        level: 0 for full size, 1 for half, 2 for quarter.
        sizes: Of the stages.
    """

    def __init__(self, *, inputs: int, level: int, sizes: Sizes) -> None:
        super().__init__()
        channels = sizes.widths[level]
        self.doubling = nn.ConvTranspose2d(inputs, channels, 2, stride=2)
        self.first = Joint(beside=0, widths=sizes.widths, channels=channels)
        self.second = mapping(channels, channels)
        self.gating = CrossGating(channels=channels, side=sizes.sides[level])

    def forward(self, encoded: Levels, rising: Half) -> tuple[Features, Features]:
        """Skip features, and what comes up at this level."""
        second = pixelwise_over(self.second, convolved(self.doubling, rising))
        first = self.first(encoded, size=second.shape[1:3])
        skip, risen = self.gating(first, second)
        return skip, risen


class Decoder(nn.Module):
    """Doubles, joins with the skip features of all levels, and mixes.

    Args:
        inputs: Channels of the features.
        level: 0 for full size, 1 for half, 2 for quarter.
        sizes: Of the stages.
    """

    def __init__(self, *, inputs: int, level: int, sizes: Sizes) -> None:
        super().__init__()
        channels = sizes.widths[level]
        self.doubling = nn.ConvTranspose2d(inputs, channels, 2, stride=2)
        self.entry = Joint(beside=channels, widths=sizes.widths[::-1], channels=channels)
        self.body = body(level, sizes)

    def joined(self, features: Half, skips: Levels) -> Features:
        """Features of twice the size, with the skips of all levels, from quarter size up."""
        doubled = convolved(self.doubling, features)
        joined: Tensor = self.entry(skips, size=doubled.shape[1:3], beside=doubled)
        return joined

    def forward(self, joined: Features) -> Features:
        """Mix; same shape."""
        decoded: Tensor = self.body(joined)
        return decoded


def body(level: int, sizes: Sizes) -> Body:
    """Of an encoder or a decoder."""
    channels, reduction = sizes.widths[level], sizes.reduction
    attentions: list[nn.Module] = [
        ConvolutionalAttention(channels=channels, reduction=reduction, slope=SLOPE)
        for _ in range(sizes.groups)
    ]
    return Body(channels=channels, side=sizes.sides[level], attentions=attentions)


def bottom(sizes: Sizes) -> Body:
    """Of a bottleneck, below the last level."""
    channels = sizes.widths[-1]
    attentions: list[nn.Module] = [
        DenseAttention(channels=channels, reduction=sizes.reduction) for _ in range(sizes.groups)
    ]
    return Body(channels=channels, side=sizes.sides[LEVELS], attentions=attentions)
