"""Wiener filtering with a known kernel: one division of spectra, the oldest deconvolution."""

import torch

from deblurkit.contracts import BlurredBatch, Restoration
from deblurkit.errors import InputError
from deblurkit.imaging.deconvolution import (
    Frame,
    continued,
    filtered,
    kernel_spectra,
    known_kernels,
)
from deblurkit.methods.solver import SolverMethod


class Wiener(SolverMethod):
    r"""Divides by the kernel's spectrum, except where that is weak against noise.

    .. math:: X = \frac{\bar K Y}{|K|^2 + b |L|^2}

    with the Laplacian L, so that rough pictures are improbable ones. What the blurred picture is
    outside its border is set, in each round, to what blurring the last result gives there.
    It is differentiable in the picture and in the kernel.

    Args:
        balance: Factor b of the penalty; larger is smoother.
        rounds: How often the border is filled from the result.

    Raises:
        InputError: If the balance is not positive or the rounds are negative.

    Source: Wiener, "Extrapolation, Interpolation, and Smoothing of Stationary Time Series", 1949;
    the Laplacian as in Hunt, IEEE Trans. Computers 1973.
    Differs from scikit-image's ``wiener``: pictures go on beyond their borders, not periodically.
    """

    takes = frozenset({"kernel"})

    def __init__(self, *, balance: float, rounds: int) -> None:
        super().__init__()
        if balance <= 0 or rounds < 0:
            raise InputError(
                f"a Wiener filter needs a positive balance and rounds from 0 on, "
                f"got {balance} and {rounds}"
            )
        self.balance, self.rounds = balance, rounds

    def restoration(self, batch: BlurredBatch) -> Restoration:
        """Restore a batch of any size with its kernels."""
        kernels = known_kernels(batch, method="Wiener")
        blurred = batch["blurred"].to(kernels.dtype)
        frame = Frame((blurred.shape[-2], blurred.shape[-1]), margin=kernels.shape[-1])
        with torch.autocast(blurred.device.type, enabled=False):
            spectra = kernel_spectra(kernels, frame.size)
            observed = continued(
                frame.extended(blurred),
                frame.inside(spectra),
                spectra=spectra,
                balance=self.balance,
                rounds=self.rounds,
            )
            framed = filtered(observed, spectra, balance=self.balance)
        return {"restored": frame.cropped(framed)}
