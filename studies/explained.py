"""The kernels that explain a blurred picture best, its sharp picture and each kernel's share known.

Least squares over kernels that are not negative and sum to 1: convex, so nothing that a blind
method may find explains the picture better. Solved by projected gradients with momentum (Beck and
Teboulle, "A Fast Iterative Shrinkage-Thresholding Algorithm", SIAM Journal on Imaging Sciences
2009) until the Frank-Wolfe gap bounds what is left to gain.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

from deblurkit.networks.parts.nonuniform import Bank, Latent, Observed, Shares

ITERATIONS, TOLERANCE = 20_000, 0.05  # most iterations; what may be left
NONE = 1e-7  # mean squared error, a hundredth of that of rounding to 8 bits: all is explained


def best_kernels(
    latent: Latent,
    blurred: Observed,
    shares: Shares,
    *,
    seen: Bool[Tensor, "height width"],
) -> Bank:
    """Kernels, acting by convolution, whose blend comes closest where ``seen`` is true.

    Args:
        latent: The sharp picture, larger than the blurred one by a kernel's side less one pixel.
        blurred: The blurred picture.
        shares: Of each kernel at each pixel.
        seen: Pixels that count.

    Raises:
        RuntimeError: If the iterations do not suffice.
    """
    size = latent.shape[-1] - blurred.shape[-1] + 1
    level = blurred.mean()  # what sums to 1 leaves it alone, and without it the problem is easier
    patches = functional.unfold(latent - level, size)[0][:, seen.flatten()]
    rows = torch.cat([share[seen] * patches for share in shares[0]])
    wanted = (blurred - level)[0, 0][seen]
    gram, target = rows @ rows.T, rows @ wanted
    energy = wanted.square().sum()
    kernels = _descended(
        gram, target, energy=energy, none=NONE * len(wanted), count=shares.shape[1]
    )
    return kernels.view(-1, 1, size, size).flip((-2, -1))


def _descended(gram: Tensor, target: Tensor, *, energy: Tensor, none: float, count: int) -> Tensor:
    """Weights of ``count`` kernels, one after the other, at the least of a quadratic."""
    kernels = torch.full_like(target, count / len(target))
    ahead, pace = kernels, 1.0
    step = 1 / float(torch.linalg.matrix_norm(gram, 2))
    for iteration in range(ITERATIONS):
        gradient = gram @ ahead - target
        before, kernels = kernels, projected((ahead - step * gradient).view(count, -1)).flatten()
        if gradient @ (kernels - before) > 0:  # momentum has overshot
            pace = 1.0
        following = (1 + (1 + 4 * pace**2) ** 0.5) / 2
        ahead = kernels + (pace - 1) / following * (kernels - before)
        pace = following
        if iteration % 50 == 49:
            slope = gram @ kernels - target
            gap = slope @ kernels - slope.view(count, -1).amin(dim=1).sum()
            error = kernels @ (slope - target) + energy
            if 2 * gap < TOLERANCE * error + none:
                return kernels
    raise RuntimeError(f"{ITERATIONS} iterations leave more than {TOLERANCE:.0%} of the error")


def projected(
    points: Float[Tensor, "kernels weights"],
) -> Float[Tensor, "kernels weights"]:
    """The nearest points that are not negative and sum to 1, row by row.

    Source: Duchi et al., "Efficient Projections onto the l1-Ball", ICML 2008, fig. 1.
    """
    falling = points.sort(dim=1, descending=True).values
    places = torch.arange(1, points.shape[1] + 1, dtype=points.dtype)
    over = (falling.cumsum(dim=1) - 1) / places
    last = (falling > over).sum(dim=1, keepdim=True) - 1
    return (points - over.gather(1, last)).clamp(min=0)
