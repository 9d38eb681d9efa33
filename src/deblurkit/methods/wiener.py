"""Wiener filtering with a known kernel: one division of spectra, the oldest deconvolution."""

import torch

from deblurkit.contracts import BlurredBatch, Images, Restoration
from deblurkit.errors import InputError
from deblurkit.imaging.blur.continuation import continued
from deblurkit.imaging.blur.deconvolution import (
    Framed,
    MaskedLeastSquares,
    PeriodicFrame,
    Powers,
    Spectra,
    convolved,
    kernel_spectra,
    known_kernels,
    roughness,
    without_repeats,
)
from deblurkit.imaging.blur.noise import faint_noise_level
from deblurkit.methods.frame.classical import ClassicalMethod


class Wiener(ClassicalMethod):
    r"""Divides by the kernel's spectrum, except where that is weak against noise.

    .. math:: \min_x \|m (k * x - y)\|^2 + (\sigma / g)^2 \|\nabla x\|^2 + c \|x\|^2
        + b \|\Delta x\|^2

    with the mask m of pixels that were seen and the noise :math:`\sigma` of the blurred picture.
    For a periodic picture, seen everywhere, that is :math:`X = \bar K Y / (|K|^2 + P)` with the
    power P of noise over that of the picture at each frequency; the search begins there. It is
    differentiable in the picture and in the kernel.

    >>> from deblurkit.imaging.blur.convolution import blur
    >>> kernel, sharp = torch.full((1, 1, 3, 3), 1 / 9), torch.rand(1, 3, 24, 32)
    >>> method = Wiener(gradients=0.09, inexactness=2e-3, balance=0.0, steps=8)
    >>> restored = method.restore(blur(sharp, kernel), kernel=kernel)
    >>> (restored - sharp).square().mean() < (blur(sharp, kernel) - sharp).square().mean()
    tensor(True)

    Args:
        balance: Factor b of the Laplacian; larger is smoother, whatever the noise.
        steps: Of conjugate gradients, which only the borders need.
        gradients: Standard deviation g of the differences between neighbouring pixels of a sharp
            picture, in intensity units; None: the noise plays no part.
        inexactness: Power c of what the kernel's spectrum is wrong by, compared to 1: such an
            error is a noise of the picture's own colour. The picture's mean stays out of it.

    Raises:
        InputError: If a number is negative, or none of the penalties is positive.

    Source: Wiener, "Extrapolation, Interpolation, and Smoothing of Stationary Time Series", 1949;
    spectra of natural pictures as in Field, JOSA A 1987, those of differences being flat; the
    Laplacian as in Hunt, IEEE Trans. Computers 1973; the mask as in Reeves, IEEE Trans. Image
    Processing 2005.
    Differs from scikit-image's ``wiener``: pictures go on beyond their borders, not periodically.
    """

    takes = frozenset({"kernel"})

    def __init__(
        self,
        *,
        balance: float,
        steps: int,
        gradients: float | None = None,
        inexactness: float = 0.0,
    ) -> None:
        # Files that were written before there was anything but a balance hold those two only.
        super().__init__()
        numbers = (balance, inexactness, 0.0 if gradients is None else gradients)
        if min(*numbers, steps) < 0 or max(numbers) == 0 or gradients == 0:
            raise InputError(
                "a Wiener filter needs steps from 0 on and a positive balance, inexactness or "
                f"gradients, none of them negative, got {balance}, {inexactness}, {gradients} and "
                f"{steps} steps"
            )
        self.balance, self.steps = balance, steps
        self.gradients, self.inexactness = gradients, inexactness

    def restoration(self, batch: BlurredBatch) -> Restoration:
        """Restore a batch of any size with its kernels."""
        kernels = known_kernels(batch, method="Wiener")
        blurred = batch["blurred"].to(kernels.dtype)
        frame = PeriodicFrame((blurred.shape[-2], blurred.shape[-1]), kernel_size=kernels.shape[-1])
        with torch.autocast(blurred.device.type, enabled=False):
            distinct = without_repeats(blurred)
            spectra = kernel_spectra(kernels, frame.size)
            if self.gradients is None:
                framed = self._searched(frame, frame.extended(distinct), spectra)
            else:
                framed = self._continued(frame, distinct, spectra, gradients=self.gradients)
        return {"restored": frame.cropped(framed).expand_as(blurred)}

    def _continued(
        self, frame: PeriodicFrame, blurred: Images, spectra: Spectra, *, gradients: float
    ) -> Framed:
        joined = frame.joined(blurred)
        share = (faint_noise_level(blurred.detach()) / gradients).square()
        penalty = self._penalty(joined) + share[:, None, None, None] * roughness(joined)
        power = spectra.abs().square()
        whole = continued(
            joined, power / (power + penalty), inside=frame.inside(joined), steps=self.steps
        )
        return convolved(whole, spectra.conj() / (power + penalty))

    def _searched(self, frame: PeriodicFrame, observed: Framed, spectra: Spectra) -> Framed:
        """As files want it that were written before there were gradients; the same in the end."""
        penalty = self._penalty(observed)
        system = MaskedLeastSquares(spectra, frame.inside(spectra), 1.0, penalty)
        weights = spectra.abs().square() + penalty
        start = torch.fft.rfft2(convolved(observed, spectra.conj() / weights))
        solution = system.solved(system.seen(observed), start, steps=self.steps)
        return torch.fft.irfft2(solution, s=frame.size)

    def _penalty(self, framed: Framed) -> Powers:
        rough = roughness(framed)
        return self.balance * rough.square() + self.inexactness * (rough > 0)
