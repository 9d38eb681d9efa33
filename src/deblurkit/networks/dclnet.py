"""The three networks of DCLNet: the backbone that deblurs, and two that close its loops."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from deblurkit.contracts import Images
from deblurkit.networks.parts.attention import ResidualChannelAttentionBlock
from deblurkit.networks.parts.sides import require_multiple

HalfImages = Float[Tensor, "batch channels half_height half_width"]
QuarterImages = Float[Tensor, "batch channels quarter_height quarter_width"]


class Pyramid(NamedTuple):
    """A restored batch at three scales; trained values lie near [0, 1] and are not clamped."""

    full: Images
    half: HalfImages
    quarter: QuarterImages


class Reduced(NamedTuple):
    """A batch of pictures at half and at quarter size, not clamped."""

    half: HalfImages
    quarter: QuarterImages


class Backbone(nn.Module):
    """Restores a picture and, on the way, its versions at half and quarter size.

    Two halvings by strided convolutions, two doublings by residual channel attention blocks and
    pixel shuffle; the features of each halving are concatenated to the doubled ones. One
    convolution per scale makes the picture.

    >>> backbone = Backbone(channels=4, blocks=1, reduction=4)
    >>> [tuple(picture.shape) for picture in backbone(torch.rand(1, 3, 16, 16))]
    [(1, 3, 16, 16), (1, 3, 8, 8), (1, 3, 4, 4)]

    Args:
        channels: Channels at full resolution; each of the two halvings doubles them.
        blocks: Residual channel attention blocks before each doubling. Both groups work on
            ``4 * channels``.
        reduction: Of the channel attention's hidden layer.

    Source: Liu et al., "Double Closed-Loop Network for Image Deblurring", ICIP 2021, fig. 1.
    Differs from the paper: widths, kernel sizes and the first and last convolution are not
    published; they follow the network it extends, DRN (Guo et al., "Closed-loop Matters", CVPR
    2020, arXiv:2003.07018), down to the 1x1 convolution after each pixel shuffle. The text draws
    the picture at quarter size from the decoder, the figure from the bottleneck, as here.
    """

    multiple = 4

    def __init__(self, *, channels: int, blocks: int, reduction: int) -> None:
        super().__init__()
        self.entry = _convolution(3, channels)
        self.down_half = _halving(channels, 2 * channels)
        self.down_quarter = _halving(2 * channels, 4 * channels)
        self.up_half = _doubling(4 * channels, 2 * channels, blocks=blocks, reduction=reduction)
        self.up_full = _doubling(4 * channels, channels, blocks=blocks, reduction=reduction)
        # The tests' formula weights count on this order: body, then heads from coarse to fine.
        self.head_quarter = _convolution(4 * channels, 3)
        self.head_half = _convolution(4 * channels, 3)
        self.head_full = _convolution(2 * channels, 3)
        # Two convolutions per block at quarter, then at half size; shuffled pixels stand 3 apart.
        self.reach: int | None = 12 * blocks + 14

    @property
    def heads(self) -> Sequence[nn.Conv2d]:
        """The last convolution of each scale, in the order of `Pyramid`."""
        return self.head_full, self.head_half, self.head_quarter

    def forward(self, blurred: Images) -> Pyramid:
        """Restore a batch in [0, 1] at three scales.

        Raises:
            InputError: If a side is not divisible by 4.
        """
        require_multiple(blurred, self.multiple)
        skip_full = self.entry(blurred)
        skip_half = self.down_half(skip_full)
        bottleneck = self.down_quarter(skip_half)
        half = torch.cat([self.up_half(bottleneck), skip_half], dim=1)
        full = torch.cat([self.up_full(half), skip_full], dim=1)
        return Pyramid(self.head_full(full), self.head_half(half), self.head_quarter(bottleneck))


class Inverse(nn.Module):
    """Blurs a sharp picture as the camera did: the backbone's way back, at one resolution.

    >>> Inverse(channels=4, blocks=1, reduction=4)(torch.rand(1, 3, 9, 7)).shape
    torch.Size([1, 3, 9, 7])

    Args:
        channels: Feature maps throughout.
        blocks: Residual channel attention blocks.
        reduction: Of the channel attention's hidden layer.

    Source: Liu et al., ICIP 2021, fig. 1, part II.
    Differs from the paper: the number of channels and the last convolution are not published.
    """

    multiple = 1

    def __init__(self, *, channels: int, blocks: int, reduction: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _convolution(3, channels),
            _convolution(channels, channels),
            *_attention_blocks(channels, blocks=blocks, reduction=reduction),
        )
        self.head = _convolution(channels, 3)
        self.reach: int | None = 2 * blocks + 3

    @property
    def heads(self) -> Sequence[nn.Conv2d]:
        """The last convolution."""
        return (self.head,)

    def forward(self, sharp: Images) -> Images:
        """Blur a batch of any size in [0, 1]; same shape out, not clamped."""
        return self.head(self.body(sharp))


class Auxiliary(nn.Module):
    """Draws a restored picture at half and quarter size, to agree with the backbone's own.

    The second halving continues from the features of the first, not from its picture.

    >>> auxiliary = Auxiliary(channels=4, blocks=1, reduction=4, slope=0.2)
    >>> [tuple(picture.shape) for picture in auxiliary(torch.rand(1, 3, 16, 16))]
    [(1, 3, 8, 8), (1, 3, 4, 4)]

    Args:
        channels: Feature maps throughout.
        blocks: Residual channel attention blocks after each halving.
        reduction: Of the channel attention's hidden layer.
        slope: Of the leaky ReLU, for negative values.

    Source: Liu et al., ICIP 2021, fig. 1, part III.
    Differs from the paper: channels, slope and which of the two convolutions halves are not
    published; here it is the first.
    """

    multiple = 1
    reach: int | None = None

    def __init__(self, *, channels: int, blocks: int, reduction: int, slope: float) -> None:
        super().__init__()
        self.down_half = nn.Sequential(
            _convolution(3, channels, stride=2),
            _convolution(channels, channels),
            nn.LeakyReLU(slope, inplace=True),
            *_attention_blocks(channels, blocks=blocks, reduction=reduction),
        )
        self.down_quarter = nn.Sequential(
            _convolution(channels, channels, stride=2),
            _convolution(channels, channels),
            nn.LeakyReLU(slope, inplace=True),
            *_attention_blocks(channels, blocks=blocks, reduction=reduction),
        )
        self.head_half = _convolution(channels, 3)
        self.head_quarter = _convolution(channels, 3)

    @property
    def heads(self) -> tuple[nn.Conv2d, nn.Conv2d]:
        """The last convolutions, in the order of `Reduced`."""
        return self.head_half, self.head_quarter

    def forward(self, restored: Images) -> Reduced:
        """Draw a batch, near [0, 1], at two scales; an odd side is rounded up when halved."""
        half = self.down_half(restored)
        return Reduced(self.head_half(half), self.head_quarter(self.down_quarter(half)))


def _convolution(channels: int, features: int, *, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(channels, features, 3, stride=stride, padding=1)


def _halving(channels: int, features: int) -> nn.Sequential:
    return nn.Sequential(_convolution(channels, features, stride=2), nn.ReLU(inplace=True))


def _attention_blocks(
    channels: int, *, blocks: int, reduction: int
) -> list[ResidualChannelAttentionBlock]:
    return [
        ResidualChannelAttentionBlock(channels=channels, reduction=reduction) for _ in range(blocks)
    ]


def _doubling(channels: int, features: int, *, blocks: int, reduction: int) -> nn.Sequential:
    return nn.Sequential(
        *_attention_blocks(channels, blocks=blocks, reduction=reduction),
        _convolution(channels, 4 * channels),
        nn.PixelShuffle(2),
        nn.Conv2d(channels, features, 1),
    )
