"""Spatial feature transform: features that are scaled and shifted by what is seen where."""

from jaxtyping import Float
from torch import Tensor, nn

from deblurkit.contracts import Conditions
from deblurkit.networks.layout import InstanceNorm
from deblurkit.networks.parts.residual import zero_start
from deblurkit.networks.parts.resnet import (
    Block,
    Dropout,
    Features,
    dropping,
    mirrored_convolution,
    normalised_relu,
)

Guide = Float[Tensor, "batch guides height width"]
QuarterGuide = Float[Tensor, "batch guides quarter_height quarter_width"]


class SFT(nn.Module):
    r"""Scales and shifts features by two small networks' view of the guide at the same place.

    .. math:: \mathrm{SFT}(f, \psi) = f \odot (1 + \gamma(\psi)) + \beta(\psi)

    Both networks answer zero until trained: the layer starts as the identity.

    >>> features, guide = torch.rand(1, 4, 8, 8), torch.rand(1, 2, 8, 8)
    >>> SFT(guides=2, channels=4, slope=0.1)(features, guide).equal(features)
    True

    Args:
        guides: Feature maps of the guide.
        channels: Feature maps that are transformed.
        slope: Of the leaky ReLU, for negative values.

    Source: Wang et al., "Recovering Realistic Texture in Image Super-Resolution by Deep Spatial
    Feature Transform" (SFTGAN), CVPR 2018, arXiv:1804.02815, sec. 3.2, in the form of the
    authors' PyTorch code: the paper has no ``1 +``.
    Differs from the authors' code: the zeros at the start.
    """

    def __init__(self, *, guides: int, channels: int, slope: float) -> None:
        super().__init__()
        # The tests' formula weights count on this order.
        self.scale = _pointwise(guides, channels, slope=slope)
        self.shift = _pointwise(guides, channels, slope=slope)

    def forward(self, features: Features, guide: Guide) -> Features:
        """Transform feature maps by a guide of the same height and width; same shape out."""
        return features * (1 + self.scale(guide)) + self.shift(guide)


class ConditionNetwork(nn.Module):
    """Turns class probabilities into the guide of all SFT layers, at a quarter of the size.

    >>> network = ConditionNetwork(classes=8, hidden=4, guides=2, slope=0.1)
    >>> network(torch.rand(1, 8, 16, 16)).shape
    torch.Size([1, 2, 4, 4])

    Args:
        classes: Of the probabilities.
        hidden: Feature maps between its convolutions.
        guides: Feature maps out.
        slope: Of the leaky ReLU, for negative values.

    Source: Wang et al. (SFTGAN), CVPR 2018, arXiv:1804.02815, sec. 3.3; widths as in the
    authors' code.
    """

    def __init__(self, *, classes: int, hidden: int, guides: int, slope: float) -> None:
        super().__init__()
        self.classes, self.guides = classes, guides
        self.layers = nn.Sequential(nn.Conv2d(classes, hidden, 4, stride=4))
        for features in (hidden, hidden, hidden, guides):
            self.layers.append(nn.LeakyReLU(slope, inplace=True))
            self.layers.append(nn.Conv2d(hidden, features, 1))

    def forward(self, conditions: Conditions) -> QuarterGuide:
        """Look at class maps whose sides are divisible by 4."""
        return self.layers(conditions)


class GuidedBlock(Block):
    """A pre-activation block whose normalised features an SFT layer transforms, both times.

    The layer takes the place of the weights that a normalisation may have: they follow the guide.

    >>> block = GuidedBlock(channels=4, guides=2, slope=0.1, dropout=0.0)
    >>> block(torch.rand(1, 4, 8, 8), torch.rand(1, 2, 8, 8)).shape
    torch.Size([1, 4, 8, 8])

    Args:
        channels: Feature maps in and out.
        guides: Feature maps of the guide.
        slope: Of the leaky ReLU in the SFT layers, for negative values.
        dropout: Behind the first convolution: a probability, for training only, or a module.

    Source: Zhu et al., "Motion Image Deblurring using AS-Cycle Generative Adversarial Network";
    block: He et al., ECCV 2016, arXiv:1603.05027, fig. 1b; layer: Wang et al. (SFTGAN), CVPR
    2018, arXiv:1804.02815.
    """

    def __init__(self, *, channels: int, guides: int, slope: float, dropout: Dropout) -> None:
        super().__init__()
        self.channels, self.guides = channels, guides
        self.norm = InstanceNorm(channels)  # has neither weights nor state
        self.transform_first = SFT(guides=guides, channels=channels, slope=slope)
        self.first = mirrored_convolution(channels, channels, kernel=3)
        self.dropout = dropping(dropout)
        self.transform_second = SFT(guides=guides, channels=channels, slope=slope)
        self.second = mirrored_convolution(channels, channels, kernel=3)

    def opening(self) -> nn.Module:
        """The first block rectifies for itself."""
        return nn.Identity()

    def closing(self) -> nn.Module:
        """The sum of the last block is normalised and rectified, once."""
        return normalised_relu(self.channels)

    def forward(self, features: Features, guide: Guide) -> Features:
        """Refine feature maps of at least 2 x 2 by a guide of the same size; same shape out."""
        inner = self.transform_first(self.norm(features), guide).relu()
        inner = self.dropout(self.first(inner))
        inner = self.transform_second(self.norm(inner), guide).relu()
        return features + self.second(inner)


def _pointwise(guides: int, channels: int, *, slope: float) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(guides, guides, 1),
        nn.LeakyReLU(slope, inplace=True),
        zero_start(nn.Conv2d(guides, channels, 1)),
    )
