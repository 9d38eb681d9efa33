"""MAXIM's gated mixing over a grid and within blocks, and its cross-gating."""

from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from deblurkit.networks.maxim_strips import (
    Features,
    Tokens,
    add_along,
    gelu,
    in_blocks,
    in_grid,
    mixed,
    pixelwise,
    pixelwise_over,
)

EPSILON = 1e-6  # of the normalisations, as Flax has it
DEVIATION = 0.02  # of the first weights of what mixes


class GatedMixing(nn.Module):
    """A gated MLP: half of the channels, mixed over the tokens, gates the other half.

    Args:
        channels: Feature maps in and out; twice as many before the gate.
        tokens: How many are mixed.

    Source: Liu et al., "Pay Attention to MLPs", NeurIPS 2021, arXiv:2105.08050, sec. 2; over
    both axes in Tu et al., CVPR 2022, sec. 3.2.
    """

    def __init__(self, *, channels: int, tokens: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels, eps=EPSILON)
        self.entry = mixing(channels, 2 * channels)
        self.gate_norm = nn.LayerNorm(channels, eps=EPSILON)
        self.mix = mixing(tokens, tokens)
        self.exit = mixing(channels, channels)

    def forward(self, tokens: Tokens) -> Tokens:
        """Correct; same shape."""
        gated, gate = gelu(self.entry(self.norm(tokens))).chunk(2, dim=-1)
        corrected: Tensor = self.exit(gated * mixed(self.gate_norm(gate), self.mix, raised=1.0))
        return tokens + corrected


class TokenMixing(nn.Module):
    """A linear map over the tokens.

    Args:
        tokens: How many are mixed.
    """

    def __init__(self, *, tokens: int) -> None:
        super().__init__()
        self.mix = mixing(tokens, tokens)
        nn.init.ones_(self.mix.bias)  # what it makes is multiplied with

    def forward(self, tokens: Tokens) -> Tokens:
        """Mix; same shape."""
        return mixed(tokens, self.mix, raised=0.0)


class BothAxes(nn.Module):
    """Half of the channels goes over a grid of the whole picture, half within blocks.

    The halves never lie side by side: each is made of the picture's features, and its share of
    the result added, strip by strip. Nothing else of the picture's size is made.

    Args:
        side: Of the grid in cells, and of the blocks in pixels of the features.
        entry: From the features to twice as many.
        leave: Back.
        grid: What is done to the tokens of the grid.
        block: What is done to those of the blocks.

    Source: Tu et al., CVPR 2022, sec. 3.2, fig. 3.
    """

    def __init__(
        self, *, side: int, entry: nn.Linear, leave: nn.Linear, grid: nn.Module, block: nn.Module
    ) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(entry.in_features, eps=EPSILON)
        self.entry, self.leave, self.grid, self.block = entry, leave, grid, block
        self.side = side

    def forward(self, features: Features, start: Features | None) -> Features:
        """What both halves make of features whose sides are divisible; added to others."""
        bias = self.leave.bias
        answer = bias.expand_as(features).clone() if start is None else start + bias
        for half, (cut, axis) in enumerate(((in_grid, self.grid), (in_blocks, self.block))):
            target, source = cut(answer, side=self.side), cut(features, side=self.side)
            add_along(target, source, partial(self.share, axis=axis, half=half))
        return answer

    def share(self, tokens: Tokens, *, axis: nn.Module, half: int) -> Tokens:
        """One half's share of the result."""
        into, bias = self.entry.weight.chunk(2)[half], self.entry.bias.chunk(2)[half]
        inner = axis(gelu(functional.linear(self.norm(tokens), into, bias)))
        return functional.linear(inner, self.leave.weight.chunk(2, dim=1)[half])


def multi_axis_block(*, channels: int, side: int) -> BothAxes:
    """Gated mixing over both axes; a correction.

    Source: Tu et al., CVPR 2022, sec. 3.2, fig. 3 (multi-axis gated MLP block).
    """
    return BothAxes(
        side=side,
        entry=mixing(channels, 2 * channels),
        leave=mixing(2 * channels, channels),
        grid=GatedMixing(channels=channels, tokens=side**2),
        block=GatedMixing(channels=channels, tokens=side**2),
    )


class Gated(nn.Module):
    """One of two features that gate each other.

    Args:
        channels: Feature maps.
        side: Of grid and blocks.
    """

    def __init__(self, *, channels: int, side: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels, eps=EPSILON)
        self.entry = mapping(channels, channels)
        self.weigh = BothAxes(
            side=side,
            entry=mapping(channels, 2 * channels),
            leave=mapping(2 * channels, channels),
            grid=TokenMixing(tokens=side**2),
            block=TokenMixing(tokens=side**2),
        )
        self.leave = mapping(channels, channels)

    def opened(self, features: Features) -> Features:
        """What the other's weights are for."""
        return pixelwise(lambda strip: gelu(self.entry(self.norm(strip))), features)

    def weights(self, opened: Features) -> Features:
        """What the other is multiplied with."""
        weights: Tensor = self.weigh(opened, None)
        return weights

    def closed(self, features: Features, opened: Features, weights: Features) -> Features:
        """Features that are not needed any more, corrected by what is weighed."""
        return pixelwise_over(
            lambda own, strip, shares: own + self.leave(strip * shares), features, opened, weights
        )


class CrossGating(nn.Module):
    """Two features of one size weigh each other.

    Args:
        channels: Feature maps of both.
        side: Of grid and blocks.

    Source: Tu et al., CVPR 2022, sec. 3.3, fig. 4.
    """

    def __init__(self, *, channels: int, side: int) -> None:
        super().__init__()
        self.first = Gated(channels=channels, side=side)
        self.second = Gated(channels=channels, side=side)

    def forward(self, first: Features, second: Features) -> tuple[Features, Features]:
        """Both, weighed and corrected, in the place of what they were.

        The second's result is added to the first's.
        """
        opened_first, opened_second = self.first.opened(first), self.second.opened(second)
        second = self.second.closed(second, opened_second, self.first.weights(opened_first))
        first = self.first.closed(first, opened_first, self.second.weights(opened_second))
        return pixelwise_over(torch.add, first, second), second


def mixing(inputs: int, outputs: int) -> nn.Linear:
    """A linear map of what is mixed, with the authors' first weights."""
    layer = nn.Linear(inputs, outputs)
    nn.init.normal_(layer.weight, std=DEVIATION)
    nn.init.zeros_(layer.bias)
    return layer


def mapping(inputs: int, outputs: int) -> nn.Linear:
    """Any other linear map, with the authors' first weights."""
    layer = nn.Linear(inputs, outputs)
    nn.init.normal_(layer.weight, std=inputs**-0.5)
    nn.init.zeros_(layer.bias)
    return layer
