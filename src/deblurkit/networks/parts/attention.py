"""Attention over feature maps, shared by several papers."""

from jaxtyping import Float
from torch import Tensor, nn

from deblurkit.networks.layout import added

Features = Float[Tensor, "batch channels height width"]


class ChannelAttention(nn.Module):
    """Weighs every feature map by a number in (0, 1) that follows from the means of all maps.

    The means run over the whole picture, so the answer for a tile is not that for the picture.

    Args:
        channels: Feature maps in and out.
        reduction: The hidden layer has ``channels // reduction`` values, but at least one.

    Source: Zhang et al., "Image Super-Resolution Using Very Deep Residual Channel Attention
    Networks" (RCAN), ECCV 2018, arXiv:1807.02758, sec. 3.3.
    """

    def __init__(self, *, channels: int, reduction: int) -> None:
        super().__init__()
        hidden = max(channels // reduction, 1)
        self.squeeze = nn.Conv2d(channels, hidden, 1)
        self.excite = nn.Conv2d(hidden, channels, 1)

    def forward(self, features: Features) -> Features:
        """Weigh feature maps of any size; same shape out."""
        means = features.mean(dim=(-2, -1), keepdim=True)
        return features * self.excite(self.squeeze(means).relu()).sigmoid()


class ResidualChannelAttentionBlock(nn.Module):
    """Two 3x3 convolutions and channel attention, added to the input; no normalisation.

    Args:
        channels: Feature maps in and out.
        reduction: Of the channel attention's hidden layer.

    Source: Zhang et al. (RCAN), ECCV 2018, arXiv:1807.02758, fig. 4, where it is called RCAB.
    """

    def __init__(self, *, channels: int, reduction: int) -> None:
        super().__init__()
        self.correction = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 3, padding=1),
            ChannelAttention(channels=channels, reduction=reduction),
        )

    def forward(self, features: Features) -> Features:
        """Refine feature maps of any size; same shape out."""
        return added(self.correction(features), features)
