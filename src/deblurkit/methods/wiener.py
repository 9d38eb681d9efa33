"""Wiener filtering with a known kernel: one division of spectra, the oldest deconvolution."""

import torch

from deblurkit.contracts import BlurredBatch, Restoration
from deblurkit.errors import InputError
from deblurkit.imaging.blur.deconvolution import (
    MaskedLeastSquares,
    PeriodicFrame,
    filtered,
    kernel_spectra,
    known_kernels,
    roughness,
    without_repeats,
)
from deblurkit.methods.frame.classical import ClassicalMethod


class Wiener(ClassicalMethod):
    r"""Divides by the kernel's spectrum, except where that is weak against noise.

    .. math:: \min_x \|m (k * x - y)\|^2 + b \|\Delta x\|^2

    with the mask m of pixels that were seen. For a periodic picture, seen everywhere, that is
    :math:`X = \bar K Y / (|K|^2 + b |L|^2)` with the Laplacian's spectrum L; the search begins
    there. It is differentiable in the picture and in the kernel.

    >>> from deblurkit.imaging.blur.convolution import blur
    >>> kernel, sharp = torch.full((1, 1, 3, 3), 1 / 9), torch.rand(1, 3, 24, 32)
    >>> restored = Wiener(balance=4e-3, steps=10).restore(blur(sharp, kernel), kernel=kernel)
    >>> (restored - sharp).square().mean() < (blur(sharp, kernel) - sharp).square().mean()
    tensor(True)

    Args:
        balance: Factor b of the penalty; larger is smoother.
        steps: Of conjugate gradients, which only the borders need.

    Raises:
        InputError: If the balance is not positive or the steps are negative.

    Source: Wiener, "Extrapolation, Interpolation, and Smoothing of Stationary Time Series", 1949;
    the Laplacian as in Hunt, IEEE Trans. Computers 1973; the mask as in Reeves, IEEE Trans. Image
    Processing 2005.
    Differs from scikit-image's ``wiener``: pictures go on beyond their borders, not periodically.
    """

    takes = frozenset({"kernel"})

    def __init__(self, *, balance: float, steps: int) -> None:
        super().__init__()
        if balance <= 0 or steps < 0:
            raise InputError(
                f"a Wiener filter needs a positive balance and steps from 0 on, "
                f"got {balance} and {steps}"
            )
        self.balance, self.steps = balance, steps

    def restoration(self, batch: BlurredBatch) -> Restoration:
        """Restore a batch of any size with its kernels."""
        kernels = known_kernels(batch, method="Wiener")
        blurred = batch["blurred"].to(kernels.dtype)
        frame = PeriodicFrame((blurred.shape[-2], blurred.shape[-1]), kernel_size=kernels.shape[-1])
        with torch.autocast(blurred.device.type, enabled=False):
            observed = frame.extended(without_repeats(blurred))
            spectra = kernel_spectra(kernels, frame.size)
            penalty = self.balance * roughness(observed).square()
            system = MaskedLeastSquares(spectra, frame.inside(spectra), 1.0, penalty)
            start = torch.fft.rfft2(filtered(observed, spectra, balance=self.balance))
            solution = system.solved(system.seen(observed), start, steps=self.steps)
            framed = torch.fft.irfft2(solution, s=frame.size)
        return {"restored": frame.cropped(framed).expand_as(blurred)}
