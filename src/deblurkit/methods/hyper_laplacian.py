"""Deconvolution with a known kernel and the heavy-tailed prior of natural pictures' gradients."""

from itertools import accumulate
from operator import mul

import torch
from jaxtyping import Float
from torch import Tensor

from deblurkit import progress
from deblurkit.contracts import BlurredBatch, Images, Kernels, Restoration
from deblurkit.errors import InputError
from deblurkit.imaging.blur.deconvolution import (
    MaskedLeastSquares,
    PeriodicFrame,
    differences,
    divergence,
    filtered,
    kernel_spectra,
    known_kernels,
    roughness,
    without_repeats,
)
from deblurkit.methods.frame.classical import ClassicalMethod

BALANCE = 4e-3  # of the Wiener filter that the search begins with
GROWTH = 2 * 2**0.5  # of the splitting's weight between rounds
WEIGHTS = tuple(accumulate([GROWTH] * 5, mul, initial=1.0))  # of the splitting, up to 256
NEWTON = 6  # steps; they end at the exact minimum in single precision


class HyperLaplacian(ClassicalMethod):
    r"""The picture whose blurred version fits and whose gradients are sparse.

    .. math:: \min_x \tfrac{\lambda}{2} \|m (k * x - y)\|^2 + \sum_d |\nabla_d x|^\alpha

    with the mask m of pixels that were seen. It is solved by half-quadratic splitting and is
    differentiable in the picture and in the kernel.

    >>> from deblurkit.imaging.blur.convolution import blur
    >>> kernel, sharp = torch.full((1, 1, 3, 3), 1 / 9), torch.rand(1, 3, 24, 32)
    >>> method = HyperLaplacian(fidelity=6000.0, exponent=0.8, rounds=1, steps=2)
    >>> restored = method.restore(blur(sharp, kernel), kernel=kernel)
    >>> (restored - sharp).square().mean() < (blur(sharp, kernel) - sharp).square().mean()
    tensor(True)

    Args:
        fidelity: Weight lambda of the data term; smaller for noisier pictures.
        exponent: Exponent alpha of the gradients, above 0, at most 1.
        rounds: Alternations per weight of the splitting.
        steps: Of conjugate gradients per alternation, which only the borders need.

    Raises:
        InputError: If one of these lies outside its range.

    Source: Krishnan and Fergus, "Fast Image Deconvolution using Hyper-Laplacian Priors", NIPS
    2009, sec. 2; the threshold as in Zuo et al., "A Generalized Iterated Shrinkage Algorithm for
    Non-convex Sparse Coding", ICCV 2013, eq. 12.
    Differs from the paper: Newton's method instead of a table; what lies outside the borders is
    unknown, as in Reeves, IEEE Trans. Image Processing 2005, instead of tapered.
    """

    takes = frozenset({"kernel"})

    def __init__(self, *, fidelity: float, exponent: float, rounds: int, steps: int) -> None:
        super().__init__()
        if fidelity <= 0 or not 0 < exponent <= 1 or min(rounds, steps) < 1:
            raise InputError(
                "a hyper-Laplacian prior needs a positive fidelity, an exponent above 0 and at "
                "most 1, and at least 1 round and 1 step, "
                f"got {fidelity}, {exponent}, {rounds} and {steps}"
            )
        self.fidelity, self.exponent, self.rounds, self.steps = fidelity, exponent, rounds, steps

    def restoration(self, batch: BlurredBatch) -> Restoration:
        """Restore a batch of any size with its kernels."""
        kernels = known_kernels(batch, method="HyperLaplacian")
        blurred = batch["blurred"].to(kernels.dtype)
        with torch.autocast(blurred.device.type, enabled=False):
            restored = sparsely_deconvolved(
                without_repeats(blurred),
                kernels,
                fidelity=self.fidelity,
                exponent=self.exponent,
                rounds=self.rounds,
                steps=self.steps,
            )
        return {"restored": restored.expand_as(blurred)}


def sparsely_deconvolved(
    blurred: Images, kernels: Kernels, *, fidelity: float, exponent: float, rounds: int, steps: int
) -> Images:
    """Half-quadratic splitting for the prior of ``HyperLaplacian``; one kernel per picture.

    Args:
        blurred: Pictures in [0, 1], single or double precision.
        kernels: Of the same precision, one per picture, not larger than the pictures.
        fidelity: Weight of the data term.
        exponent: Of the gradients.
        rounds: Alternations per weight of the splitting.
        steps: Of conjugate gradients per alternation.

    Returns:
        Restored pictures, not clamped.
    """
    frame = PeriodicFrame((blurred.shape[-2], blurred.shape[-1]), kernel_size=kernels.shape[-1])
    observed = frame.extended(blurred)
    spectra = kernel_spectra(kernels, frame.size)
    inside, rough = frame.inside(spectra), roughness(observed)
    estimate = filtered(observed, spectra, balance=BALANCE)
    for weight in progress.steps(WEIGHTS, "weights of the splitting"):
        system = MaskedLeastSquares(spectra, inside, fidelity / weight, rough)
        for _ in range(rounds):
            sparse = shrunk(differences(estimate), strength=1 / weight, exponent=exponent)
            right_side = system.seen(observed) + torch.fft.rfft2(divergence(sparse))
            solution = system.solved(right_side, torch.fft.rfft2(estimate), steps=steps)
            estimate = torch.fft.irfft2(solution, s=frame.size)
    return frame.cropped(estimate)


def shrunk(
    values: Float[Tensor, "..."], *, strength: float, exponent: float
) -> Float[Tensor, "..."]:
    r"""Minimum of :math:`\tfrac12 (w - v)^2 + s |w|^p` for each value v.

    Args:
        values: Of any sign.
        strength: Weight s of the penalty, positive.
        exponent: Exponent p, above 0, at most 1.

    Returns:
        Zero up to a threshold, beyond it less than the value and of its sign.
    """
    room = 2 * strength * (1 - exponent)
    threshold = room ** (1 / (2 - exponent))
    threshold += strength * exponent * room ** ((exponent - 1) / (2 - exponent)) if room else 0
    threshold = threshold if room else strength
    size = values.abs()
    beyond = size > threshold
    start = torch.where(beyond, size, torch.full_like(size, 2 * threshold))
    root = start
    for _ in range(NEWTON):  # from the right, where the slope is convex: it never overshoots
        slope = root - start + strength * exponent * root ** (exponent - 1)
        bend = 1 + strength * exponent * (exponent - 1) * root ** (exponent - 2)
        root = root - slope / bend
    return torch.where(beyond, root * values.sign(), torch.zeros_like(values))
