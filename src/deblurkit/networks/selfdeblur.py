"""SelfDeblur's two networks: one makes the sharp picture, the other the blur kernel."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from deblurkit.contracts import Images
from deblurkit.errors import InputError
from deblurkit.networks.dip import Features, Noise, refuse_small, scales_of, smallest_side

KernelMaps = Float[Tensor, "batch 1 size size"]


class NonLocal(nn.Module):
    """Adds to each position a sum over all positions, weighted by the dot product of features.

    The weights are divided by the number of positions and not made to sum to 1. The sum's
    normalisation starts at zero, so that the module starts as the identity. Its memory grows with
    the square of the number of positions.

    Args:
        channels: Feature maps in and out; half of them inside.

    Source: Wang et al., "Non-local Neural Networks", CVPR 2018, arXiv:1711.07971, sec. 3.2, eq. 4,
    with the subsampling of sec. 3.3; the authors of SelfDeblur use it at the coarse scales.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = max(channels // 2, 1)
        self.values = nn.Conv2d(channels, inner, 1)
        self.back = nn.Conv2d(inner, channels, 1)
        self.norm = nn.BatchNorm2d(channels)
        self.queries = nn.Conv2d(channels, inner, 1)
        self.keys = nn.Conv2d(channels, inner, 1)
        self.pool = nn.MaxPool2d(2)
        nn.init.zeros_(self.norm.weight)
        nn.init.zeros_(self.norm.bias)

    def forward(self, features: Features) -> Features:
        """Same shape out; sides of at least 2."""
        keys = self.pool(self.keys(features)).flatten(2)
        values = self.pool(self.values(features)).flatten(2)
        queries = self.queries(features).flatten(2)
        # keys and values first: the product of all positions with all is never stored
        summed = values @ keys.transpose(1, 2) @ queries / keys.shape[-1]
        return features + self.norm(self.back(summed.unflatten(2, features.shape[-2:])))


class PictureGenerator(nn.Module):
    """The deep image prior's skip network, with non-local blocks at the coarse scales.

    In training mode it normalises by the statistics of the very input, and it is meant to stay
    so: its weights are fitted to one picture.

    >>> sizes = {"inputs": 2, "outputs": 1, "channels": 4, "skipped": 2, "scales": 2}
    >>> generator = PictureGenerator(first_non_local=2, **sizes)
    >>> generator(torch.rand(1, 2, 16, 16)).shape
    torch.Size([1, 1, 16, 16])

    Args:
        inputs: Feature maps of the fixed noise.
        outputs: Channels of the picture.
        channels: Feature maps at every scale.
        skipped: Feature maps of each skip.
        scales: Number of halvings.
        first_non_local: The finest scale with a non-local block, counted from 1.

    Source: Ren et al., "Neural Blind Deconvolution Using Deep Priors", CVPR 2020,
    arXiv:1908.02197, sec. 3.2; authors' code, ``networks/skip.py``.
    Differs from the paper: skips are 1x1 convolutions and non-local blocks exist, as in the
    authors' code; the supplement's table has 3x3 skips and no such blocks.
    """

    def __init__(
        self,
        *,
        inputs: int,
        outputs: int,
        channels: int,
        skipped: int,
        scales: int,
        first_non_local: int,
    ) -> None:
        super().__init__()
        self.smallest = smallest_side(scales)
        attentions = [
            nn.Identity if s < first_non_local else NonLocal for s in range(1, scales + 1)
        ]
        self.body = scales_of(attentions, inputs=inputs, channels=channels, skipped=skipped)
        self.picture = nn.Sequential(nn.Conv2d(channels, outputs, 1), nn.Sigmoid())

    def forward(self, noise: Noise) -> Images:
        """Make a picture in [0, 1] of the size of the noise.

        Raises:
            InputError: If a side is too short to be halved so often.
        """
        refuse_small(noise, smallest=self.smallest)
        return self.picture(self.body(noise))


class KernelGenerator(nn.Module):
    """Two layers and a softmax: any answer is a kernel, not negative and of sum 1.

    The authors' forward model correlates, so there its answer is the blur's kernel turned by 180
    degrees; this class knows nothing of that, its maps are what a method makes of them.

    >>> kernel = KernelGenerator(inputs=8, hidden=4, size=5)(torch.rand(1, 8))
    >>> kernel.shape, round(kernel.sum().item(), 4)
    (torch.Size([1, 1, 5, 5]), 1.0)

    Args:
        inputs: Numbers of the fixed noise.
        hidden: Values of the hidden layer.
        size: Side of the kernel, pixels.

    Raises:
        InputError: If the size is even or not positive.

    Source: Ren et al., "Neural Blind Deconvolution Using Deep Priors", CVPR 2020,
    arXiv:1908.02197, sec. 3.2; authors' code, ``networks/fcn.py``.
    Differs from the paper: the rectifier stops at 6, as in the authors' code.
    """

    def __init__(self, *, inputs: int, hidden: int, size: int) -> None:
        super().__init__()
        if size < 1 or size % 2 == 0:
            raise InputError(f"a kernel needs a positive, odd size in pixels, got {size}")
        self.size = size
        self.layers = nn.Sequential(
            nn.Linear(inputs, hidden), nn.ReLU6(), nn.Linear(hidden, size**2)
        )

    def forward(self, noise: Float[Tensor, "batch numbers"]) -> KernelMaps:
        """Make one kernel from each row of noise."""
        shares = torch.softmax(self.layers(noise), dim=-1)
        return shares.unflatten(-1, (1, self.size, self.size))
