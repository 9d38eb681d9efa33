"""DeepDeblur's networks: one per scale of a pyramid, and a critic."""

from collections.abc import Sequence
from math import prod
from typing import cast

import torch
from torch import Tensor, nn

from deblurkit.contracts import Images, Scores
from deblurkit.errors import InputError
from deblurkit.imaging.blur.pyramid import gaussian_pyramid
from deblurkit.networks.parts.residual_pair import ResidualPair
from deblurkit.networks.parts.sides import require_multiple


class Generator(nn.Module):
    """Restores a pyramid from coarse to fine; each scale sees what the coarser one restored.

    >>> generator = Generator(channels=4, blocks=1, scales=3, kernel=3, span=1.0)
    >>> [tuple(picture.shape) for picture in generator(torch.rand(1, 3, 16, 16))]
    [(1, 3, 16, 16), (1, 3, 8, 8), (1, 3, 4, 4)]

    Args:
        channels: Feature maps throughout.
        blocks: Residual pairs at each scale.
        scales: Full, half, quarter, ... size.
        kernel: Odd side of all kernels, in pixels.
        span: Width of the range of values inside, which is centred on 0: 255 as in the authors'
            PyTorch code, 1 as in the paper's.

    Source: Nah et al., "Deep Multi-scale Convolutional Neural Network for Dynamic Scene
    Deblurring", CVPR 2017, arXiv:1612.02177, sec. 3.1, figs. 3 and 4.
    """

    def __init__(
        self, *, channels: int, blocks: int, scales: int, kernel: int, span: float
    ) -> None:
        super().__init__()
        self.bodies = nn.ModuleList()  # from fine to coarse
        for scale in range(scales):
            inputs = 3 if scale == scales - 1 else 6
            self.bodies.append(
                nn.Sequential(
                    nn.Conv2d(inputs, channels, kernel, padding=kernel // 2),
                    *(ResidualPair(channels=channels, kernel=kernel) for _ in range(blocks)),
                    nn.Conv2d(channels, 3, kernel, padding=kernel // 2),
                )
            )
        self.doublings = nn.ModuleList(  # from half to full size first
            nn.Sequential(nn.Conv2d(3, 12, kernel, padding=kernel // 2), nn.PixelShuffle(2))
            for _ in range(scales - 1)
        )
        self.span = span
        self.multiple = 2 ** (scales - 1)
        # Each scale sees as far as all its kernels do, in its own pixels; doublings add theirs.
        steps = kernel // 2
        body, doubling = steps * (2 * blocks + 2), steps
        sizes = [2**scale for scale in range(scales)]
        smoothing = sum(4 * size for size in sizes[:-1])  # pixels, of the pyramid's levels
        self.reach: int | None = (
            body * sum(sizes) + doubling * sum(sizes[1:]) + smoothing + 2 * sizes[-1]
        )

    def forward(self, blurred: Images) -> list[Tensor]:
        """Restore a batch in [0, 1] at all scales, the finest first; not clamped.

        Raises:
            InputError: If a side is not divisible by ``multiple``.
        """
        require_multiple(blurred, self.multiple)
        return self.restored(gaussian_pyramid(blurred, levels=len(self.bodies)))

    def restored(self, pyramid: Sequence[Tensor]) -> list[Tensor]:
        """As ``forward``, from a pyramid that is there already, the finest first."""
        answers: list[Tensor] = []
        for scale in reversed(range(len(self.bodies))):
            inputs = self.span * (pyramid[scale] - 0.5)
            if answers:
                inputs = torch.cat([inputs, self.doublings[scale](answers[0])], dim=1)
            answers.insert(0, self.bodies[scale](inputs))
        return [answer / self.span + 0.5 for answer in answers]


class Critic(nn.Module):
    """Scores pictures by strided convolutions without normalisation or biases.

    >>> critic = Critic(channels=4, strides=[2, 2], kernel=5, span=1.0)
    >>> critic(torch.rand(2, 3, 16, 16)).shape  # 4 * 2 * 2 pixels: one score
    torch.Size([2, 1, 1, 1])

    Args:
        channels: Feature maps after the second stage; half of them in the first, doubled by each
            further one.
        strides: Of each stage; 2, 2, 4, 4 make one score of 256 x 256 pixels.
        kernel: Odd side of the kernels, in pixels.
        span: Width of the range of values inside: as of the generator; nothing is centred here.

    Source: Nah et al., CVPR 2017, arXiv:1612.02177, sec. 3.2, table 1; sizes as in the authors'
    PyTorch code.
    """

    reach: int | None = None
    multiple = 1

    def __init__(self, *, channels: int, strides: Sequence[int], kernel: int, span: float) -> None:
        super().__init__()
        self.layers = nn.Sequential()
        features = 3
        for stage, stride in enumerate(strides):
            wider = channels * 2**stage // 2
            self.layers.extend(_scoring(features, wider, kernel=kernel, stride=1))
            self.layers.extend(_scoring(wider, wider, kernel=kernel, stride=stride))
            features = wider
        self.layers.extend(_scoring(features, 2 * features, kernel=kernel, stride=1))
        last = nn.Conv2d(2 * features, 2 * features, 4, stride=4, bias=False)
        self.layers.extend([last, nn.LeakyReLU(0.2, inplace=True)])
        self.layers.append(nn.Conv2d(2 * features, 1, 1, bias=False))
        self.smallest = 4 * prod(strides)
        self.span = span

    def forward(self, pictures: Images) -> Scores:
        """Log-odds of being real, of a batch in [0, 1].

        Raises:
            InputError: If a side is too short.
        """
        height, width = pictures.shape[-2:]
        if min(height, width) < self.smallest:
            raise InputError(
                f"this critic needs pictures of at least {self.smallest} x {self.smallest} pixels, "
                f"got {height} x {width}; train on larger crops or give it smaller strides"
            )
        return cast("Tensor", self.layers(self.span * pictures))


def _scoring(channels: int, features: int, *, kernel: int, stride: int) -> list[nn.Module]:
    convolution = nn.Conv2d(
        channels, features, kernel, stride=stride, padding=kernel // 2, bias=False
    )
    return [convolution, nn.LeakyReLU(0.2, inplace=True)]
