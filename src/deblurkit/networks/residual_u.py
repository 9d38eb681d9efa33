"""A plain U of residual pairs of convolutions, at half resolution and below."""

from collections.abc import Sequence

import torch
from torch import nn

from deblurkit.contracts import Images
from deblurkit.errors import InputError
from deblurkit.networks.parts.residual import zero_start
from deblurkit.networks.parts.residual_pair import ResidualPair
from deblurkit.networks.parts.sides import require_multiple

KERNEL = 3  # side of all kernels that look at neighbours, in pixels
INNER = 2  # full over largest inner resolution


class ResidualU(nn.Module):
    """Restores a picture by a correction that starts at zero; a U with skips that are added.

    >>> blocks = {"encoder_blocks": [1], "middle_blocks": 1, "decoder_blocks": [1]}
    >>> network, blurred = ResidualU(channels=4, **blocks), torch.rand(1, 3, 16, 24)
    >>> network(blurred).equal(blurred)  # untrained it changes nothing
    True

    Nothing is computed at full resolution, where most of the time would go: four pixels become
    channels before the first convolution and pixels again behind the last one. There is no
    normalisation and no average over the picture, so tiles are exact.

    Args:
        channels: Feature maps at half resolution; each halving doubles them.
        encoder_blocks: Residual pairs before each halving, from half resolution down.
        middle_blocks: Residual pairs at the lowest resolution.
        decoder_blocks: Residual pairs after each doubling, from the lowest resolution up.

    Raises:
        InputError: If encoder and decoder differ in their number of stages.

    Source: the U of Ronneberger et al., "U-Net", MICCAI 2015, arXiv:1505.04597, with the residual
    pairs of Nah et al., CVPR 2017, arXiv:1612.02177, sec. 3.1, and pixels as channels as in Shi et
    al., "Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel
    Convolutional Neural Network", CVPR 2016, arXiv:1609.05158.
    Differs from the paper: skips are added, as in NAFNet, and all convolutions keep the size.
    """

    def __init__(
        self,
        *,
        channels: int,
        encoder_blocks: Sequence[int],
        middle_blocks: int,
        decoder_blocks: Sequence[int],
    ) -> None:
        super().__init__()
        stages = len(encoder_blocks)
        if stages != len(decoder_blocks):
            raise InputError(
                "a U doubles as often as it halves: give decoder_blocks as many numbers as "
                f"encoder_blocks, got {len(decoder_blocks)} and {stages}"
            )
        self.multiple = INNER * 2**stages
        widths = [channels * 2**stage for stage in range(stages + 1)]
        self.entry = nn.Sequential(
            nn.PixelUnshuffle(INNER),
            nn.Conv2d(3 * INNER**2, channels, KERNEL, padding=KERNEL // 2),
        )
        self.encoders, self.halvings = nn.ModuleList(), nn.ModuleList()
        for stage, blocks in enumerate(encoder_blocks):
            self.encoders.append(_blocks(blocks, channels=widths[stage]))
            self.halvings.append(nn.Conv2d(widths[stage], widths[stage + 1], 2, stride=2))
        self.middle = _blocks(middle_blocks, channels=widths[-1])
        self.doublings, self.decoders = nn.ModuleList(), nn.ModuleList()
        for stage, blocks in zip(reversed(range(stages)), decoder_blocks, strict=True):
            self.doublings.append(_doubling(widths[stage + 1]))
            self.decoders.append(_blocks(blocks, channels=widths[stage]))
        self.head = nn.Sequential(
            zero_start(nn.Conv2d(channels, 3 * INNER**2, KERNEL, padding=KERNEL // 2)),
            nn.PixelShuffle(INNER),
        )
        pairs = [*map(sum, zip(encoder_blocks, reversed(decoder_blocks), strict=True))]
        # Each pair looks two pixels far, of its size; entry and head one each, of the inner size.
        steps = sum(2 * count * 2**stage for stage, count in enumerate([*pairs, middle_blocks]))
        self.reach: int | None = INNER * (steps + 2) + self.multiple

    def forward(self, blurred: Images) -> Images:
        """Restore a batch in [0, 1]; same shape out, not clamped.

        Raises:
            InputError: If a side is not divisible by ``multiple``.
        """
        require_multiple(blurred, self.multiple)
        features = self.entry(blurred)
        skips: list[torch.Tensor] = []
        for encoder, halving in zip(self.encoders, self.halvings, strict=True):
            features = encoder(features)
            skips.append(features)
            features = halving(features)
        features = self.middle(features)
        for doubling, decoder in zip(self.doublings, self.decoders, strict=True):
            features = decoder(doubling(features) + skips.pop())
        return self.head(features) + blurred


def _blocks(blocks: int, *, channels: int) -> nn.Sequential:
    return nn.Sequential(*(ResidualPair(channels=channels, kernel=KERNEL) for _ in range(blocks)))


def _doubling(channels: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels, 2 * channels, 1, bias=False), nn.PixelShuffle(2))
