"""Blind deconvolution with the prior that a sharp picture has few edges, from coarse to fine."""

from time import perf_counter

import torch
import torch.nn.functional as F  # noqa: N812
from jaxtyping import Bool, Float
from torch import Tensor

from deblurkit.contracts import BlurredBatch, Images, Kernels, Restoration
from deblurkit.errors import InputError
from deblurkit.imaging.blur.deconvolution import (
    Framed,
    MaskedLeastSquares,
    PeriodicFrame,
    Spectra,
    convolved,
    differences,
    divergence,
    filtered,
    kernel_spectra,
    roughness,
)
from deblurkit.imaging.blur.kernel_estimation import fitted_kernels, plausible, resized
from deblurkit.imaging.blur.kernels import padded
from deblurkit.imaging.colour import luminance
from deblurkit.methods.frame.base import RestorationMethod
from deblurkit.methods.frame.classical import ClassicalMethod
from deblurkit.progress import steps

SMALLEST = 3  # pixels, side of the coarsest scale's kernel

Sizes = list[int]
Found = Float[Tensor, "batch 1 largest largest"]  # kernels


class L0Blind(ClassicalMethod):
    r"""Finds the kernel of a picture's luminance, then deconvolves all channels with it.

    .. math:: \min_{x, k} \|k * x - y\|^2 + \lambda \|\nabla x\|_0 + \gamma \|k\|^2

    alternating over scales. The sharp picture of this objective only serves the kernel; a method
    with a known kernel restores. Gradients flow through that one, the kernel is a constant.

    >>> method = deblurkit.build("l0_blind", "kernel_size=5", "rounds=1")
    >>> answer = method.restoration({"blurred": torch.rand(1, 3, 16, 20), "name": ["crop"]})
    >>> answer["restored"].shape, answer["kernel"].shape
    (torch.Size([1, 3, 16, 20]), torch.Size([1, 1, 5, 5]))

    Args:
        deconvolution: Restores with the kernel that was found.
        kernel_size: Side of the kernel in pixels, odd, where the data does not tell; in a smaller
            picture as large as fits.
        ratio: Of the sides of two neighbouring scales, below 1.
        rounds: Alternations per scale.
        sparsity: Lambda at first,
        decay: what it is divided by after each round,
        least_sparsity: and its least value.
        coupling: Largest weight of the splitting, which starts at twice lambda,
        growth: and grows by this factor.
        ridge: Gamma, the weight of squared kernel weights.
        steps: Of conjugate gradients per kernel.
        faint: Share of its largest weight below which a kernel's weights are cleared.
        islet: Share of all weight below which connected weights are cleared.
        balance: Of the Wiener filter that continues the borders before each alternation,
        border_steps: and its steps of conjugate gradients.

    Raises:
        InputError: If the side is even or below 3, or the ratio or growth makes no progress.

    Source: Xu et al., "Unnatural L0 Sparse Representation for Natural Image Deblurring", CVPR 2013;
    the splitting and the kernel as in Pan et al., "Deblurring Text Images via L0-Regularized
    Intensity and Gradient Prior", CVPR 2014, without its prior of intensities.
    Differs from both: what lies outside the borders is unknown and follows the estimate; the data
    term of the kernel leaves it out.
    """

    takes = frozenset({"kernel_size"})

    def __init__(
        self,
        *,
        deconvolution: RestorationMethod,
        kernel_size: int,
        ratio: float,
        rounds: int,
        sparsity: float,
        decay: float,
        least_sparsity: float,
        coupling: float,
        growth: float,
        ridge: float,
        steps: int,
        faint: float,
        islet: float,
        balance: float,
        border_steps: int,
    ) -> None:
        super().__init__()
        if not 0 < ratio < 1 or growth <= 1:
            raise InputError(
                f"scales need a ratio between 0 and 1 and a growth above 1, got {ratio}, {growth}"
            )
        refuse_size(kernel_size)
        self.deconvolution, self.kernel_size, self.ratio = deconvolution, kernel_size, ratio
        self.rounds, self.sparsity, self.decay = rounds, sparsity, decay
        self.least_sparsity, self.coupling, self.growth = least_sparsity, coupling, growth
        self.ridge, self.steps, self.faint, self.islet = ridge, steps, faint, islet
        self.balance, self.border_steps = balance, border_steps

    def restoration(self, batch: BlurredBatch) -> Restoration:
        """Restore a batch of any size; pictures whose kernels are of one size go together.

        Raises:
            InputError: If a given side is even, below 3, or larger than the pictures.
        """
        begin, blurred = perf_counter(), batch["blurred"]
        exact = torch.promote_types(blurred.dtype, torch.float32)
        with torch.no_grad(), torch.autocast(blurred.device.type, enabled=False):
            kernels = self._kernels(luminance(blurred.to(exact)), self.sizes(batch))
        known: BlurredBatch = {"blurred": blurred, "name": batch["name"], "kernel": kernels}
        restored = self.deconvolution.restoration(known)["restored"]
        seconds = (perf_counter() - begin) / len(blurred)
        facts = [{"seconds": seconds} for _ in batch["name"]]
        return {"restored": restored, "kernel": kernels, "facts": facts}

    def sizes(self, batch: BlurredBatch) -> Sizes:
        """Side of each picture's kernel in pixels."""
        short = min(batch["blurred"].shape[-2:])
        default = max(min(self.kernel_size, short - 1 + short % 2), SMALLEST)
        sizes = [size or default for size in batch.get("kernel_size", [0] * len(batch["name"]))]
        for size in sizes:
            refuse_size(size)
            if size > short:
                raise InputError(
                    f"a kernel of {size} pixels is larger than a picture of "
                    f"{tuple(batch['blurred'].shape[-2:])}; give a smaller kernel_size or a larger "
                    "picture"
                )
        return sizes

    def _kernels(self, blurred: Images, sizes: Sizes) -> Found:
        kernels = blurred.new_zeros(len(blurred), 1, max(sizes), max(sizes))
        for size in sorted(set(sizes)):
            chosen = torch.tensor([other == size for other in sizes], device=blurred.device)
            kernels[chosen] = padded(self.estimated(blurred[chosen], size), max(sizes))
        return kernels

    def estimated(self, blurred: Images, size: int) -> Found:
        """Kernels of one side, in pixels, of luminances."""
        scales = [size]
        while scales[-1] > SMALLEST:
            scales.append(max(int(size * self.ratio ** len(scales)) // 2 * 2 + 1, SMALLEST))
        kernels = blurred.new_tensor([[0, 0, 0], [0.5, 0.5, 0], [0, 0, 0]]).expand(
            len(blurred), 1, -1, -1
        )
        sparsity = self.sparsity
        for level, side in steps(list(reversed([*enumerate(scales)])), "scales"):
            pictures = smaller(blurred, ratio=self.ratio**level, least=2 * side)
            kernels = resized(kernels, side)
            frame = PeriodicFrame((pictures.shape[-2], pictures.shape[-1]), kernel_size=2 * side)
            observed = frame.extended(pictures)
            inside = frame.inside(observed)
            for _ in range(self.rounds):
                sharp, observed = self._few_edges(observed, kernels, inside, sparsity=sparsity)
                fitted = fitted_kernels(
                    sharp, observed, kernels, inside=inside, ridge=self.ridge, steps=self.steps
                )
                kernels = plausible(fitted, faint=self.faint, islet=self.islet)
                sparsity = max(sparsity / self.decay, self.least_sparsity)
        return kernels

    def _few_edges(
        self,
        observed: Framed,
        kernels: Kernels,
        inside: Bool[Tensor, "framed_height framed_width"],
        *,
        sparsity: float,
    ) -> tuple[Framed, Framed]:
        """The picture of few edges, and what blurring it gives outside what was seen."""
        spectra = kernel_spectra(kernels, (inside.shape[0], inside.shape[1]))
        observed = self._continued(observed, spectra, inside)
        power, rough = spectra.abs().square(), roughness(observed)
        weight, sharp = 2 * sparsity, observed
        while weight < self.coupling:
            edges = differences(sharp)
            edges = edges * (edges.square().sum(dim=0) >= sparsity / weight)
            right_side = convolved(observed, spectra.conj()) + weight * divergence(edges)
            inverse = 1 / (power + weight * rough)
            sharp = convolved(right_side, inverse.to(spectra.dtype))
            observed = torch.where(inside, observed, convolved(sharp, spectra))
            weight *= self.growth
        return sharp, observed

    def _continued(
        self, observed: Framed, spectra: Spectra, inside: Bool[Tensor, "framed_height framed_width"]
    ) -> Framed:
        """Blurred pictures that go on beyond their borders as a Wiener filter's result does."""
        system = MaskedLeastSquares(
            spectra, inside, 1.0, self.balance * roughness(observed).square()
        )
        start = torch.fft.rfft2(filtered(observed, spectra, balance=self.balance))
        solution = system.solved(system.seen(observed), start, steps=self.border_steps)
        explained = torch.fft.irfft2(solution * spectra, s=(inside.shape[0], inside.shape[1]))
        return torch.where(inside, observed, explained)


def smaller(
    pictures: Images, *, ratio: float, least: int
) -> Float[Tensor, "batch channels small_height small_width"]:
    """Pictures at a ratio of their size, their sides not below the least where they are not."""
    size = [max(round(side * ratio), min(least, side)) for side in pictures.shape[-2:]]
    if size == list(pictures.shape[-2:]):
        return pictures
    return F.interpolate(pictures, size=size, mode="bicubic", antialias=True)


def refuse_size(size: int) -> None:
    """Refuse a side that no centred kernel has.

    Raises:
        InputError: If it is even or below 3.
    """
    if size < SMALLEST or size % 2 == 0:
        raise InputError(
            f"kernel_size must be an odd number of pixels from 3 on, got {size}; "
            f"take {max(size | 1, SMALLEST)}"
        )
