"""SRN: one encoder and decoder that restores from coarse to fine, with or without a memory."""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn

from deblurkit.contracts import Images
from deblurkit.errors import InputError
from deblurkit.networks.scale_recurrent import (
    MULTIPLE,
    Decoder,
    Encoder,
    Features,
    Restored,
    carried,
    decimated,
    doubled,
    require_multiple,
    tensorflow_halving,
    xavier_start,
)

Memory = Float[Tensor, "batch twice_channels height width"]  # cell and hidden state, one batch
CoarserMemory = Float[Tensor, "batch twice_channels half_height half_width"]


class ConvLSTM(nn.Module):
    r"""Hands features on from scale to scale: a convolutional LSTM whose time is the scale.

    .. math::
        c' = \sigma(f + b) \, c + \sigma(i) \tanh(j), \quad h' = \sigma(o) \tanh(c')

    with i, j, f, o from one convolution of features and h, in this order.

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
        kept = cell * (forgetting + self.forget_bias).sigmoid()
        cell = kept + entering.sigmoid() * candidate.tanh()
        hidden = cell.tanh() * leaving.sigmoid()
        return hidden, torch.cat([cell, hidden], dim=1)


class Memoryless(nn.Module):
    """Hands nothing on but the picture.

    Source: the authors' later models of SRN (Tao et al., CVPR 2018) without an LSTM.
    """

    def forward(self, features: Features, coarser: None) -> tuple[Features, None]:
        """The features as they are."""
        return features, coarser


class ScaleRecurrent(nn.Module):
    """Restores at quarter, half and full size, each time from the answer before.

    The scales share all weights. There is no global residual: the picture is drawn anew.

    Args:
        colors: 3, or 1 for a network of gray pictures, which restores every channel by itself.
        channels: Channels at full resolution; each of the two halvings doubles them.
        blocks: Residual blocks per resolution, in encoder and decoder.
        kernel: Side of the convolutions, odd, pixels; the transposed ones have 4.
        recurrence: `ConvLSTM` of ``4 * channels``, or `Memoryless`.

    Source: Tao et al., "Scale-recurrent Network for Deep Image Deblurring", CVPR 2018,
    arXiv:1802.01770, sec. 3; borders and resizing as in the authors' TensorFlow code, so that
    their weights fit (see `official_state`).
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
        require_multiple(blurred)
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


def official_state(variables: Mapping[str, Tensor], *, blocks: int) -> dict[str, Tensor]:
    """Turn variables of the authors' TensorFlow checkpoint into weights of `ScaleRecurrent`.

    Args:
        variables: By full name, such as ``g_net/enc1_2/conv1/weights``, in TensorFlow's layout:
            (height, width, in, out), transposed convolutions (height, width, out, in). Those of
            the optimiser and the step are left out.
        blocks: Residual blocks per resolution; 3 in the published models.

    Returns:
        A state dict.

    Raises:
        InputError: If a variable of the network has a name that SRN does not know.

    Source: the authors' code of Tao et al. (SRN), CVPR 2018, models/model.py.
    """
    places = _places(blocks)
    state = {}
    for name, values in variables.items():
        if not name.startswith("g_net/") or "Adam" in name:
            continue
        layer, _, kind = name.removeprefix("g_net/").rpartition("/")
        if layer not in places or kind not in ("weights", "biases"):
            raise InputError(
                f"{name} is no variable of SRN with {blocks} blocks per resolution; give those "
                "of one of the authors' checkpoints, which have 3"
            )
        turned = values.permute(3, 2, 0, 1) if values.ndim == 4 else values
        leaf = "weight" if kind == "weights" else "bias"
        state[f"{places[layer]}.{leaf}"] = turned.contiguous()
    return state


def _places(blocks: int) -> dict[str, str]:
    """Our name of every layer of theirs."""
    places = {
        "convLSTM/LSTM_conv": "recurrence.gates",
        "enc1_1": "encoder.at_full.0",
        "dec1_0": f"decoder.at_full.{blocks}",
    }
    for level, size in ((2, "at_half"), (3, "at_quarter")):
        places[f"enc{level}_1"] = f"encoder.{size}.0.1"  # behind its border
        places[f"dec{level - 1}_{blocks + 1}"] = f"decoder.{size}.{blocks}"
    for level, size in ((1, "at_full"), (2, "at_half"), (3, "at_quarter")):
        for block in range(blocks):
            for theirs, ours in (("conv1", "correction.0"), ("conv2", "correction.2")):
                number = block + 2  # behind the first convolution and its ReLU
                places[f"enc{level}_{number}/{theirs}"] = f"encoder.{size}.{number}.{ours}"
                places[f"dec{level}_{blocks - block}/{theirs}"] = f"decoder.{size}.{block}.{ours}"
    return places
