"""The network of Johnson et al. that DeblurGAN, CycleGAN and AS-CycleGAN share, put together.

Two halvings, residual blocks at quarter resolution, two doublings, and one convolution that makes
the picture.
"""

from collections.abc import Callable

from torch import Tensor, nn

from deblurkit.contracts import Images
from deblurkit.errors import InputError
from deblurkit.networks.layout import InstanceNorm
from deblurkit.networks.parts.resnet import (
    Block,
    mirrored_convolution,
    normal_start,
    normalised_relu,
)

MULTIPLE = 4  # two halvings
SMALLEST = 8  # pixels; below, the smallest feature map has no neighbours to mirror at its border


class Body(nn.Module):
    """From a picture in [-1, 1] to one of the same size, before the last tanh.

    Args:
        channels: Channels at full resolution; each of the two halvings doubles them.
        blocks: Residual blocks at quarter resolution, at least one.
        block: Makes one, from ``channels``.
        upsampling: Makes one of the two doublings, from its numbers of feature maps in and out.
        start: Sets the first weights of the last convolution and returns it; all others start
            with `normal_start`.

    Source: Johnson et al., "Perceptual Losses for Real-Time Style Transfer and
    Super-Resolution", ECCV 2016, arXiv:1603.08155, supplement; in this form with instance
    normalisation (which keeps no running statistics and has no weights), mirrored borders and
    a bias in every convolution: Zhu et al., "Unpaired Image-to-Image Translation using
    Cycle-Consistent Adversarial Networks", ICCV 2017, arXiv:1703.10593, sec. 7.2.
    """

    def __init__(
        self,
        *,
        channels: int,
        blocks: int,
        block: Callable[..., Block],
        upsampling: Callable[[int, int], nn.Module],
        start: Callable[[nn.Conv2d], nn.Conv2d],
    ) -> None:
        super().__init__()
        if blocks < 1:
            raise InputError(f"a generator needs at least one residual block, got blocks={blocks}")
        chain = [block(channels=4 * channels) for _ in range(blocks)]
        # The tests' formula weights and the authors' checkpoints count on this order.
        self.encoder = nn.Sequential(
            mirrored_convolution(3, channels, kernel=7),
            normalised_relu(channels),
            _halving(channels, 2 * channels),
            normalised_relu(2 * channels),
            _halving(2 * channels, 4 * channels),
            InstanceNorm(4 * channels),
            chain[0].opening(),
        )
        self.blocks = nn.ModuleList(chain)
        self.decoder = nn.Sequential(
            chain[-1].closing(),
            upsampling(4 * channels, 2 * channels),
            normalised_relu(2 * channels),
            upsampling(2 * channels, channels),
            normalised_relu(channels),
        )
        self.head = start(mirrored_convolution(channels, 3, kernel=7))
        self.reach = 8 * blocks + 15  # two convolutions per block at quarter size, and the rest

    def forward(self, signed: Images, *guides: Tensor) -> Images:
        """Map a batch in [-1, 1]; every block gets the guides besides.

        Raises:
            InputError: If a side is not divisible by 4, or shorter than 8 pixels.
        """
        require_sides(signed)
        features = self.encoder(signed)
        for block in self.blocks:
            features = block(features, *guides)
        # In bf16 the rest would cost bits that a correction to a picture needs.
        return self.head(self.decoder(features)).to(signed.dtype)


def require_sides(pictures: Images) -> None:
    """Refuse pictures that two halvings do not fit.

    Raises:
        InputError: If a side is not divisible by 4, or shorter than 8 pixels.
    """
    height, width = pictures.shape[-2:]
    if height % MULTIPLE or width % MULTIPLE or min(height, width) < SMALLEST:
        raise InputError(
            f"This network needs sides divisible by {MULTIPLE} and of at least {SMALLEST} pixels, "
            f"got {height} x {width} pixels; pad the picture first."
        )


def _halving(channels: int, features: int) -> nn.Conv2d:
    return normal_start(nn.Conv2d(channels, features, 3, stride=2, padding=1))
