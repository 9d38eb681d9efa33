"""SelfDeblur with a teacher: a restored picture guides the generators and says when to stop."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor
from torch.optim import Optimizer

from deblurkit.contracts import Distance, Image, Images
from deblurkit.errors import InputError
from deblurkit.losses.consistency import Consistency
from deblurkit.losses.frozen import Frozen
from deblurkit.losses.total_variation import total_variation
from deblurkit.losses.weights import Objective, Weight
from deblurkit.methods.frame.per_picture import PerPictureMethod
from deblurkit.methods.priors.blind import BlindPriors, BlindProblem
from deblurkit.methods.priors.deep import Descent
from deblurkit.methods.priors.early_stopping import TeacherWatch
from deblurkit.methods.priors.kernel_search import KernelSearch
from deblurkit.methods.priors.problem import Problem


class WeakSelfDeblur(PerPictureMethod):
    r"""Two generators that explain a blurred picture, held to what a trained deblurrer makes of it.

    .. math:: \min_{G_x, G_k} D(\hat y, y) + \lambda_w(t) E(\hat x, g(y))
        + \lambda_r(t) E(g(\hat y), g(y)) + \lambda_m \mathrm{TV}(m) + \lambda \mathrm{TV}(\hat x)

    with the picture :math:`\hat x = G_x(z_x)` and :math:`\hat y = G_k(z_k) \otimes \hat x`. The
    teacher g is frozen; it errs, so its weight should fall. The luminance is optimised; chroma is
    carried over. Kernels come with the answer, their mean where the blur varies.

    >>> method = deblurkit.build("weak_selfdeblur", "priors.picture.channels=4")
    >>> sorted(method.objective.weights)
    ['consistency', 'fidelity', 'mixture', 'weak']

    Args:
        priors: Makes the generators and their noise, and what says when a picture ends.
        teacher: Restores luminance; opened when the first picture is begun.
        fidelity: The distance D after a number of iterations.
        weak: The distance E of the restored picture to the teacher's. Rules of stopping that ask
            the teacher compare by it what the teacher makes of re-blurred and blurred picture.
        consistency: The reading of eq. 6.
        weights: Numbers, or schedules in iterations of a picture, of the terms ``weak``,
            ``consistency`` and ``mixture`` (total variation of the kernels' shares); the fidelity
            has the weight 1.
        smoothness: The weight of total variation for a blurred picture.
        descent: How the generators move.
        average: Share of earlier iterates in the answer, in [0, 1).
        search: Finds the extent of an unknown blur.

    Source: Chi, "Weakly-supervising the Deep Priors for Blind Deconvolution", project proposal,
    University of Toronto, eqs. 3 to 7, upon Ren et al., "Neural Blind Deconvolution Using Deep
    Priors", CVPR 2020, arXiv:1908.02197.
    Differs from the proposal: eq. 6 compares what g makes of the re-blurred and of the blurred
    picture, or its features; as printed it is there too. The presets' teacher is a classical
    solver where eq. 4 asks for a network that was trained on a large set, and their noise z is
    uniform, as in SelfDeblur's code, where the text has Gaussian noise;
    ``model=weak_selfdeblur_paper`` has both as the text has them.

    Raises:
        InputError: If the mixture has a weight, but the blur does not vary.
    """

    takes = frozenset({"kernel_size"})

    def __init__(
        self,
        *,
        priors: BlindPriors,
        teacher: Frozen,
        fidelity: Callable[[int], Distance],
        weak: Distance,
        consistency: Consistency,
        weights: Mapping[str, Weight],
        smoothness: Callable[[Images], float],
        descent: Descent,
        average: float,
        search: KernelSearch,
    ) -> None:
        super().__init__()
        if weights.get("mixture") and priors.blur is None:
            raise InputError(
                "the weight of mixture needs kernels that vary over the picture: give "
                "model.priors.blur, or the weight 0"
            )
        self.priors, self.teacher, self.fidelity = priors, teacher, fidelity
        self.weak, self.consistency, self.smoothness = weak, consistency, smoothness
        self.objective = Objective({"fidelity": 1.0, **weights})
        self.moving, self.average, self.search = descent, average, search
        self._guides: WeakKeyDictionary[Problem, Tensor] = WeakKeyDictionary()
        self._targets: WeakKeyDictionary[Problem, list[Tensor]] = WeakKeyDictionary()

    def initial_state(self, blurred: Image, kernel_size: int) -> BlindProblem:
        """Two fresh generators for one picture; the teacher is not asked yet."""
        problem = self.priors.initial_state(blurred, kernel_size)
        if isinstance(problem.watch, TeacherWatch):
            problem.watch.distance = partial(self.disagreement, problem)
        return problem

    def descent(self, problem: Problem) -> Optimizer:
        """The optimiser of all generators."""
        assert isinstance(problem, BlindProblem)
        return self.moving.optimizer_of(problem)

    def iterate(self, problem: Problem, optimizer: Any) -> None:
        """Make picture and kernel, compare with the blurred picture and the teacher's, descend."""
        assert isinstance(problem, BlindProblem)
        iterate = problem.generate(self.priors.jitter)
        iterations = self.objective.batches = int(problem.iterations) - 1
        distance = self.fidelity(iterations)
        terms = self.objective.wanted(
            fidelity=lambda: distance(iterate.reblurred, problem.luminance),
            weak=lambda: self.weak(iterate.restored, self.guide(problem)),
            consistency=lambda: self.consistency(
                self.teacher,
                iterate.restored,
                reblurred=iterate.reblurred,
                target=self._target(problem),
                kernel_size=problem.kernel_size,
            ),
            mixture=lambda: total_variation(_shares(problem)),
        )
        objective = self.objective(terms)
        weight = self.smoothness(problem.luminance)
        if weight:
            objective = objective + weight * total_variation(iterate.latent)
        if self.moving.move(problem, optimizer, objective):
            problem.keep(iterate, fidelity=terms["fidelity"], average=self.average)

    @torch.no_grad()
    def guide(self, problem: BlindProblem) -> Images:
        """The teacher's answer to the blurred picture; asked once.

        Raises:
            InputError: If the teacher cannot restore it, in a sentence.
        """
        if problem not in self._guides:
            self._guides[problem] = self._restored(problem, problem.luminance)
        return self._guides[problem]

    @torch.no_grad()
    def _target(self, problem: BlindProblem) -> list[Tensor]:
        if problem not in self._targets:
            self._targets[problem] = self.consistency.target(
                self.teacher,
                problem.luminance,
                guide=self.guide(problem),
                kernel_size=problem.kernel_size,
            )
        return self._targets[problem]

    @torch.no_grad()
    def disagreement(self, problem: BlindProblem, reblurred: Images) -> float:
        """Distance of the teacher's answers to a re-blurred picture and to the blurred one."""
        restored = self._restored(problem, reblurred)
        return float(self.weak(restored, self.guide(problem)))

    def _restored(self, problem: BlindProblem, blurred: Images) -> Images:
        return self.teacher(blurred, kernel_size=problem.kernel_size)


def _shares(problem: BlindProblem) -> Tensor:
    blur: Any = problem.generators["blur"]
    shares: Tensor = blur.shares()
    return shares
