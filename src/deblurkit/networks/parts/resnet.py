"""Parts of the network of Johnson et al. that DeblurGAN, CycleGAN and AS-CycleGAN share.

Papers differ in the block, in the way back up and in how the last convolution starts.
"""

from abc import ABC, abstractmethod
from typing import TypeVar

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from deblurkit.errors import InputError
from deblurkit.networks.layout import InstanceNorm

Features = Float[Tensor, "batch channels height width"]
FeaturesAtTwice = Float[Tensor, "batch features twice_height twice_width"]
Convolution = TypeVar("Convolution", nn.Conv2d, nn.ConvTranspose2d)


def normal_start(convolution: Convolution) -> Convolution:
    """Draw a convolution's weight from N(0, 0.02), empty its bias, and return it.

    >>> normal_start(nn.Conv2d(3, 8, 3)).bias.abs().max().item()
    0.0

    Source: Radford et al., "Unsupervised Representation Learning with Deep Convolutional
    Generative Adversarial Networks", ICLR 2016, arXiv:1511.06434, sec. 4.
    """
    nn.init.normal_(convolution.weight, std=0.02)
    if convolution.bias is not None:
        nn.init.zeros_(convolution.bias)
    return convolution


def mirrored_convolution(channels: int, features: int, *, kernel: int) -> nn.Conv2d:
    """A convolution that keeps the size; the border is mirrored."""
    return normal_start(
        nn.Conv2d(channels, features, kernel, padding=kernel // 2, padding_mode="reflect")
    )


class Transposed(nn.ConvTranspose2d):
    """Doubles height and width by a transposed 3x3 convolution.

    Its windows overlap unevenly, which can be seen as a grid in the pictures (Odena et al.,
    "Deconvolution and Checkerboard Artifacts", Distill 2016).

    >>> Transposed(8, 4)(torch.rand(1, 8, 5, 5)).shape
    torch.Size([1, 4, 10, 10])

    Args:
        channels: Feature maps in.
        features: Feature maps out.

    Source: Johnson et al., "Perceptual Losses for Real-Time Style Transfer and
    Super-Resolution", ECCV 2016, arXiv:1603.08155, supplement.
    """

    def __init__(self, channels: int, features: int) -> None:
        super().__init__(channels, features, 3, stride=2, padding=1, output_padding=1)
        normal_start(self)


class Resized(nn.Module):
    """Doubles height and width by repeating pixels, then a 3x3 convolution: no grid.

    >>> Resized(8, 4)(torch.rand(1, 8, 5, 5)).shape
    torch.Size([1, 4, 10, 10])

    Args:
        channels: Feature maps in.
        features: Feature maps out.

    Source: Odena et al., "Deconvolution and Checkerboard Artifacts", Distill 2016.
    """

    def __init__(self, channels: int, features: int) -> None:
        super().__init__()
        self.convolution = mirrored_convolution(channels, features, kernel=3)

    def forward(self, features: Features) -> FeaturesAtTwice:
        """Double feature maps of any size."""
        return self.convolution(functional.interpolate(features, scale_factor=2, mode="nearest"))


class AlwaysDropout(nn.Module):
    """Dropout that stays on in evaluation: restoring the same picture twice differs.

    >>> AlwaysDropout(probability=0.5).eval()(torch.ones(1, 8, 8, 8)).unique()
    tensor([0., 2.])

    Args:
        probability: Of a value to be set to zero.

    Source: the authors' code of DeblurGAN (Kupyn et al., CVPR 2018), which tests in training
    mode.
    """

    def __init__(self, *, probability: float) -> None:
        super().__init__()
        self.probability = _probability(probability)

    def forward(self, features: Features) -> Features:
        """Drop values of feature maps of any size; same shape out."""
        return functional.dropout(features, self.probability, training=True)


Dropout = float | AlwaysDropout  # a number drops in training only


class Block(nn.Module, ABC):
    """A residual block, and what a chain of such blocks wants before and behind it.

    >>> block = PostActivationBlock(channels=4, dropout=0.0)
    >>> isinstance(block, Block), block.opening(), block.closing()
    (True, ReLU(inplace=True), Identity())
    """

    @abstractmethod
    def opening(self) -> nn.Module:
        """Without parameters; turns normalised features into what the first block takes."""

    @abstractmethod
    def closing(self) -> nn.Module:
        """Without parameters; turns what the last block answers into rectified features."""


class PostActivationBlock(Block):
    """Two 3x3 convolutions with instance normalisation, added to the input; nothing behind it.

    >>> PostActivationBlock(channels=4, dropout=0.0)(torch.rand(1, 4, 8, 8)).shape
    torch.Size([1, 4, 8, 8])

    Args:
        channels: Feature maps in and out.
        dropout: Between the convolutions: a probability, for training only, or a module.

    Source: Kupyn et al., "DeblurGAN", CVPR 2018, arXiv:1711.07064, fig. 3; without dropout the
    block of Johnson et al., ECCV 2016, supplement, with instance for batch normalisation.
    """

    def __init__(self, *, channels: int, dropout: Dropout) -> None:
        super().__init__()
        self.correction = nn.Sequential(
            mirrored_convolution(channels, channels, kernel=3),
            InstanceNorm(channels),
            nn.ReLU(inplace=True),
            dropping(dropout),
            mirrored_convolution(channels, channels, kernel=3),
            InstanceNorm(channels),
        )

    def opening(self) -> nn.Module:
        """The first block takes rectified features."""
        return nn.ReLU(inplace=True)

    def closing(self) -> nn.Module:
        """The sum of the last block is handed on as it is."""
        return nn.Identity()

    def forward(self, features: Features) -> Features:
        """Refine feature maps of at least 2 x 2; same shape out."""
        return features + self.correction(features)


class PreActivationBlock(Block):
    """As `PostActivationBlock`, but each convolution comes after normalisation and rectifier.

    Nothing but sums lies on the way from the first block's input to the last one's answer.

    >>> PreActivationBlock(channels=4, dropout=0.0)(torch.rand(1, 4, 8, 8)).shape
    torch.Size([1, 4, 8, 8])

    Args:
        channels: Feature maps in and out.
        dropout: Between the convolutions: a probability, for training only, or a module.

    Source: He et al., "Identity Mappings in Deep Residual Networks", ECCV 2016,
    arXiv:1603.05027, fig. 1b, with instance for batch normalisation.
    """

    def __init__(self, *, channels: int, dropout: Dropout) -> None:
        super().__init__()
        self.channels = channels
        self.correction = nn.Sequential(
            InstanceNorm(channels),
            nn.ReLU(inplace=True),
            mirrored_convolution(channels, channels, kernel=3),
            dropping(dropout),
            InstanceNorm(channels),
            nn.ReLU(inplace=True),
            mirrored_convolution(channels, channels, kernel=3),
        )

    def opening(self) -> nn.Module:
        """The first block rectifies for itself."""
        return nn.Identity()

    def closing(self) -> nn.Module:
        """The sum of the last block is normalised and rectified, once."""
        return normalised_relu(self.channels)

    def forward(self, features: Features) -> Features:
        """Refine feature maps of at least 2 x 2; same shape out."""
        return features + self.correction(features)


def dropping(dropout: Dropout) -> nn.Module:
    """The module of a dropout that is given as a number or as a module."""
    return dropout if isinstance(dropout, nn.Module) else nn.Dropout(_probability(dropout))


def normalised_relu(channels: int) -> nn.Sequential:
    """Each feature map of each picture to mean 0 and variance 1, then rectified."""
    return nn.Sequential(InstanceNorm(channels), nn.ReLU(inplace=True))


def _probability(number: float) -> float:
    if not 0 <= number < 1:
        raise InputError(f"a dropout probability must lie in [0, 1), got {number}")
    return number
