"""A residual pair of convolutions without normalisation."""

from jaxtyping import Float
from torch import Tensor, nn

from deblurkit.networks.layout import added

Features = Float[Tensor, "batch channels height width"]


class ResidualPair(nn.Module):
    """Adds two convolutions, with a ReLU between them, to the features; none after the sum.

    Args:
        channels: Feature maps in and out.
        kernel: Odd side of both kernels, in pixels.

    Source: Nah et al., "Deep Multi-scale Convolutional Neural Network for Dynamic Scene
    Deblurring", CVPR 2017, arXiv:1612.02177, sec. 3.1, fig. 3.
    """

    def __init__(self, *, channels: int, kernel: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, kernel, padding=kernel // 2),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, kernel, padding=kernel // 2),
        )

    def forward(self, features: Features) -> Features:
        """Correct features of any size."""
        return added(self.body(features), features)
