"""The deep image prior as a blur kernel's prior, to compare SelfDeblur's kernel network with."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from deblurkit.errors import InputError
from deblurkit.networks.dip import SkipNetwork, smallest_side

KernelMaps = Float[Tensor, "1 1 size size"]

NOISE = 0.1  # upper end of the uniform noise that the network starts from


class SkipKernel(nn.Module):
    """The network that makes pictures makes the kernel: a small picture, divided by its sum.

    Any answer is a kernel, not negative and of sum 1. The network prefers smooth regions, as
    pictures have them; motion leaves thin lines on black.

    >>> kernels = SkipKernel(inputs=2, size=9, hidden=4, skipped=2, scales=2)
    >>> kernel = kernels(torch.rand(1, 8))
    >>> kernel.shape, round(kernel.sum().item(), 4)
    (torch.Size([1, 1, 9, 9]), 1.0)

    Args:
        inputs: Feature maps of the fixed noise.
        size: Side of the kernel, pixels.
        hidden: Feature maps at every scale.
        skipped: Feature maps of each skip.
        scales: Number of halvings.

    Raises:
        InputError: If the size is even, or too small to be halved so often.

    Source: Ulyanov et al., "Deep Image Prior", CVPR 2018, arXiv:1711.10925, taken for both unknowns
    as in Wang et al., "Image Deconvolution with Deep Image and Kernel Priors", ICCV workshops 2019,
    arXiv:1910.08386. Ren et al., "SelfDeblur", CVPR 2020, take another network for the kernel.
    """

    noise: Tensor

    def __init__(self, *, inputs: int, size: int, hidden: int, skipped: int, scales: int) -> None:
        super().__init__()
        least = smallest_side(scales)
        if size < least or size % 2 == 0:
            raise InputError(
                f"this network halves kernels {scales} times, so their side must be odd and at "
                f"least {least} pixels, got {size}; give a larger kernel_size or fewer scales"
            )
        self.register_buffer("noise", NOISE * torch.rand(1, inputs, size, size))
        self.network = SkipNetwork(
            inputs=inputs, outputs=1, channels=hidden, skipped=skipped, scales=scales
        )

    def forward(self, numbers: Float[Tensor, "1 numbers"]) -> KernelMaps:
        """Make the kernel from the network's own noise.

        Args:
            numbers: Not read; other generators of kernels start from them.
        """
        weights = self.network(self.noise)
        return weights / weights.sum()
