"""SRN: one encoder and decoder that restores from coarse to fine, with or without a memory."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from deblurkit.contracts import Images
from deblurkit.errors import InputError
from deblurkit.networks.parts.scale_recurrent import (
    MULTIPLE,
    Decoder,
    Encoder,
    Features,
    Restored,
    carried,
    decimated,
    doubled,
    tensorflow_halving,
    xavier_start,
)
from deblurkit.networks.parts.sides import require_multiple

Memory = Float[Tensor, "batch twice_channels height width"]  # cell and hidden state, one batch
CoarserMemory = Float[Tensor, "batch twice_channels half_height half_width"]


class ConvLSTM(nn.Module):
    r"""Hands features on from scale to scale: a convolutional LSTM whose time is the scale.

    .. math::
        c' = \sigma(f + b) \, c + \sigma(i) \tanh(j), \quad h' = \sigma(o) \tanh(c')

    with i, j, f, o from one convolution of features and h, in this order.

    >>> lstm = ConvLSTM(channels=4, kernel=3, forget_bias=1.0)
    >>> features, memory = lstm(torch.rand(1, 4, 8, 8), None)
    >>> features.shape, memory.shape
    (torch.Size([1, 4, 8, 8]), torch.Size([1, 8, 8, 8]))

    Args:
        channels: Feature maps in and out.
        kernel: Side of the convolution, odd, pixels.
        forget_bias: The number b, so that an untrained cell remembers; no weight.

    Source: Tao et al. (SRN), CVPR 2018, arXiv:1802.01770, sec. 3; its gates, b and
    first weights are in the authors' code.
    """

    def __init__(self, *, channels: int, kernel: int, forget_bias: float) -> None:
        super().__init__()
        self.gates = nn.Conv2d(2 * channels, 4 * channels, kernel, padding=kernel // 2)
        self.forget_bias = forget_bias
        nn.init.trunc_normal_(self.gates.weight, std=1e-3, a=-2e-3, b=2e-3)
        nn.init.zeros_(self.gates.bias)  # type: ignore[arg-type]

    def forward(self, features: Features, coarser: CoarserMemory | None) -> tuple[Features, Memory]:
        """What the decoder sees, and the memory for the next finer scale.

        Args:
            features: Of the encoder at this scale.
            coarser: Memory of the coarser scale, half the size; None at the coarsest one.
        """
        if coarser is None:
            cell, hidden = torch.zeros_like(features), torch.zeros_like(features)
        else:
            cell, hidden = doubled(coarser).chunk(2, dim=1)
        gates = self.gates(torch.cat([features, hidden], dim=1))
        entering, candidate, forgetting, leaving = gates.chunk(4, dim=1)
        remembered = cell * (forgetting + self.forget_bias).sigmoid()
        cell = remembered + entering.sigmoid() * candidate.tanh()
        hidden = cell.tanh() * leaving.sigmoid()
        return hidden, torch.cat([cell, hidden], dim=1)


class Memoryless(nn.Module):
    """Hands nothing on but the picture.

    >>> features, memory = Memoryless()(torch.rand(1, 4, 8, 8), None)
    >>> features.shape, memory
    (torch.Size([1, 4, 8, 8]), None)

    Source: the authors' later models of SRN (Tao et al., CVPR 2018) without an LSTM.
    """

    def forward(self, features: Features, coarser: None) -> tuple[Features, None]:
        """The features as they are."""
        return features, coarser


class ScaleRecurrent(nn.Module):
    """Restores at quarter, half and full size, each time from the answer before.

    The scales share all weights. There is no global residual: the picture is drawn anew.

    >>> sizes = {"colors": 3, "channels": 4, "blocks": 1, "kernel": 3}
    >>> network = ScaleRecurrent(recurrence=Memoryless(), **sizes)
    >>> [tuple(picture.shape) for picture in network(torch.rand(1, 3, 16, 16))]
    [(1, 3, 4, 4), (1, 3, 8, 8), (1, 3, 16, 16)]

    Args:
        colors: 3, or 1 for a network of gray pictures, which restores every channel by itself.
        channels: Channels at full resolution; each of the two halvings doubles them.
        blocks: Residual blocks per resolution, in encoder and decoder.
        kernel: Side of the convolutions, odd, pixels; the transposed ones have 4.
        recurrence: `ConvLSTM` of ``4 * channels``, or `Memoryless`.

    Source: Tao et al., "Scale-recurrent Network for Deep Image Deblurring", CVPR 2018,
    arXiv:1802.01770, sec. 3; borders and resizing as in the authors' TensorFlow code, so that
    their weights fit.
    """

    multiple = MULTIPLE
    reach: int | None = None  # more than a thousand pixels through the coarse scale

    def __init__(
        self, *, colors: int, channels: int, blocks: int, kernel: int, recurrence: nn.Module
    ) -> None:
        super().__init__()
        sizes = {"colors": colors, "channels": channels, "blocks": blocks, "kernel": kernel}
        self.colors = colors
        self.encoder = xavier_start(Encoder(**sizes, halving=tensorflow_halving))
        self.decoder = xavier_start(Decoder(**sizes))
        self.recurrence = recurrence

    def forward(self, blurred: Images) -> Restored:
        """Restore a batch in [0, 1] at three scales.

        Raises:
            InputError: If a side is not divisible by 16, or this is a network of colour pictures
                and the batch is not.
        """
        require_multiple(blurred, MULTIPLE)
        batch, channels, height, width = blurred.shape
        if channels % self.colors:
            raise InputError(
                f"This network restores pictures with {self.colors} channels, got {channels}; "
                "repeat a gray picture as red, green and blue."
            )
        pictures = blurred.reshape(-1, self.colors, height, width)
        half, quarter = decimated(pictures, 2), decimated(pictures, 4)
        coarse, memory = self.drawn(quarter, quarter, None)
        middle, memory = self.drawn(half, carried(coarse), memory)
        fine, _ = self.drawn(pictures, carried(middle), memory)
        scales = (
            answer.reshape(batch, channels, *answer.shape[-2:]) for answer in (coarse, middle, fine)
        )
        return Restored(*scales)

    def drawn(
        self, blurred: Images, estimate: Images, memory: Tensor | None
    ) -> tuple[Images, Tensor | None]:
        """Restore at one scale, given an estimate of the sharp picture and the coarser memory."""
        features = self.encoder(blurred, estimate)
        bottleneck, memory = self.recurrence(features.quarter, memory)
        return self.decoder(bottleneck, features), memory
