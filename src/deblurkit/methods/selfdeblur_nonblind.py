"""A generator that explains a picture blurred by a known kernel: SelfDeblur's second stage."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from deblurkit.contracts import BlurredBatch, Distance, Image, Kernels, Restoration
from deblurkit.imaging.blur.deconvolution import known_kernels
from deblurkit.methods.frame.classical import ClassicalMethod
from deblurkit.methods.frame.per_picture import finish
from deblurkit.methods.priors.blind import BlindPriors, BlindProblem
from deblurkit.methods.priors.deep import Descent
from deblurkit.methods.priors.problem import Problem


class GivenKernel(nn.Module):
    """Stands where a kernel generator would and gives what it was told.

    >>> GivenKernel(inputs=1, size=5)(torch.rand(1, 1)).shape
    torch.Size([1, 1, 5, 5])

    Args:
        inputs: Not read.
        size: Side of the kernel, pixels.
    """

    weights: Tensor

    def __init__(self, *, inputs: int, size: int) -> None:
        super().__init__()
        self.register_buffer("weights", torch.zeros(1, 1, size, size))

    def forward(self, noise: Tensor) -> Kernels:
        """The kernel, turned by 180 degrees as a generator makes it."""
        return self.weights


class SelfDeblurNonBlind(ClassicalMethod):
    """Finds the weights of a generator whose picture convolves with a known kernel to the blurred.

    It serves where the kernel is known, and after a blind method: the authors deconvolve anew with
    the kernel that was found where the picture went black.

    >>> small = ["picture.channels=4", "picture.scales=2", "stopping.iterations=2"]
    >>> method = deblurkit.build("selfdeblur_nonblind", *(f"priors.{size}" for size in small))
    >>> method.restore(torch.rand(1, 3, 18, 30), kernel=torch.full((1, 1, 5, 5), 1 / 25)).shape
    torch.Size([1, 3, 18, 30])

    Args:
        priors: Makes the generator and its noise; its ``kernel`` is a ``GivenKernel``.
        fidelity: The distance to the blurred picture after a number of iterations.
        descent: How the generator moves.
        average: Share of earlier iterates in the answer, in [0, 1).

    Source: Ren et al., "Neural Blind Deconvolution Using Deep Priors", CVPR 2020,
    arXiv:1908.02197; authors' code, its script without a kernel generator.
    """

    takes = frozenset({"kernel"})

    def __init__(
        self,
        *,
        priors: BlindPriors,
        fidelity: Callable[[int], Distance],
        descent: Descent,
        average: float,
    ) -> None:
        super().__init__()
        self.priors, self.fidelity = priors, fidelity
        self.moving, self.average = descent, average

    def state_with(self, blurred: Image, kernel: Kernels) -> BlindProblem:
        """A fresh generator for one picture and its kernel, (1, 1, size, size)."""
        problem = self.priors.initial_state(blurred, kernel.shape[-1]).to(blurred.device)
        generator = problem.generators["kernel"]
        assert isinstance(generator, GivenKernel)
        generator.weights.copy_(kernel.flip((-2, -1)))
        return problem

    def descent(self, problem: Problem) -> Optimizer:
        """The optimiser of the generator."""
        assert isinstance(problem, BlindProblem)
        return self.moving.optimizer_of(problem)

    def iterate(self, problem: Problem, optimizer: Any) -> None:
        """Make a picture, blur it, compare, descend."""
        assert isinstance(problem, BlindProblem)
        iterate = problem.generate(self.priors.jitter)
        distance = self.fidelity(int(problem.iterations) - 1)
        fidelity = distance(iterate.reblurred, problem.luminance)
        if self.moving.move(problem, optimizer, fidelity):
            problem.keep(iterate, fidelity=fidelity, average=self.average)

    def restoration(self, batch: BlurredBatch) -> Restoration:
        """Solve each picture with its kernel."""
        kernels = known_kernels(batch, method="SelfDeblurNonBlind")
        solved = []
        with torch.inference_mode(False), torch.enable_grad():
            triples = zip(batch["blurred"], kernels, batch["name"], strict=True)
            for blurred, kernel, name in triples:
                problem = self.state_with(blurred.clone(), kernel[None].clone())
                solved.append(finish(self, problem, name))
        return {
            "restored": torch.stack([problem.answer for problem in solved]),
            "facts": [problem.facts() for problem in solved],
        }
