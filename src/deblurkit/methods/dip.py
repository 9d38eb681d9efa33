"""The deep image prior: a network's architecture is all that is known of sharp pictures."""

import math
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from deblurkit.contracts import Distance, Image, Images
from deblurkit.errors import InputError
from deblurkit.methods.frame.per_picture import PerPictureMethod
from deblurkit.methods.priors.deep import Descent, GeneratedProblem
from deblurkit.methods.priors.operators import Operator
from deblurkit.methods.priors.problem import Problem
from deblurkit.methods.priors.stopping import Progress, Watch


class DIPProblem(GeneratedProblem):
    """One picture, the network that generates it, and what it went through.

    Args:
        blurred: The observed picture, (C, H, W) in [0, 1].
        generator: Makes the picture from noise.
        noise: Its input, (1, inputs, H + margin, W + margin).
        known: What the operator knows.
        target: The observed picture, as far as it was observed.
        watch: Says when it ends.
        seed: Starts the noise of each iteration.
    """

    noise: Tensor
    known: Tensor
    target: Tensor
    averaged: Tensor
    closeness: Tensor

    def __init__(
        self,
        blurred: Image,
        generator: nn.Module,
        *,
        noise: Tensor,
        known: Tensor,
        target: Images,
        watch: Watch,
        seed: int,
    ) -> None:
        super().__init__(blurred, 0, generators={"picture": generator}, seed=seed)
        self.watch = watch
        self.register_buffer("noise", noise)
        self.register_buffer("known", known)
        self.register_buffer("target", target)
        self.register_buffer("averaged", blurred.clone())
        self.register_buffer("closeness", torch.full((), -1e9))  # dB to the observed picture
        self.good = deepcopy(self.generators).requires_grad_(False)  # weights to fall back on

    def fallen_back(self, observed: Images, drop: float) -> bool:
        """Take the weights of the iteration before if the picture is suddenly far worse.

        Args:
            observed: What the current weights explain the picture by.
            drop: How much closeness may be lost from one iteration to the next, in dB.

        Returns:
            Whether the weights were replaced, so that this iteration does not count.
        """
        error = (observed.detach() - self.target).square().mean().clamp(min=1e-12)
        closeness = -10 * error.log10()
        if not bool(closeness.isfinite()):
            return False  # no step will be taken anyway
        fallen = bool(closeness < self.closeness - drop)
        self.closeness.copy_(closeness)
        if fallen:
            self.generators.load_state_dict(self.good.state_dict())
            self.skipped += 1
        else:
            self.good.load_state_dict(self.generators.state_dict())
        return fallen

    @torch.no_grad()
    def keep(self, restored: Image, observed: Images, *, fidelity: Tensor, average: float) -> None:
        """Take over an iteration's answer, and stop where the watch says so.

        Args:
            restored: Of this iteration, size of the observed picture.
            observed: What it explains the observed picture by.
            fidelity: Distance of both.
            average: Share of the earlier answers in the new one.
        """
        self.averaged.lerp_(restored, 1.0 if self.iterations == 1 else 1 - average)
        self.fidelity.copy_(fidelity)
        progress = Progress(
            iterations=int(self.iterations),
            restored=restored[None].detach(),
            reblurred=observed.detach(),
            fidelity=float(fidelity),
        )
        if self.watch.ends(progress):
            self.running.fill_(False)
        if self.watch.improved:
            self.answer.copy_(self.averaged)


class DIP(PerPictureMethod):
    r"""Finds the weights of an untrained network whose picture explains the observed one.

    .. math:: \min_\theta D(A f_\theta(z), y)

    It restores before it fits the noise: when it ends decides what comes out. With a known
    degradation A it deconvolves, fills in or denoises; where A is unknown, see SelfDeblur.

    >>> small = ["picture.channels=4", "picture.scales=2", "stopping.iterations=2"]
    >>> method = deblurkit.build("dip_denoise", *small)
    >>> method.restore(torch.rand(1, 3, 18, 30)).shape
    torch.Size([1, 3, 18, 30])

    Args:
        picture: Makes the network, from ``inputs``.
        inputs: Feature maps of its noise.
        amplitude: The noise is uniform between 0 and this.
        jitter: Standard deviation of the noise that each iteration adds.
        operator: The degradation A.
        fidelity: The distance D.
        stopping: Makes what says when a picture ends.
        descent: How the network moves.
        average: Share of earlier iterates in the answer, in [0, 1).
        drop: Loss of closeness to the observed picture from one iteration to the next, in dB,
            at which the weights of the iteration before come back.
        seed: Decides noise and first weights, together with the sizes alone.
        most_pixels: Largest picture with its margin, in pixels: all of it is optimised at once.

    Source: Ulyanov et al., "Deep Image Prior", CVPR 2018, arXiv:1711.10925; numbers of the
    authors' code.
    Differs from the authors' code: an iteration that falls back takes no step.
    """

    def __init__(
        self,
        *,
        picture: Callable[..., nn.Module],
        inputs: int,
        amplitude: float,
        jitter: float,
        operator: Operator,
        fidelity: Distance,
        stopping: Callable[[], Watch],
        descent: Descent,
        average: float,
        drop: float,
        seed: int,
        most_pixels: int,
    ) -> None:
        super().__init__()
        self.picture, self.inputs, self.amplitude = picture, inputs, amplitude
        self.jitter, self.operator, self.fidelity = jitter, operator, fidelity
        self.stopping, self.moving = stopping, descent
        self.average, self.drop = average, drop
        self.seed, self.most_pixels = seed, most_pixels
        self.takes = operator.takes
        if self.takes:
            self.needs, self.known = frozenset(), operator.known

    def setup(self, stage: str) -> None:
        """Refuse lists of pictures for which nobody says what happened to them.

        Raises:
            InputError: If the operator has to be told something.
        """
        if stage == "fit" and self.takes:
            keys = " and ".join(sorted(self.takes))
            raise InputError(
                f"DIP with {type(self.operator).__name__} has to be told the {keys} of each "
                "picture, which a training's list of pictures does not hold: use deblurkit-eval, "
                "or restore in Python"
            )
        super().setup(stage)

    def initial_state(
        self, blurred: Image, kernel_size: int, known: Tensor | None = None
    ) -> DIPProblem:
        """A fresh network for one picture; leaves the global random numbers alone.

        Args:
            blurred: The observed picture, (3, H, W).
            kernel_size: Not used.
            known: What the operator knows of it; None if nothing happened to it but noise.

        Raises:
            InputError: If the picture is too large, or too small for the network.
        """
        if known is None:
            known = self.operator.known({"blurred": blurred[None], "name": [""]}, 0)
        margin = self.operator.margin(known)
        sides = [side + margin for side in blurred.shape[-2:]]
        if math.prod(sides) > self.most_pixels:
            raise InputError(
                f"a picture of {math.prod(sides):,} pixels with its margin is optimised all at "
                f"once, at most {self.most_pixels:,} by the model's most_pixels; give a crop or a "
                "smaller picture"
            )
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(self.seed)
            noise = self.amplitude * torch.rand(1, self.inputs, *sides)
            generator = self.picture(inputs=self.inputs)
        return DIPProblem(
            blurred,
            generator,
            noise=noise,
            known=known,
            target=self.operator.target(blurred[None], known),
            watch=self.stopping(),
            seed=self.seed,
        )

    def descent(self, problem: Problem) -> Optimizer:
        """The optimiser of the network."""
        assert isinstance(problem, DIPProblem)
        return self.moving.optimizer_of(problem)

    def iterate(self, problem: Problem, optimizer: Any) -> None:
        """Make a picture, degrade it, compare with the observed one, descend."""
        assert isinstance(problem, DIPProblem)
        noise = problem.jittered(problem.noise, self.jitter)
        latent = problem.generators["picture"](noise).to(problem.blurred.dtype)
        observed = self.operator(latent, problem.known)
        if problem.fallen_back(observed, self.drop):
            return
        edge = self.operator.margin(problem.known) // 2
        height, width = problem.blurred.shape[-2:]
        restored = latent[0, :, edge : edge + height, edge : edge + width]
        fidelity = self.fidelity(observed, problem.target)
        if self.moving.move(problem, optimizer, fidelity):
            problem.keep(restored, observed, fidelity=fidelity, average=self.average)
