"""Pieces that deconvolution shares: a frame around the picture, spectra, the kernel of a batch.

Fourier methods see a picture as periodic. A blurred photograph is not: what lies just outside has
been blurred into it. So a picture is laid into a larger frame, and a method explains only what was
seen of the blurred picture; what it sees outside follows from that, not from a guess.
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Bool, Complex, Float
from torch import Tensor

from deblurkit.contracts import BlurredBatch, Images, Kernels
from deblurkit.errors import InputError
from deblurkit.imaging.blur.conjugate_gradients import conjugate_gradients
from deblurkit.imaging.blur.convolution import fast_length
from deblurkit.imaging.blur.kernels import check_kernels

Framed = Float[Tensor, "batch channels framed_height framed_width"]
Spectra = Complex[Tensor, "#batch #channels framed_height half_width"]
Powers = Float[Tensor, "*#batch framed_height half_width"]  # of frequencies, not negative


def known_kernels(batch: BlurredBatch, *, method: str) -> Kernels:
    """Kernels of a batch, one per picture, in the precision and on the device of its pictures.

    >>> batch = {"blurred": torch.rand(2, 3, 8, 8), "kernel": torch.full((1, 1, 3, 3), 1 / 9)}
    >>> known_kernels(batch | {"name": ["a", "b"]}, method="Wiener").shape
    torch.Size([2, 1, 3, 3])

    Args:
        batch: With ``kernel``: one per picture, or a single one for all.
        method: What asks, for the message.

    Raises:
        InputError: If there is none, if it is no usable kernel (even side, sum not 1), if there
            are neither one nor one per picture, or if a side is larger than the picture's.
    """
    blurred = batch["blurred"]
    if "kernel" not in batch:
        raise InputError(
            f"{method} restores pictures whose blur is known: give its kernel, as in "
            "restore(blurred, kernel=kernel), or take data with kernels"
        )
    kernels = batch["kernel"]
    check_kernels(kernels)
    if len(kernels) not in (1, len(blurred)):
        raise InputError(
            f"give one kernel, or one per picture: {len(kernels)} kernels came with "
            f"{len(blurred)} pictures"
        )
    if kernels.shape[-1] > min(blurred.shape[-2:]):
        raise InputError(
            f"a kernel of {kernels.shape[-1]} pixels is larger than a picture of "
            f"{tuple(blurred.shape[-2:])}; crop the kernel or give a larger picture"
        )
    exact = torch.promote_types(blurred.dtype, torch.float32)
    return kernels.to(blurred.device, exact).expand(len(blurred), -1, -1, -1)


def without_repeats(
    pictures: Images,
) -> Float[Tensor, "batch distinct height width"]:
    """One channel of gray pictures, whose channels are equal: they would cost three times as much.

    Where gradients are wanted, every channel stays. ``expand_as`` brings the others back.

    >>> without_repeats(torch.rand(1, 1, 8, 8).expand(1, 3, 8, 8)).shape
    torch.Size([1, 1, 8, 8])
    """
    first = pictures[:, :1]
    graded = torch.is_grad_enabled() and pictures.requires_grad
    return pictures if graded or not torch.equal(pictures, first.expand_as(pictures)) else first


class PeriodicFrame:
    """Where a picture lies in a larger, periodic one.

    >>> frame, picture = PeriodicFrame((20, 30), kernel_size=5), torch.rand(1, 3, 20, 30)
    >>> frame.size, frame.cropped(frame.extended(picture)).equal(picture)
    ((24, 40), True)

    Args:
        size: Height and width of the picture, pixels.
        kernel_size: Side of the kernel, pixels; half of it on each side of the picture suffices
            for a periodic convolution to be right within the picture.
    """

    def __init__(self, size: tuple[int, int], *, kernel_size: int) -> None:
        self.margin = kernel_size // 2
        self.height, self.width = size
        height, width = (fast_length(side + 2 * self.margin) for side in size)
        self.size = (height, width)

    def extended(self, pictures: Images) -> Framed:
        """Lay pictures into the frame; they go on mirrored, as often as it takes."""
        for axis, (side, whole) in enumerate(zip(pictures.shape[-2:], self.size, strict=True)):
            positions = torch.arange(whole, device=pictures.device) - self.margin
            pictures = pictures.index_select(2 + axis, _mirrored(positions, side))
        return pictures

    def joined(self, pictures: Images) -> Framed:
        """Lay pictures into the frame; their mirror images at opposite ends run into each other.

        Source: after Liu and Jia, "Reducing Boundary Artifacts in Image Deconvolution", ICIP 2008.
        Differs from the paper: mirror images that fade, not the smoothest surface.
        """
        for axis, (side, whole) in enumerate(zip(pictures.shape[-2:], self.size, strict=True)):
            positions = (torch.arange(whole, device=pictures.device) - self.margin) % whole
            outside = (positions - side + 1).clamp(min=0).to(pictures) / (whole - side + 1)
            share = (outside.square() * (3 - 2 * outside)).reshape(-1, *[1] * (1 - axis))
            after = pictures.index_select(2 + axis, _mirrored(positions, side))
            before = pictures.index_select(2 + axis, _mirrored(positions - whole, side))
            pictures = torch.lerp(after, before, share)
        return pictures

    def cropped(self, framed: Framed) -> Images:
        """The picture within the frame."""
        rows = slice(self.margin, self.margin + self.height)
        return framed[..., rows, self.margin : self.margin + self.width]

    def inside(self, framed: Tensor) -> Bool[Tensor, "framed_height framed_width"]:
        """True where the picture lies."""
        mask = torch.zeros(self.size, dtype=torch.bool, device=framed.device)
        mask[self.margin : self.margin + self.height, self.margin : self.margin + self.width] = True
        return mask


def _mirrored(positions: Tensor, side: int) -> Tensor:
    period = max(2 * (side - 1), 1)
    folded = positions.remainder(period)
    return torch.minimum(folded, period - folded)


def kernel_spectra(kernels: Kernels, size: tuple[int, int]) -> Spectra:
    """Spectra of kernels whose middle is the origin, for pictures of a size in pixels.

    >>> point = torch.tensor([[[[1.0]]]])
    >>> kernel_spectra(point, (8, 8)).abs().unique()
    tensor([1.])
    """
    half = kernels.shape[-1] // 2
    height, width = size
    room = kernels.new_zeros(len(kernels), 1, height, width)
    room[..., : kernels.shape[-1], : kernels.shape[-1]] = kernels
    return torch.fft.rfft2(room.roll((-half, -half), dims=(-2, -1)))


def convolved(framed: Framed, spectra: Spectra) -> Framed:
    """Periodic convolution with what has these spectra.

    >>> framed, kernel = torch.ones(1, 1, 8, 8), torch.full((1, 1, 3, 3), 1 / 9)
    >>> torch.allclose(convolved(framed, kernel_spectra(kernel, (8, 8))), framed)
    True
    """
    height, width = framed.shape[-2:]
    return torch.fft.irfft2(torch.fft.rfft2(framed) * spectra, s=(height, width))


def differences(framed: Framed) -> Float[Tensor, "2 batch channels framed_height framed_width"]:
    """Periodic differences to the next row and to the next column, per pixel.

    >>> differences(torch.arange(4.0).expand(1, 1, 4, 4))[1, 0, 0, 0]
    tensor([ 1.,  1.,  1., -3.])
    """
    return torch.stack([framed.roll(-1, axis) - framed for axis in (-2, -1)])


def divergence(
    fields: Float[Tensor, "2 batch channels framed_height framed_width"],
) -> Framed:
    """The adjoint of ``differences``: its inner products are the same.

    >>> framed, fields = torch.rand(1, 1, 4, 4), torch.rand(2, 1, 1, 4, 4)
    >>> products = (differences(framed) * fields).sum(), (framed * divergence(fields)).sum()
    >>> torch.allclose(*products, atol=1e-5)
    True
    """
    return sum(
        (field.roll(1, axis) - field for field, axis in zip(fields, (-2, -1), strict=True)),
        start=torch.zeros_like(fields[0]),
    )


def roughness(framed: Framed) -> Float[Tensor, "framed_height half_width"]:
    """What squared differences weigh each frequency with: zero for flat pictures, at most 8.

    >>> rough = roughness(torch.rand(1, 1, 4, 4))
    >>> rough[0, 0].item(), rough.max().item()
    (0.0, 8.0)
    """
    height, width = framed.shape[-2:]
    options = {"dtype": framed.dtype, "device": framed.device}
    rows = 2 - 2 * (2 * math.pi * torch.fft.fftfreq(height, **options)).cos()
    columns = 2 - 2 * (2 * math.pi * torch.fft.rfftfreq(width, **options)).cos()
    return rows[:, None] + columns


def filtered(observed: Framed, spectra: Spectra, *, balance: float) -> Framed:
    """Wiener filter of periodic pictures.

    >>> kernel, sharp = torch.full((1, 1, 3, 3), 1 / 9), torch.rand(1, 1, 8, 8)
    >>> spectra = kernel_spectra(kernel, (8, 8))
    >>> restored = filtered(convolved(sharp, spectra), spectra, balance=1e-9)
    >>> torch.allclose(restored, sharp, atol=1e-2)
    True

    Args:
        observed: Blurred pictures, periodic.
        spectra: Of their kernels.
        balance: Factor of the squared Laplacian.

    Returns:
        Restored pictures, periodic, not clamped.
    """
    weights = spectra.abs().square() + balance * roughness(observed).square()
    return convolved(observed, spectra.conj() / weights)


class MaskedLeastSquares(NamedTuple):
    r"""Pictures that explain what was seen, :math:`\min_x f \|m (k * x - y)\|^2 + \|P x\|^2`.

    All pictures are spectra here, so that a step costs two transforms.

    >>> observed, spectra = torch.rand(1, 1, 8, 8), torch.ones(1, 1, 8, 5, dtype=torch.complex64)
    >>> everywhere = torch.ones(8, 8, dtype=torch.bool)
    >>> system = MaskedLeastSquares(spectra, everywhere, 1.0, torch.zeros(8, 5))  # a point blurs
    >>> solution = system.solved(system.seen(observed), 0 * spectra, steps=2)
    >>> torch.allclose(torch.fft.irfft2(solution, s=(8, 8)), observed, atol=1e-5)
    True

    Args:
        spectra: Of the kernels.
        inside: The mask m: where the blurred pictures y were seen.
        fidelity: Factor f.
        penalty: Squared modulus of P, per frequency.

    Source: Reeves, "Fast image restoration without boundary artifacts", IEEE Trans. Image
    Processing 2005: the system and its preconditioner.
    """

    spectra: Spectra
    inside: Bool[Tensor, "framed_height framed_width"]
    fidelity: float
    penalty: Powers

    def seen(self, observed: Framed) -> Spectra:
        """What the blurred pictures add to the right side of the normal equations."""
        return self.fidelity * self.spectra.conj() * torch.fft.rfft2(observed * self.inside)

    def solved(self, target: Spectra, start: Spectra, *, steps: int) -> Spectra:
        """Solve the normal equations by conjugate gradients, each picture and channel on its own.

        Args:
            target: Their right side.
            start: Where the search begins.
            steps: Of conjugate gradients; the preconditioner is the solution without a mask.
        """
        unmasked = self.fidelity * self.spectra.abs().square() + self.penalty
        return conjugate_gradients(
            self._applied,
            target,
            start=start,
            filtered=lambda residual: residual / unmasked,
            product=self._product,
            steps=steps,
        )

    def _applied(self, pictures: Spectra) -> Spectra:
        blurred = torch.fft.irfft2(pictures * self.spectra, s=self.inside.shape)
        return self.seen(blurred) + self.penalty * pictures

    def _product(self, first: Spectra, second: Spectra) -> Float[Tensor, "batch channels 1 1"]:
        """Inner product of real pictures, whose spectra are stored by half; width is even."""
        products = (first.conj() * second).real
        twice = 2 * products[..., 1:-1].sum(dim=-1) + products[..., 0] + products[..., -1]
        return twice.sum(dim=-1)[..., None, None] / self.inside.numel()
