"""Deconvolution with a known kernel and the heavy-tailed prior of natural pictures' gradients."""

import torch
from jaxtyping import Float
from torch import Tensor

from deblurkit.contracts import BlurredBatch, Images, Kernels, Restoration
from deblurkit.errors import InputError
from deblurkit.imaging.deconvolution import (
    Frame,
    continued,
    convolved,
    differences,
    divergence,
    kernel_spectra,
    known_kernels,
    roughness,
)
from deblurkit.methods.solver import SolverMethod

BALANCE, ROUNDS = 4e-3, 30  # of the Wiener filter that first continues the border
GROWTH = 2 * 2**0.5  # of the splitting's weight between rounds
LAST = 256.0  # largest weight of the splitting
NEWTON = 6  # steps; they end at the exact minimum in single precision


class HyperLaplacian(SolverMethod):
    r"""The picture whose blurred version fits and whose gradients are sparse.

    .. math:: \min_x \tfrac{\lambda}{2} \|k * x - y\|^2 + \sum_d |\nabla_d x|^\alpha

    It is solved by half-quadratic splitting; what the blurred picture is outside its border is
    set, after each step, to what blurring the estimate gives there. It is differentiable in the
    picture and in the kernel.

    Args:
        fidelity: Weight lambda of the data term; smaller for noisier pictures.
        exponent: Exponent alpha of the gradients, above 0, at most 1.
        steps: Alternations per weight of the splitting.

    Raises:
        InputError: If one of these lies outside its range.

    Source: Krishnan and Fergus, "Fast Image Deconvolution using Hyper-Laplacian Priors", NIPS
    2009, sec. 2; the threshold as in Zuo et al., "A Generalized Iterated Shrinkage Algorithm for
    Non-convex Sparse Coding", ICCV 2013, eq. 12.
    Differs from the paper: Newton's method instead of a table, filled instead of tapered borders.
    """

    takes = frozenset({"kernel"})

    def __init__(self, *, fidelity: float, exponent: float, steps: int) -> None:
        super().__init__()
        if fidelity <= 0 or not 0 < exponent <= 1 or steps < 1:
            raise InputError(
                "a hyper-Laplacian prior needs a positive fidelity, an exponent above 0 and at "
                f"most 1, and at least 1 step, got {fidelity}, {exponent} and {steps}"
            )
        self.fidelity, self.exponent, self.steps = fidelity, exponent, steps

    def restoration(self, batch: BlurredBatch) -> Restoration:
        """Restore a batch of any size with its kernels."""
        kernels = known_kernels(batch, method="HyperLaplacian")
        blurred = batch["blurred"].to(kernels.dtype)
        with torch.autocast(blurred.device.type, enabled=False):
            restored = sparsely_deconvolved(
                blurred,
                kernels,
                fidelity=self.fidelity,
                exponent=self.exponent,
                steps=self.steps,
            )
        return {"restored": restored}


def sparsely_deconvolved(
    blurred: Images, kernels: Kernels, *, fidelity: float, exponent: float, steps: int
) -> Images:
    """Half-quadratic splitting for the prior of ``HyperLaplacian``; one kernel per picture.

    Args:
        blurred: Pictures in [0, 1], single or double precision.
        kernels: Of the same precision, one per picture, not larger than the pictures.
        fidelity: Weight of the data term.
        exponent: Of the gradients.
        steps: Alternations per weight of the splitting.

    Returns:
        Restored pictures, not clamped.
    """
    frame = Frame((blurred.shape[-2], blurred.shape[-1]), margin=kernels.shape[-1])
    spectra = kernel_spectra(kernels, frame.size)
    inside = frame.inside(spectra)
    observed = continued(
        frame.extended(blurred), inside, spectra=spectra, balance=BALANCE, rounds=ROUNDS
    )
    rough = roughness(observed)
    estimate, weight = observed, 1.0
    while weight <= LAST:
        pull = fidelity / weight
        inverse = 1 / (pull * spectra.abs().square() + rough)
        for _ in range(steps):
            sparse = shrunk(differences(estimate), strength=1 / weight, exponent=exponent)
            wanted = pull * convolved(observed, spectra.conj()) + divergence(sparse)
            estimate = convolved(wanted, inverse.to(spectra.dtype))
            observed = torch.where(inside, observed, convolved(estimate, spectra))
        weight *= GROWTH
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
    kept = size > threshold
    start = torch.where(kept, size, torch.full_like(size, 2 * threshold))
    root = start
    for _ in range(NEWTON):  # from the right, where the slope is convex: it never overshoots
        slope = root - start + strength * exponent * root ** (exponent - 1)
        bend = 1 + strength * exponent * (exponent - 1) * root ** (exponent - 2)
        root = root - slope / bend
    return torch.where(kept, root * values.sign(), torch.zeros_like(values))
