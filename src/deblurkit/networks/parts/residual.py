"""Networks that answer a correction to their input, as wrappers around those that do not.

A global residual starts at zero: the last convolutions are emptied, so that the first answer is
the input itself and training measures its gain over the blurred picture from 0 dB upwards.
"""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from torch import nn
from torch.nn import functional

from deblurkit.contracts import Images
from deblurkit.networks.dclnet import Pyramid, Reduced


@runtime_checkable
class Headed(Protocol):
    """A module that names the convolutions that make its pictures, and its sizes."""

    multiple: int
    reach: int | None

    @property
    def heads(self) -> Sequence[nn.Conv2d]:
        """The last convolution of each picture answered; nothing but they touches its values."""
        ...

    def __call__(self, pictures: Images, /) -> Any:
        """Answer pictures."""
        ...


def zero_start(convolution: nn.Conv2d) -> nn.Conv2d:
    """Empty a convolution's weight and bias, and return it: it answers zero until trained.

    >>> zero_start(nn.Conv2d(3, 3, 3))(torch.rand(1, 3, 8, 8)).abs().max().item()
    0.0
    """
    nn.init.zeros_(convolution.weight)
    if convolution.bias is not None:
        nn.init.zeros_(convolution.bias)
    return convolution


class ResidualBackbone(nn.Module):
    """Adds the blurred picture, area-averaged where smaller, to each scale of a backbone.

    >>> from deblurkit.networks.dclnet import Backbone
    >>> backbone = ResidualBackbone(Backbone(channels=4, blocks=1, reduction=4))
    >>> picture = torch.rand(1, 3, 16, 16)
    >>> backbone(picture).full.equal(picture)  # until it is trained
    True

    Args:
        backbone: Answers a `Pyramid`; its heads are set to zero.

    Source: Kupyn et al., "DeblurGAN", CVPR 2018, arXiv:1711.07064, sec. 3, for the residual;
    the zeros are ours.
    """

    def __init__(self, backbone: Headed) -> None:
        super().__init__()
        self.backbone = backbone
        self.multiple, self.reach = backbone.multiple, backbone.reach
        for head in backbone.heads:
            zero_start(head)

    def forward(self, blurred: Images) -> Pyramid:
        """Restore a batch in [0, 1]; its sides are as strict as the backbone's."""
        corrections: Pyramid = self.backbone(blurred)
        return Pyramid(
            corrections.full + blurred,
            corrections.half + functional.avg_pool2d(blurred, 2),
            corrections.quarter + functional.avg_pool2d(blurred, 4),
        )


class ResidualPicture(nn.Module):
    """Adds the input to the answer of a network from picture to picture.

    >>> from deblurkit.networks.dclnet import Inverse
    >>> inverse = ResidualPicture(Inverse(channels=4, blocks=1, reduction=4))
    >>> picture = torch.rand(1, 3, 16, 16)
    >>> inverse(picture).equal(picture)  # until it is trained
    True

    Args:
        network: Answers one picture of the size of its input; its head is set to zero.

    Source: as for `ResidualBackbone`.
    """

    def __init__(self, network: Headed) -> None:
        super().__init__()
        self.network = network
        self.multiple, self.reach = network.multiple, network.reach
        for head in network.heads:
            zero_start(head)

    def forward(self, pictures: Images) -> Images:
        """Map a batch in [0, 1]; same shape out, not clamped."""
        return self.network(pictures) + pictures


class ResidualAuxiliary(nn.Module):
    """Adds the restored picture, area-averaged, to each scale of an auxiliary network.

    Without it the network's first pictures are noise, and the loop that compares them with the
    backbone's own pulls the backbone towards that noise.

    >>> from deblurkit.networks.dclnet import Auxiliary
    >>> auxiliary = ResidualAuxiliary(Auxiliary(channels=4, blocks=1, reduction=4, slope=0.2))
    >>> picture = torch.rand(1, 3, 16, 16)
    >>> auxiliary(picture).half.equal(functional.avg_pool2d(picture, 2))  # until it is trained
    True

    Args:
        auxiliary: Answers a `Reduced`; its heads are set to zero.

    Source: as for `ResidualBackbone`.
    """

    def __init__(self, auxiliary: Headed) -> None:
        super().__init__()
        self.auxiliary = auxiliary
        self.multiple, self.reach = auxiliary.multiple, auxiliary.reach
        for head in auxiliary.heads:
            zero_start(head)

    def forward(self, restored: Images) -> Reduced:
        """Draw a batch at two scales; sides must be divisible by 4."""
        corrections: Reduced = self.auxiliary(restored)
        return Reduced(
            corrections.half + functional.avg_pool2d(restored, 2),
            corrections.quarter + functional.avg_pool2d(restored, 4),
        )
