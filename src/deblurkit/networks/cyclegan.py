"""CycleGAN's generator."""

from functools import partial

from torch import nn

from deblurkit.contracts import Images
from deblurkit.networks.parts.resnet import PostActivationBlock, Transposed, normal_start
from deblurkit.networks.parts.resnet_body import MULTIPLE, Body


class Generator(nn.Module):
    """Draws a picture of the other domain, all of it anew.

    For one that adds a correction to its input take `deblurkit.networks.deblurgan.Generator`
    with dropout 0: it is the same network otherwise.

    >>> Generator(channels=4, blocks=1)(torch.rand(1, 3, 16, 20)).shape
    torch.Size([1, 3, 16, 20])

    Args:
        channels: Channels at full resolution; each of the two halvings doubles them.
        blocks: Residual blocks at quarter resolution.

    Source: Zhu et al., "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial
    Networks", ICCV 2017, arXiv:1703.10593, sec. 4 and 7.2.
    """

    multiple = MULTIPLE

    def __init__(self, *, channels: int, blocks: int) -> None:
        super().__init__()
        self.body = Body(
            channels=channels,
            blocks=blocks,
            block=partial(PostActivationBlock, dropout=0.0),
            upsampling=Transposed,
            start=normal_start,
        )
        self.reach: int | None = self.body.reach

    def forward(self, pictures: Images) -> Images:
        """Map a batch in [0, 1]; same shape and range out.

        Raises:
            InputError: If a side is not divisible by 4, or shorter than 8 pixels.
        """
        signed = 2 * pictures - 1  # inside, this network works in [-1, 1]
        return (self.body(signed).tanh() + 1) / 2
