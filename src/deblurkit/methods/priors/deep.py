"""Pictures that networks generate from fixed noise: their state, and how they descend.

What the deep image prior and the blind methods that follow it share. A method computes the
objective of an iteration and hands it to ``Descent.move``.
"""

import logging
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from deblurkit.contracts import Image, Scalar
from deblurkit.errors import InputError
from deblurkit.methods.frame.gradient_guard import IN_A_ROW, total_norm
from deblurkit.methods.priors.problem import Problem

log = logging.getLogger(__name__)

CONSTANT = 1 / 255  # a picture with less contrast than one grey level has nothing to restore
DRAWS = 1_000_003  # seeds lie so far apart in the numbers that start the noise of an iteration


def uniform(shape: Sequence[int], *, amplitude: float) -> Tensor:
    """Fixed noise for a generator, uniform between 0 and ``amplitude``.

    >>> noise = uniform((1, 8, 100, 100), amplitude=0.1)
    >>> bool(0 <= noise.min() and noise.max() < 0.1)
    True

    Source: the code of Ulyanov et al., "Deep Image Prior", CVPR 2018, and of SelfDeblur.
    """
    return amplitude * torch.rand(*shape)


def gaussian(shape: Sequence[int], *, amplitude: float) -> Tensor:
    """Fixed noise for a generator, normal with mean 0 and standard deviation ``amplitude``.

    >>> noise = gaussian((1, 8, 100, 100), amplitude=0.1)
    >>> round(noise.std().item(), 2), bool(noise.min() < -0.2)
    (0.1, True)

    Source: Chi, "Weakly-supervising the Deep Priors for Blind Deconvolution", project proposal,
    University of Toronto, sec. 1.
    """
    return amplitude * torch.randn(*shape)


class GeneratedProblem(Problem):
    """A picture whose answer networks generate; their weights are what is sought.

    >>> generators = {"picture": nn.Conv2d(8, 3, 3)}
    >>> problem = GeneratedProblem(torch.zeros(3, 8, 8), 5, generators=generators, seed=0)
    >>> problem.complaints()
    ['it is constant, so there is nothing to restore']

    Args:
        blurred: The picture, (C, H, W) in [0, 1].
        kernel_size: Extent of the blur in pixels.
        generators: The networks by name; they stay in training mode.
        seed: Starts the noise that each iteration adds to their inputs.

    Attributes:
        skipped: Iterations whose objective or gradient was not finite; nothing moved in them.
    """

    seed: Tensor
    skipped: Tensor
    in_a_row: Tensor

    def __init__(
        self, blurred: Image, kernel_size: int, *, generators: Mapping[str, nn.Module], seed: int
    ) -> None:
        super().__init__(blurred, kernel_size)
        self.generators = nn.ModuleDict(generators)
        self.register_buffer("seed", torch.tensor(seed))  # a resumed run keeps its own
        self.register_buffer("skipped", torch.zeros((), dtype=torch.long))
        self.register_buffer("in_a_row", torch.zeros((), dtype=torch.long))

    def jittered(self, noise: Tensor, jitter: float) -> Tensor:
        """Fixed noise with fresh noise upon it, a pure function of seed and iteration.

        Args:
            noise: Input of a generator.
            jitter: Standard deviation of what is added.
        """
        generator = torch.Generator(noise.device)
        generator.manual_seed((int(self.seed) * DRAWS + int(self.iterations)) % 2**32)
        fresh = torch.randn(
            noise.shape, generator=generator, dtype=noise.dtype, device=noise.device
        )
        return noise + jitter * fresh

    def is_constant(self) -> bool:
        """Whether nothing can be seen in the picture."""
        low, high = self.blurred.aminmax()
        return float(high - low) < CONSTANT

    def is_hopeless(self) -> bool:
        """A constant picture is its own answer."""
        return self.is_constant()

    def measured(self) -> dict[str, float]:
        """How many iterations were left out."""
        return {"skipped": float(self.skipped)}

    def complaints(self) -> list[str]:
        """What went wrong, in sentences without the picture's name."""
        sentences = []
        if self.is_constant():
            sentences.append("it is constant, so there is nothing to restore")
        if self.in_a_row >= IN_A_ROW:
            sentences.append(
                f"the last {IN_A_ROW} iterations were not finite, so its answer is that of the "
                "last good one; use trainer.precision=32-true or lower learning rates"
            )
        return sentences


class Descent:
    """How generators move: an optimiser with a rate for each of them, halved at milestones.

    >>> settings = {"rates": {"picture": 0.01}, "milestones": [2000], "decay": 0.5}
    >>> descent = Descent(optimizer=torch.optim.Adam, **settings)
    >>> generators = {"picture": nn.Conv2d(8, 3, 3)}
    >>> problem = GeneratedProblem(torch.rand(3, 8, 8), 5, generators=generators, seed=0)
    >>> descent.optimizer_of(problem).param_groups[0]["lr"]
    0.01

    Args:
        optimizer: Makes the optimiser from groups of parameters.
        rates: First learning rate of each generator, by its name.
        milestones: Numbers of iterations after which the rates fall.
        decay: Factor of the rates at each milestone.
    """

    def __init__(
        self,
        *,
        optimizer: Callable[[Iterable[Any]], Optimizer],
        rates: Mapping[str, float],
        milestones: Sequence[int],
        decay: float,
    ) -> None:
        self.optimizer, self.rates = optimizer, dict(rates)
        self.milestones, self.decay = list(milestones), decay

    def optimizer_of(self, problem: GeneratedProblem) -> Optimizer:
        """The optimiser of one problem.

        Raises:
            InputError: If rates and generators have other names.
        """
        if self.rates.keys() != set(problem.generators):
            raise InputError(
                f"rates are given for {sorted(self.rates)}, the generators are "
                f"{sorted(problem.generators)}"
            )
        groups = [
            {"params": list(problem.generators[name].parameters()), "lr": rate, "initial_lr": rate}
            for name, rate in self.rates.items()
        ]
        return self.optimizer(groups)

    def move(self, problem: GeneratedProblem, optimizer: Any, objective: Scalar) -> bool:
        """Take one step, unless the objective or its gradient is not finite.

        After ten such iterations in a row the problem stops running; its weights and its answer
        stay those of the last good iteration.

        Args:
            problem: Its ``iterations`` count the current one already.
            optimizer: Of this problem.
            objective: Of this iteration, with its graph.

        Returns:
            Whether the step was taken, so that the answer of this iteration counts.
        """
        iterations = int(problem.iterations) - 1
        factor = self.decay ** sum(iterations >= milestone for milestone in self.milestones)
        for group in optimizer.param_groups:
            group["lr"] = group["initial_lr"] * factor
        optimizer.zero_grad()
        if bool(objective.isfinite()):
            objective.backward()
            if math.isfinite(total_norm(_gradients(problem))):
                optimizer.step()
                problem.in_a_row.zero_()
                return True
            optimizer.zero_grad()
        log.warning("%s: iteration %d is not finite and was left out", problem.name, iterations + 1)
        problem.skipped += 1
        problem.in_a_row += 1
        if problem.in_a_row >= IN_A_ROW:
            problem.running.fill_(False)
        return False


def _gradients(problem: GeneratedProblem) -> list[Tensor]:
    parameters = problem.generators.parameters()
    return [gradient for parameter in parameters if (gradient := parameter.grad) is not None]
