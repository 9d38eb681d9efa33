"""Richardson-Lucy deconvolution with a known kernel."""

import torch
from jaxtyping import Int
from torch import Tensor

from deblurkit.contracts import BlurredBatch, Images, Restoration
from deblurkit.errors import InputError
from deblurkit.imaging.blur.deconvolution import (
    Framed,
    PeriodicFrame,
    Spectra,
    convolved,
    kernel_spectra,
    known_kernels,
    without_repeats,
)
from deblurkit.imaging.blur.noise import faint_noise_level
from deblurkit.methods.frame.classical import ClassicalMethod
from deblurkit.progress import steps

TINY = 1e-6  # of intensities: keeps black pixels from a division by zero


class RichardsonLucy(ClassicalMethod):
    r"""Multiplies the estimate by how much more was seen than it explains.

    .. math:: x \leftarrow x \, \frac{\tilde k * (m \, y / (k * x))}{\tilde k * m}

    with the turned kernel and the mask m of pixels that were seen: what lies outside the border
    is estimated from what it contributes to the inside. It never leaves the positive numbers,
    and it is differentiable in the picture and in the kernel.

    >>> from deblurkit.imaging.blur.convolution import blur
    >>> kernel, sharp = torch.full((1, 1, 3, 3), 1 / 9), torch.rand(1, 3, 24, 32)
    >>> restored = RichardsonLucy(iterations=10).restore(blur(sharp, kernel), kernel=kernel)
    >>> (restored - sharp).square().mean() < (blur(sharp, kernel) - sharp).square().mean()
    tensor(True)

    Args:
        iterations: Largest number of steps; more are sharper and noisier.
        amplified: Number of steps times the standard deviation of the noise, in intensity units,
            at which a picture stops, for its noise grows with every step; None: it never does.

    Raises:
        InputError: If there is no iteration, or ``amplified`` is not positive.

    Source: Richardson, JOSA 1972; Lucy, The Astronomical Journal 1974; the mask as in Bertero and
    Boccacci, "A simple method for the reduction of boundary effects in the Richardson-Lucy
    approach to image deconvolution", Astronomy and Astrophysics 2005.
    """

    takes = frozenset({"kernel"})

    def __init__(self, *, iterations: int, amplified: float | None = None) -> None:
        # Files that were written before there was a rule to stop hold the iterations only.
        super().__init__()
        if iterations < 1 or (amplified is not None and amplified <= 0):
            raise InputError(
                "Richardson-Lucy needs at least 1 iteration and a positive amplified noise, "
                f"got {iterations} and {amplified}"
            )
        self.iterations, self.amplified = iterations, amplified

    def restoration(self, batch: BlurredBatch) -> Restoration:
        """Restore a batch of any size with its kernels."""
        kernels = known_kernels(batch, method="RichardsonLucy")
        blurred = batch["blurred"].to(kernels.dtype)
        frame = PeriodicFrame((blurred.shape[-2], blurred.shape[-1]), kernel_size=kernels.shape[-1])
        with torch.autocast(blurred.device.type, enabled=False):
            distinct = without_repeats(blurred)
            counts = self.steps(distinct)
            observed = frame.extended(distinct)
            inside = frame.inside(observed).to(observed.dtype).expand_as(observed)
            spectra = kernel_spectra(kernels, frame.size)
            estimate = observed
            for step in steps(range(int(counts.max())), "iterations"):
                sharper = multiplied(estimate, observed, inside, spectra=spectra)
                going = (step < counts)[:, None, None, None]
                estimate = torch.where(going, sharper, estimate)
        return {"restored": frame.cropped(estimate).expand_as(blurred)}

    def steps(self, blurred: Images) -> Int[Tensor, " batch"]:
        """How many steps each picture takes: the fewer, the noisier it is."""
        most = torch.full((len(blurred),), self.iterations, device=blurred.device)
        if self.amplified is None:
            return most
        noise = faint_noise_level(blurred.detach()).clamp(min=self.amplified / self.iterations)
        return torch.minimum(most, (self.amplified / noise).round().long().clamp(min=1))


def multiplied(estimate: Framed, observed: Framed, inside: Framed, *, spectra: Spectra) -> Framed:
    """One step on periodic pictures.

    Args:
        estimate: Present estimates, not negative.
        observed: Blurred pictures, not negative.
        inside: 1 where they were observed, 0 elsewhere.
        spectra: Of the kernels.

    Returns:
        Next estimates, not negative.
    """
    explained = convolved(estimate, spectra).clamp(min=TINY)
    surplus = convolved(inside * observed / explained, spectra.conj())
    share = convolved(inside, spectra.conj())
    # Where hardly anything reaches the picture, the estimate stays as it is.
    factor = torch.where(share > 1e-2, surplus / share.clamp(min=1e-2), torch.ones_like(share))
    return estimate * factor.clamp(min=0)
