"""The multi-scale two-way network, and its ablation with one way."""

from typing import NamedTuple

from torch import nn

from deblurkit.contracts import Images
from deblurkit.networks.parts.scale_recurrent import (
    MULTIPLE,
    CoarseImages,
    Decoder,
    Encoder,
    MiddleImages,
    Restored,
    carried,
    decimated,
    symmetric_halving,
    xavier_start,
)
from deblurkit.networks.parts.sides import require_multiple


class TwoWayRestored(NamedTuple):
    """A restored batch at three sizes, and the two pictures whose sum it is at each.

    All are unbounded: the sum lies near [0, 1], its parts may lie anywhere, the picture of the
    way down around zero as a rule. To look at it add 0.5.
    """

    coarse: CoarseImages
    middle: MiddleImages
    fine: Images
    up: Restored
    down: Restored


class Ways(NamedTuple):
    """One scale: what each way draws, and the sum."""

    up: Images
    down: Images
    total: Images


class TwoWay(nn.Module):
    """Restores from coarse to fine; at each scale two decoders draw a picture each, to be added.

    Both decode the features of one encoder. The way up gets the features of each resolution, the
    way down those of the smallest alone. The scales share all weights.

    >>> restored = TwoWay(channels=4, blocks=1, kernel=3)(torch.rand(1, 3, 16, 16))
    >>> restored.fine.equal(restored.up.fine + restored.down.fine)
    True

    Args:
        channels: Channels at full resolution; each of the two halvings doubles them.
        blocks: Residual blocks per resolution, in the encoder and in each decoder.
        kernel: Side of the convolutions, odd, pixels; the transposed ones have 4.

    Source: Cheng et al., "Multi-scale Two-Way Deblurring Network for Non-uniform
    Single Image Deblurring", doi:10.1007/978-3-030-89814-4_43, eq. 1.
    Differs from the paper: widths, skips by addition, resizing, the 4x4 kernel of the transposed
    convolutions and the constant estimate between scales are not published; they follow the
    authors' code of SRN (Tao et al., CVPR 2018, arXiv:1802.01770), whose numbers of training the
    paper shares.
    """

    multiple = MULTIPLE
    reach: int | None = None  # the coarse scale looks hundreds of pixels far

    def __init__(self, *, channels: int, blocks: int, kernel: int) -> None:
        super().__init__()
        # The tests' formula weights count on this order.
        self.encoder = _encoder(channels=channels, blocks=blocks, kernel=kernel)
        self.up = Decoder(colors=3, channels=channels, blocks=blocks, kernel=kernel)
        self.down = Decoder(colors=3, channels=channels, blocks=blocks, kernel=kernel)
        xavier_start(self)

    def forward(self, blurred: Images) -> TwoWayRestored:
        """Restore a batch in [0, 1] at three scales.

        Raises:
            InputError: If a side is not divisible by 16.
        """
        require_multiple(blurred, MULTIPLE)
        half, quarter = decimated(blurred, 2), decimated(blurred, 4)
        coarse = self.ways(quarter, quarter)
        middle = self.ways(half, carried(coarse.total))
        fine = self.ways(blurred, carried(middle.total))
        return TwoWayRestored(
            coarse.total,
            middle.total,
            fine.total,
            up=Restored(coarse.up, middle.up, fine.up),
            down=Restored(coarse.down, middle.down, fine.down),
        )

    def ways(self, blurred: Images, estimate: Images) -> Ways:
        """Restore at one scale, given an estimate of the sharp picture."""
        features = self.encoder(blurred, estimate)
        up, down = self.up(features.quarter, features), self.down.alone(features.quarter)
        return Ways(up, down, up + down)


class OneWay(nn.Module):
    """The ablation: the same network without the way down.

    >>> restored = OneWay(channels=4, blocks=1, kernel=3)(torch.rand(1, 3, 16, 16))
    >>> restored.coarse.shape, restored.fine.shape
    (torch.Size([1, 3, 4, 4]), torch.Size([1, 3, 16, 16]))

    Args:
        channels: Channels at full resolution; each of the two halvings doubles them.
        blocks: Residual blocks per resolution, in encoder and decoder.
        kernel: Side of the convolutions, odd, pixels.

    Source: Cheng et al., "Multi-scale Two-Way Deblurring Network for Non-uniform
    Single Image Deblurring", ablation study.
    """

    multiple = MULTIPLE
    reach: int | None = None

    def __init__(self, *, channels: int, blocks: int, kernel: int) -> None:
        super().__init__()
        self.encoder = _encoder(channels=channels, blocks=blocks, kernel=kernel)
        self.up = Decoder(colors=3, channels=channels, blocks=blocks, kernel=kernel)
        xavier_start(self)

    def forward(self, blurred: Images) -> Restored:
        """Restore a batch in [0, 1] at three scales.

        Raises:
            InputError: If a side is not divisible by 16.
        """
        require_multiple(blurred, MULTIPLE)
        half, quarter = decimated(blurred, 2), decimated(blurred, 4)
        coarse = self.drawn(quarter, quarter)
        middle = self.drawn(half, carried(coarse))
        return Restored(coarse, middle, self.drawn(blurred, carried(middle)))

    def drawn(self, blurred: Images, estimate: Images) -> Images:
        """Restore at one scale, given an estimate of the sharp picture."""
        features = self.encoder(blurred, estimate)
        return self.up(features.quarter, features)


def _encoder(*, channels: int, blocks: int, kernel: int) -> Encoder:
    return Encoder(
        colors=3, channels=channels, blocks=blocks, kernel=kernel, halving=symmetric_halving
    )
