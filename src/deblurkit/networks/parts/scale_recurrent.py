"""What SRN and the networks built after it share: one encoder and decoder, run at three scales."""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from deblurkit.contracts import Images
from deblurkit.networks.layout import added

Features = Float[Tensor, "batch channels height width"]
HalfFeatures = Float[Tensor, "batch half_channels half_height half_width"]
QuarterFeatures = Float[Tensor, "batch quarter_channels quarter_height quarter_width"]
CoarseImages = Float[Tensor, "batch channels coarse_height coarse_width"]
MiddleImages = Float[Tensor, "batch channels middle_height middle_width"]
SmallImages = Float[Tensor, "batch channels small_height small_width"]
TwiceFeatures = Float[Tensor, "batch channels twice_height twice_width"]
Halving = Callable[[int, int, int], nn.Module]  # of channels in, channels out, kernel
Module = TypeVar("Module", bound=nn.Module)

MULTIPLE = 16  # three scales, and two halvings in each


class Restored(NamedTuple):
    """A restored batch at quarter, half and full size; near [0, 1], not clamped."""

    coarse: CoarseImages
    middle: MiddleImages
    fine: Images


class Encoded(NamedTuple):
    """Features of a batch at three resolutions."""

    full: Features
    half: HalfFeatures
    quarter: QuarterFeatures


def decimated(pictures: Images, step: int) -> SmallImages:
    """Keep one pixel in ``step``, from the first on; nothing is averaged.

    Source: the bilinear reduction of TensorFlow 1 by a whole number, which the authors' code of
    Tao et al. (SRN), CVPR 2018, uses.
    """
    return pictures[..., ::step, ::step]


def doubled(features: Features) -> TwiceFeatures:
    """Enlarge twice: even rows and columns are copies, odd ones the mean of their neighbours.

    The last row and the last column repeat the one before. Pixels are not centred, unlike in
    ``torch.nn.functional.interpolate``.

    Source: the bilinear enlargement of TensorFlow 1, as for `decimated`.
    """
    for axis in (-2, -1):
        last = features.narrow(axis, features.shape[axis] - 1, 1)
        later = torch.cat([features.narrow(axis, 1, features.shape[axis] - 1), last], dim=axis)
        between = (features + later) / 2
        features = torch.stack([features, between], dim=axis).flatten(axis - 1, axis)
    return features


def carried(restored: Images) -> TwiceFeatures:
    """A scale's answer as the next finer scale sees it: enlarged, and a constant."""
    return doubled(restored.detach())


def tensorflow_halving(channels: int, features: int, kernel: int) -> nn.Module:
    """A convolution of stride 2 with TensorFlow's "SAME" border: the odd pixel is behind.

    A kernel of 5 gets 1 row of zeros above and 2 below; a border of 2 on both sides would sample
    the picture one pixel off.
    """
    before = (kernel - 2) // 2
    after = kernel - 2 - before
    return nn.Sequential(
        nn.ZeroPad2d((before, after, before, after)), nn.Conv2d(channels, features, kernel, 2)
    )


def symmetric_halving(channels: int, features: int, kernel: int) -> nn.Module:
    """A convolution of stride 2 with as many zeros before as behind."""
    return nn.Conv2d(channels, features, kernel, 2, padding=kernel // 2)


def xavier_start(network: Module) -> Module:
    """Draw all convolutions' weights as Glorot and Bengio do, empty their biases, return it.

    Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", AISTATS 2010, eq. 16; Tao et al. (SRN), CVPR 2018, authors' code.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return network


class ResidualBlock(nn.Module):
    """Two convolutions with a ReLU between them, added to the input; nothing behind the sum.

    Args:
        channels: Feature maps in and out.
        kernel: Side of the convolutions, odd, pixels.

    Source: Nah et al., "Deep Multi-scale Convolutional Neural Network for Dynamic Scene
    Deblurring", CVPR 2017, arXiv:1612.02177, fig. 3.
    """

    def __init__(self, *, channels: int, kernel: int) -> None:
        super().__init__()
        self.correction = nn.Sequential(
            nn.Conv2d(channels, channels, kernel, padding=kernel // 2),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, kernel, padding=kernel // 2),
        )

    def forward(self, features: Features) -> Features:
        """Refine feature maps of any size; same shape out."""
        return added(self.correction(features), features)


class Encoder(nn.Module):
    """Looks at a blurred picture and an estimate of the sharp one at three resolutions.

    Args:
        colors: Channels of a picture; two pictures come in.
        channels: Channels at full resolution; each of the two halvings doubles them.
        blocks: Residual blocks per resolution.
        kernel: Side of the convolutions, odd, pixels.
        halving: Makes the convolutions of stride 2.

    Source: Tao et al., "Scale-recurrent Network for Deep Image Deblurring", CVPR 2018,
    arXiv:1802.01770, sec. 3.2 and fig. 3.
    """

    def __init__(
        self, *, colors: int, channels: int, blocks: int, kernel: int, halving: Halving
    ) -> None:
        super().__init__()
        entry = nn.Conv2d(2 * colors, channels, kernel, padding=kernel // 2)
        self.at_full = _refined(entry, channels, blocks=blocks, kernel=kernel)
        down_half = halving(channels, 2 * channels, kernel)
        self.at_half = _refined(down_half, 2 * channels, blocks=blocks, kernel=kernel)
        down_quarter = halving(2 * channels, 4 * channels, kernel)
        self.at_quarter = _refined(down_quarter, 4 * channels, blocks=blocks, kernel=kernel)

    def forward(self, blurred: Images, estimate: Images) -> Encoded:
        """Encode a batch and an estimate of it, both in [0, 1]; sides must be divisible by 4."""
        full = self.at_full(torch.cat([blurred, estimate], dim=1))
        half = self.at_half(full)
        return Encoded(full, half, self.at_quarter(half))


class Decoder(nn.Module):
    """Draws a picture from the encoder's features.

    Args:
        colors: Channels of the picture.
        channels: Channels at full resolution.
        blocks: Residual blocks per resolution.
        kernel: Side of the convolutions, odd, pixels.

    Source: Tao et al. (SRN), CVPR 2018, sec. 3.2 and fig. 3.
    """

    def __init__(self, *, colors: int, channels: int, blocks: int, kernel: int) -> None:
        super().__init__()
        self.at_quarter = _doubling(4 * channels, 2 * channels, blocks=blocks, kernel=kernel)
        self.at_half = _doubling(2 * channels, channels, blocks=blocks, kernel=kernel)
        self.at_full = nn.Sequential(
            *_blocks(channels, blocks=blocks, kernel=kernel),
            nn.Conv2d(channels, colors, kernel, padding=kernel // 2),
        )

    def forward(self, bottleneck: QuarterFeatures, skips: Encoded) -> Images:
        """Decode with the encoder's features of the same resolution added; not clamped."""
        half = self.at_quarter(bottleneck) + skips.half
        return self.at_full(self.at_half(half) + skips.full)

    def alone(self, bottleneck: QuarterFeatures) -> Images:
        """Decode from the smallest features only; four times their size, not clamped."""
        return self.at_full(self.at_half(self.at_quarter(bottleneck)))


def _blocks(channels: int, *, blocks: int, kernel: int) -> list[ResidualBlock]:
    return [ResidualBlock(channels=channels, kernel=kernel) for _ in range(blocks)]


def _refined(entry: nn.Module, channels: int, *, blocks: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(
        entry, nn.ReLU(inplace=True), *_blocks(channels, blocks=blocks, kernel=kernel)
    )


def _doubling(channels: int, features: int, *, blocks: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(
        *_blocks(channels, blocks=blocks, kernel=kernel),
        nn.ConvTranspose2d(channels, features, 4, 2, padding=1),
        nn.ReLU(inplace=True),
    )
