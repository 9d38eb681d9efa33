"""DeblurGAN's generator."""

from collections.abc import Callable
from functools import partial

from torch import nn

from deblurkit.contracts import Images
from deblurkit.networks.parts.resnet import Dropout, PostActivationBlock
from deblurkit.networks.parts.resnet_body import MULTIPLE, Body


class Generator(nn.Module):
    """Restores a picture by predicting the correction to add to it.

    >>> from deblurkit.networks.parts import residual, resnet
    >>> parts = {"upsampling": resnet.Resized, "start": residual.zero_start}
    >>> generator = Generator(channels=4, blocks=1, dropout=0.0, **parts)
    >>> picture = torch.rand(1, 3, 16, 16)
    >>> generator(picture).equal(picture)  # until it is trained
    True

    Args:
        channels: Channels at full resolution; each of the two halvings doubles them.
        blocks: Residual blocks at quarter resolution.
        dropout: In the middle of each block: a probability, for training only, or a module such
            as `deblurkit.networks.parts.resnet.AlwaysDropout`, which the authors' results were made
            with.
        upsampling: Makes one of the two doublings from its numbers of feature maps in and out:
            `deblurkit.networks.parts.resnet.Transposed`, as the authors', or ``Resized``.
        start: Sets the first weights of the last convolution and returns it:
            `deblurkit.networks.parts.resnet.normal_start`, as the authors', or
            `deblurkit.networks.parts.residual.zero_start`, with which training starts from the
            blurred picture and not from noise.

    Source: Kupyn et al., "DeblurGAN: Blind Motion Deblurring Using Conditional Adversarial
    Networks", CVPR 2018, arXiv:1711.07064, sec. 3, fig. 3.
    Differs from the authors' newest code: each block has two convolutions, as in the paper; a
    later change left one.
    """

    multiple = MULTIPLE

    def __init__(
        self,
        *,
        channels: int,
        blocks: int,
        dropout: Dropout,
        upsampling: Callable[[int, int], nn.Module],
        start: Callable[[nn.Conv2d], nn.Conv2d],
    ) -> None:
        super().__init__()
        self.body = Body(
            channels=channels,
            blocks=blocks,
            block=partial(PostActivationBlock, dropout=dropout),
            upsampling=upsampling,
            start=start,
        )
        self.reach: int | None = self.body.reach

    def forward(self, blurred: Images) -> Images:
        """Restore a batch in [0, 1]; same shape and range out.

        Raises:
            InputError: If a side is not divisible by 4, or shorter than 8 pixels.
        """
        signed = 2 * blurred - 1  # inside, this network works in [-1, 1]
        return (blurred + self.body(signed).tanh() / 2).clamp(0, 1)
