"""MAXIM's attentions: of channels, behind convolutions or linear maps, and of a stage's answer."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from deblurkit.networks.maxim_mixing import EPSILON, mapping, mixing
from deblurkit.networks.maxim_strips import Features, convolved, frugal, gelu, pixelwise


class ChannelAttention(nn.Module):
    """Weighs the channels by what two linear maps make of their means over the picture.

    Args:
        channels: Feature maps.
        reduction: How many times fewer there are between the maps.

    Source: Hu et al., "Squeeze-and-Excitation Networks", CVPR 2018, arXiv:1709.01507, sec. 3.
    """

    def __init__(self, *, channels: int, reduction: int) -> None:
        super().__init__()
        self.squeeze = mapping(channels, channels // reduction)
        self.excite = mapping(channels // reduction, channels)

    def forward(self, correction: Features, features: Features) -> Features:
        """Weigh a correction and add it to features, in their place; same shape."""
        means = correction.mean(dim=(1, 2), keepdim=True)
        weights = self.excite(self.squeeze(means).relu()).sigmoid()
        if frugal():
            return features.addcmul_(correction, weights)
        return torch.addcmul(features, correction, weights)


class ConvolutionalAttention(nn.Module):
    """Two convolutions, then channel attention, as a correction.

    Args:
        channels: Feature maps.
        reduction: Of the channel attention.
        slope: Of the leaky ReLU between the convolutions.

    Source: Tu et al., CVPR 2022, sec. 3.1 (RCAB), upon Zhang et al., "Image Super-Resolution
    Using Very Deep Residual Channel Attention Networks", ECCV 2018, arXiv:1807.02758.
    """

    def __init__(self, *, channels: int, reduction: int, slope: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels, eps=EPSILON)
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        self.attention = ChannelAttention(channels=channels, reduction=reduction)
        self.slope = slope

    def forward(self, features: Features) -> Features:
        """Correct, in their place; same shape."""
        inner = convolved(self.first, self.norm(features))
        inner = functional.leaky_relu(inner, self.slope, inplace=frugal())
        inner = convolved(self.second, inner)
        corrected: Tensor = self.attention(inner, features)
        return corrected


class DenseAttention(nn.Module):
    """Two linear maps of the channels, then channel attention, as a correction.

    Args:
        channels: Feature maps.
        reduction: Of the channel attention.

    Source: Tu et al., CVPR 2022, sec. 3.1 (RDCAB).
    """

    def __init__(self, *, channels: int, reduction: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels, eps=EPSILON)
        self.first, self.second = mixing(channels, channels), mixing(channels, channels)
        self.attention = ChannelAttention(channels=channels, reduction=reduction)

    def forward(self, features: Features) -> Features:
        """Correct, in their place; same shape."""
        inner = pixelwise(lambda strip: self.second(gelu(self.first(self.norm(strip)))), features)
        corrected: Tensor = self.attention(inner, features)
        return corrected


class SupervisedAttention(nn.Module):
    """A stage's answer, and features that its answer has weighed for the next stage.

    Args:
        channels: Feature maps.

    Source: Zamir et al., "Multi-Stage Progressive Image Restoration", CVPR 2021, arXiv:2102.02808,
    sec. 3.3; in Tu et al., CVPR 2022, sec. 3.4.
    """

    def __init__(self, *, channels: int) -> None:
        super().__init__()
        self.features = nn.Conv2d(channels, channels, 3, padding=1)
        self.head = nn.Conv2d(channels, 3, 3, padding=1)
        self.attention = nn.Conv2d(3, channels, 3, padding=1)

    def forward(self, decoded: Features, picture: Tensor) -> tuple[Tensor, Features]:
        """The restored picture, channels last, and features."""
        restored = convolved(self.head, decoded) + picture
        weights = convolved(self.attention, restored).sigmoid()
        return restored, decoded + convolved(self.features, decoded) * weights
