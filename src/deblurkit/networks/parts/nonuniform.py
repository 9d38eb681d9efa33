"""Blur that varies over a picture: several kernels, and each one's share of every pixel.

A module answers the shares, a function blurs with them. Both are differentiable, so that kernels
and shares can be sought. With one kernel both functions are the uniform model.
"""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from deblurkit.errors import InputError
from deblurkit.imaging.blur.convolution import convolved_inside
from deblurkit.networks.dip import refuse_small, scales_of, smallest_side

Shares = Float[Tensor, "1 kernels height width"]
Latent = Float[Tensor, "1 channels latent_height latent_width"]
Bank = Float[Tensor, "kernels 1 size size"]
Observed = Float[Tensor, "1 channels height width"]

NOISE = 0.1  # upper end of the uniform noise that networks start from


class Tents(nn.Module):
    """Shares that fall linearly from the middle of one cell of a grid to those of its neighbours.

    Beyond the outermost middles they stay as they are. Nothing in them is sought.

    >>> shares = Tents([4, 6], rows=1, columns=2)()
    >>> shares[0, :, 0]
    tensor([[1.0000, 1.0000, 0.6667, 0.3333, 0.0000, 0.0000],
            [0.0000, 0.0000, 0.3333, 0.6667, 1.0000, 1.0000]])

    Args:
        size: Height and width of the blurred picture, pixels.
        rows: Kernels from top to bottom.
        columns: Kernels from left to right; kernels are counted row by row.

    Raises:
        InputError: If there is no kernel, or more of them than pixels along an axis.

    Source: the overlapping windows of Hirsch et al., "Efficient Filter Flow for Space-Variant
    Multiframe Blind Deconvolution", CVPR 2010.
    """

    windows: Tensor

    def __init__(self, size: Sequence[int], *, rows: int, columns: int) -> None:
        super().__init__()
        height, width = size
        if not (1 <= rows <= height and 1 <= columns <= width):
            raise InputError(
                f"a grid needs from 1 to {height} rows and from 1 to {width} columns in a picture "
                f"of {height} x {width}, got {rows} x {columns}"
            )
        self.kernels = rows * columns
        windows = _tents(height, rows)[:, None, :, None] * _tents(width, columns)[:, None, :]
        windows = windows.reshape(1, self.kernels, height, width)
        self.register_buffer("windows", windows, persistent=False)

    def forward(self) -> Shares:
        """The same at every call; in [0, 1], and at each pixel they sum to 1."""
        return self.windows


class MixingWeights(nn.Module):
    """Shares that a network of the deep image prior's kind makes from noise: they are sought too.

    >>> shares = MixingWeights([8, 8], kernels=2, inputs=2, channels=4, skipped=2, scales=1)()
    >>> shares.shape, torch.allclose(shares.sum(dim=1), torch.ones(1, 8, 8))
    (torch.Size([1, 2, 8, 8]), True)

    Args:
        size: Height and width of the blurred picture, pixels.
        kernels: How many share every pixel.
        inputs: Feature maps of the fixed noise.
        channels: Feature maps of the network at every scale.
        skipped: Feature maps of each skip.
        scales: Number of halvings.

    Raises:
        InputError: If a side is too short to be halved so often.

    Source: our extension of Ren et al., "Neural Blind Deconvolution Using Deep Priors", CVPR 2020.
    """

    noise: Tensor

    def __init__(
        self,
        size: Sequence[int],
        *,
        kernels: int,
        inputs: int,
        channels: int,
        skipped: int,
        scales: int,
    ) -> None:
        super().__init__()
        self.kernels = kernels
        self.register_buffer("noise", NOISE * torch.rand(1, inputs, *size))
        refuse_small(self.noise, smallest=smallest_side(scales))
        attentions = [nn.Identity] * scales
        self.body = scales_of(attentions, inputs=inputs, channels=channels, skipped=skipped)
        self.logits = nn.Conv2d(channels, kernels, 1)

    def forward(self) -> Shares:
        """The shares as they are now; in (0, 1), and at each pixel they sum to 1."""
        return torch.softmax(self.logits(self.body(self.noise)), dim=1)


class KernelBasis(nn.Module):
    """SelfDeblur's kernel network with several answers: each is not negative and sums to 1.

    With one kernel it is `deblurkit.networks.selfdeblur.KernelGenerator`.

    >>> bank = KernelBasis(inputs=8, hidden=4, size=5, kernels=2)(torch.rand(1, 8))
    >>> bank.shape, [round(kernel.sum().item(), 4) for kernel in bank]
    (torch.Size([2, 1, 5, 5]), [1.0, 1.0])

    Args:
        inputs: Numbers of the fixed noise.
        hidden: Values of the hidden layer.
        size: Side of the kernels, pixels.
        kernels: How many.

    Raises:
        InputError: If the size is even or not positive.

    Source: Ren et al., "Neural Blind Deconvolution Using Deep Priors", CVPR 2020,
    arXiv:1908.02197, sec. 3.2; authors' code, ``networks/fcn.py``.
    Differs from the paper: several kernels share the hidden layer.
    """

    def __init__(self, *, inputs: int, hidden: int, size: int, kernels: int) -> None:
        super().__init__()
        if size < 1 or size % 2 == 0:
            raise InputError(f"a kernel needs a positive, odd size in pixels, got {size}")
        self.kernels, self.size = kernels, size
        self.layers = nn.Sequential(
            nn.Linear(inputs, hidden), nn.ReLU6(), nn.Linear(hidden, kernels * size**2)
        )

    def forward(self, noise: Float[Tensor, "1 numbers"]) -> Bank:
        """Make all kernels from one row of noise."""
        shares = torch.softmax(self.layers(noise).view(self.kernels, -1), dim=-1)
        return shares.unflatten(-1, (1, self.size, self.size))


class VaryingBlur(nn.Module):
    """Blurs a picture with a bank of kernels; networks that make the shares are its parameters.

    >>> from functools import partial
    >>> blur = VaryingBlur([8, 8], shares=partial(Tents, rows=1, columns=2), blend=blended)
    >>> blur(torch.rand(1, 3, 12, 12), torch.full((2, 1, 5, 5), 1 / 25)).shape
    torch.Size([1, 3, 8, 8])

    Args:
        size: Height and width of the blurred picture, pixels.
        shares: Makes what answers the shares, from ``size``: ``Tents`` or ``MixingWeights``.
        blend: ``blended`` or ``filter_flow``.
    """

    def __init__(
        self,
        size: Sequence[int],
        *,
        shares: Callable[[Sequence[int]], nn.Module],
        blend: Callable[[Latent, Bank, Shares], Observed],
    ) -> None:
        super().__init__()
        self.shares, self.blend = shares(size), blend

    def forward(self, latent: Latent, bank: Bank) -> Observed:
        """Blur.

        Raises:
            InputError: If there are not as many kernels as shares.
        """
        shares = self.shares()
        if shares.shape[1] != len(bank):
            raise InputError(
                f"{len(bank)} kernels came with shares of {shares.shape[1]}: give the kernel "
                "generator as many kernels"
            )
        return self.blend(latent, bank, shares)


def blended(latent: Latent, bank: Bank, shares: Shares) -> Observed:
    """Blur the whole picture with every kernel, then take each pixel from all of them.

    A flat picture stays flat, as under a camera that moves: each pixel of the blurred picture is a
    mean of pixels of the sharp one.

    >>> bank, shares = torch.full((2, 1, 3, 3), 1 / 9), torch.full((1, 2, 4, 4), 0.5)
    >>> blurred = blended(torch.ones(1, 3, 6, 6), bank, shares)
    >>> torch.allclose(blurred, torch.ones(1, 3, 4, 4))
    True

    Args:
        latent: Sharp picture, larger than the blurred one by ``size - 1`` pixels on each axis.
        bank: Kernels, acting by convolution.
        shares: Of each kernel at each pixel of the blurred picture; they sum to 1.

    Source: Nagy and O'Leary, "Restoring Images Degraded by Spatially Variant Blur", SIAM Journal on
    Scientific Computing 1998.
    """
    layers = convolved_inside(latent.expand(len(bank), -1, -1, -1), bank)
    return (shares.transpose(0, 1) * layers).sum(dim=0, keepdim=True)


def filter_flow(latent: Latent, bank: Bank, shares: Shares) -> Observed:
    """Share out the sharp picture, blur each part with its kernel, then add the parts.

    Each pixel of the sharp picture spreads its light by the kernels of its own place. Where kernels
    change, a flat picture does not quite stay flat.

    >>> bank, shares = torch.full((2, 1, 3, 3), 1 / 9), torch.full((1, 2, 4, 4), 0.5)
    >>> filter_flow(torch.ones(1, 1, 6, 6), bank, shares).shape
    torch.Size([1, 1, 4, 4])

    Args:
        latent: Sharp picture, larger than the blurred one by ``size - 1`` pixels on each axis.
        bank: Kernels, acting by convolution.
        shares: Of each kernel at each pixel, of the blurred picture's size; beyond it they go on
            as they are at its border.

    Source: Hirsch et al., "Efficient Filter Flow for Space-Variant Multiframe Blind
    Deconvolution", CVPR 2010.
    """
    border = (bank.shape[-1] // 2,) * 4
    windows = functional.pad(shares, border, mode="replicate").transpose(0, 1)
    return convolved_inside(windows * latent, bank).sum(dim=0, keepdim=True)


def _tents(length: int, nodes: int) -> Float[Tensor, "nodes length"]:
    """Hats around the middles of equal parts of a line; they sum to 1."""
    middles = (torch.arange(length) + 0.5) * nodes / length - 0.5  # in parts
    positions = middles.clamp(0, nodes - 1)
    return (1 - (positions - torch.arange(nodes)[:, None]).abs()).clamp(min=0)
