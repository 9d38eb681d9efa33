"""The skip network of the deep image prior: noise in, a picture out; its weights are the answer."""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn

from deblurkit.contracts import Images
from deblurkit.errors import InputError

Features = Float[Tensor, "batch channels height width"]
Noise = Float[Tensor, "batch inputs height width"]
Merged = Float[Tensor, "batch merged merged_height merged_width"]

SLOPE = 0.2  # of the leaky rectifiers


class Scale(nn.Module):
    """One scale and, within it, all coarser ones: half the size and back, past which a skip leads.

    Args:
        inputs: Feature maps in.
        channels: Feature maps of the way down and up.
        skipped: Feature maps of the skip; 0 leaves it out.
        attention: Makes what stands between the two convolutions of the way down, of a number
            of channels.
        coarser: Makes the next scale, or nothing at the coarsest; asked last, so that a seed
            gives the same first weights as in the authors' code.
    """

    def __init__(
        self,
        *,
        inputs: int,
        channels: int,
        skipped: int,
        attention: Callable[[int], nn.Module],
        coarser: Callable[[], nn.Module],
    ) -> None:
        super().__init__()
        self.skip = nn.Sequential(*stage(inputs, skipped, kernel=1)) if skipped else None
        self.down = nn.Sequential(
            *stage(inputs, channels, kernel=3, stride=2),
            attention(channels),
            *stage(channels, channels, kernel=3),
        )
        merge = nn.Sequential(
            nn.BatchNorm2d(skipped + channels),
            *stage(skipped + channels, channels, kernel=3),
            *stage(channels, channels, kernel=1),
        )
        self.coarser = coarser()
        self.upsample = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
        self.merge = merge

    def forward(self, features: Features) -> Merged:
        """Features of the same size, as ``channels`` maps."""
        back = self.upsample(self.coarser(self.down(features)))
        height, width = features.shape[-2:]  # odd sides come back longer by one: the first stay
        back = back[..., :height, :width]
        parts = [back] if self.skip is None else [self.skip(features), back]
        return self.merge(torch.cat(parts, dim=1))


class SkipNetwork(nn.Module):
    """A hierarchy of scales around a picture, with skips of few feature maps.

    In training mode it normalises by the statistics of the very input, and it is meant to stay
    so: its weights are fitted to one picture.

    >>> network = SkipNetwork(inputs=2, outputs=3, channels=4, skipped=2, scales=2)
    >>> network(torch.rand(1, 2, 16, 16)).shape
    torch.Size([1, 3, 16, 16])

    Args:
        inputs: Feature maps of the fixed noise.
        outputs: Channels of the picture.
        channels: Feature maps at every scale.
        skipped: Feature maps of each skip.
        scales: Number of halvings.

    Source: Ulyanov et al., "Deep Image Prior", CVPR 2018, arXiv:1711.10925, supplement; authors'
    code, network ``skip``.
    """

    def __init__(
        self, *, inputs: int, outputs: int, channels: int, skipped: int, scales: int
    ) -> None:
        super().__init__()
        self.smallest = smallest_side(scales)
        self.body = scales_of(
            [nn.Identity] * scales, inputs=inputs, channels=channels, skipped=skipped
        )
        self.picture = nn.Sequential(nn.Conv2d(channels, outputs, 1), nn.Sigmoid())

    def forward(self, noise: Noise) -> Images:
        """Make a picture in [0, 1] of the size of the noise.

        Raises:
            InputError: If a side is too short to be halved so often.
        """
        refuse_small(noise, smallest=self.smallest)
        return self.picture(self.body(noise))


def scales_of(
    attentions: Sequence[Callable[..., nn.Module]], *, inputs: int, channels: int, skipped: int
) -> nn.Module:
    """Nest one scale per entry, the finest first and outermost.

    Args:
        attentions: Per scale, what makes the module between its two convolutions.
        inputs: Feature maps into the finest scale.
        channels: Feature maps at every scale.
        skipped: Feature maps of each skip.
    """
    nested: Callable[[], nn.Module] = nn.Identity
    for depth in reversed(range(len(attentions))):
        nested = partial(
            Scale,
            inputs=inputs if depth == 0 else channels,
            channels=channels,
            skipped=skipped,
            attention=attentions[depth],
            coarser=nested,
        )
    return nested()


def stage(inputs: int, features: int, *, kernel: int, stride: int = 1) -> list[nn.Module]:
    """A convolution with a mirrored border, normalisation, a leaky rectifier."""
    padding = kernel // 2
    convolution = nn.Conv2d(
        inputs, features, kernel, stride, padding, padding_mode="reflect" if padding else "zeros"
    )
    return [convolution, nn.BatchNorm2d(features), nn.LeakyReLU(SLOPE, inplace=True)]


def smallest_side(scales: int) -> int:
    """Least side in pixels: the coarsest feature maps need two rows to be mirrored."""
    return 2**scales + 1


def refuse_small(noise: Tensor, *, smallest: int) -> None:
    """Refuse noise that cannot be halved so often.

    Raises:
        InputError: If a side is shorter than the least one.
    """
    if min(noise.shape[-2:]) < smallest:
        raise InputError(
            f"this network needs sides of at least {smallest} pixels, got "
            f"{tuple(noise.shape[-2:])}; use fewer scales or a larger picture"
        )
