"""Blind deconvolution by two untrained generators that explain one blurred picture."""

from collections.abc import Callable
from typing import Any

from torch.optim import Optimizer

from deblurkit.contracts import (
    Distance,
    Image,
    Images,
)
from deblurkit.losses.total_variation import total_variation
from deblurkit.methods.frame.per_picture import PerPictureMethod
from deblurkit.methods.priors.blind import BlindPriors, BlindProblem
from deblurkit.methods.priors.deep import Descent
from deblurkit.methods.priors.kernel_search import KernelSearch
from deblurkit.methods.priors.problem import Problem


class SelfDeblur(PerPictureMethod):
    r"""Finds the weights of two generators whose picture and kernel convolve to the blurred one.

    .. math:: \min_{G_x, G_k} D(G_k(z_k) \otimes G_x(z_x), y) + \lambda \mathrm{TV}(G_x(z_x))

    The luminance is optimised; chroma is carried over. Kernels come with the answer. The extent
    of the blur must be known or, with ``deblurkit-deblur`` and ``restore``, is searched.

    >>> small = ["picture.channels=4", "picture.scales=2", "stopping.iterations=2"]
    >>> method = deblurkit.build("selfdeblur", *(f"priors.{size}" for size in small))
    >>> method.restore(torch.rand(1, 3, 18, 30), kernel_size=[5]).shape
    torch.Size([1, 3, 18, 30])

    Args:
        priors: Makes the generators and their noise.
        fidelity: The distance D after a number of iterations.
        smoothness: The weight of total variation for a blurred picture.
        descent: How the generators move.
        average: Share of earlier iterates in the answer, in [0, 1).
        search: Finds the extent of an unknown blur.

    Source: Ren et al., "Neural Blind Deconvolution Using Deep Priors", CVPR 2020,
    arXiv:1908.02197, sec. 3; authors' code for numbers and networks.
    Differs from the paper: two distances one after the other and no total variation for pictures
    without noise, as in the authors' code.
    """

    takes = frozenset({"kernel_size"})

    def __init__(
        self,
        *,
        priors: BlindPriors,
        fidelity: Callable[[int], Distance],
        smoothness: Callable[[Images], float],
        descent: Descent,
        average: float,
        search: KernelSearch,
    ) -> None:
        super().__init__()
        self.priors, self.fidelity, self.smoothness = priors, fidelity, smoothness
        self.moving, self.average, self.search = descent, average, search

    def initial_state(self, blurred: Image, kernel_size: int) -> BlindProblem:
        """Two fresh generators for one picture."""
        return self.priors.initial_state(blurred, kernel_size)

    def descent(self, problem: Problem) -> Optimizer:
        """The optimiser of both generators."""
        assert isinstance(problem, BlindProblem)
        return self.moving.optimizer_of(problem)

    def iterate(self, problem: Problem, optimizer: Any) -> None:
        """Make picture and kernel, compare their convolution with the blurred picture, descend."""
        assert isinstance(problem, BlindProblem)
        iterate = problem.generate(self.priors.jitter)
        distance = self.fidelity(int(problem.iterations) - 1)
        objective = fidelity = distance(iterate.reblurred, problem.luminance)
        weight = self.smoothness(problem.luminance)
        if weight:
            objective = fidelity + weight * total_variation(iterate.latent)
        if self.moving.move(problem, optimizer, objective):
            problem.keep(iterate, fidelity=fidelity, average=self.average)
