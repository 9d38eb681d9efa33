"""Ends of an optimisation that look at how it goes: at the teacher, or at the picture itself."""

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from deblurkit.errors import InputError
from deblurkit.methods.priors.stopping import Progress, Watch


class TeacherWatch(Watch):
    """Ends when what the teacher makes of the re-blurred picture no longer gets closer.

    It looks now and then, smooths what it sees, and wants to be convinced several times in a row.

    Args:
        check_every: Iterations from one look to the next.
        smoothing: Share of earlier looks in the smoothed distance, in [0, 1).
        patience: How many looks in a row must be convincing.
        min_iterations: None of them is before this iteration.
        max_iterations: Here it ends in any case.

    Attributes:
        distance: Of the teacher's answer for a re-blurred picture to that for the blurred one; a
            method with a teacher gives it.

    Raises:
        InputError: If the numbers do not fit together.

    Source: Chi, "Weakly-supervising the Deep Priors for Blind Deconvolution", project proposal,
    University of Toronto, eq. 7 and the rule of consecutive iterations after it.
    """

    smoothed: Tensor
    looks: Tensor
    convinced: Tensor

    def __init__(
        self,
        *,
        check_every: int,
        smoothing: float,
        patience: int,
        min_iterations: int,
        max_iterations: int,
    ) -> None:
        super().__init__()
        if min(check_every, patience) < 1 or not 0 <= smoothing < 1:
            raise InputError(
                f"a watch looks every 1 or more iterations, waits for 1 or more looks and smooths "
                f"by less than 1, got {check_every}, {patience} and {smoothing}"
            )
        if not 0 <= min_iterations <= max_iterations or max_iterations < 1:
            raise InputError(
                f"an optimisation ends between its least and its most iterations, got "
                f"{min_iterations} and {max_iterations}"
            )
        self.check_every, self.smoothing, self.patience = check_every, smoothing, patience
        self.min_iterations, self.max_iterations = min_iterations, max_iterations
        self.distance: Callable[[Tensor], float] | None = None
        self.register_buffer("smoothed", torch.zeros((), dtype=torch.float64))
        self.register_buffer("looks", torch.zeros((), dtype=torch.long))
        self.register_buffer("convinced", torch.zeros((), dtype=torch.long))

    def ends(self, progress: Progress) -> bool:
        """Ask the teacher if it is time to.

        Raises:
            InputError: If the method has no teacher.
        """
        if progress.iterations % self.check_every == 0:
            before = self.smoothed.clone()
            self._look(progress)
            if progress.iterations >= self.min_iterations and self.convincing(before):
                self.convinced += 1
            else:
                self.convinced.zero_()
        return bool(self.convinced >= self.patience) or progress.iterations >= self.max_iterations

    @abstractmethod
    def convincing(self, before: Tensor) -> bool:
        """Whether the smoothed distance is a reason to end; asked from the least iteration on.

        Args:
            before: The smoothed distance of the look before, 0 where there was none.
        """

    def _look(self, progress: Progress) -> None:
        if self.distance is None:
            raise InputError(
                "this rule asks a teacher when to stop, and the method has none; take "
                "model=weak_selfdeblur or another rule in model.priors.stopping"
            )
        share = 1 - self.smoothing if self.looks else 1.0
        self.smoothed.lerp_(self.smoothed.new_tensor(self.distance(progress.reblurred)), share)
        self.looks += 1


class Agreement(TeacherWatch):
    """Ends when the teacher's answers for both pictures agree up to a threshold.

    The distance falls with the fidelity: the rule saves time and cannot see over-fitting.

    >>> looks = {"check_every": 1, "smoothing": 0.0, "patience": 1}
    >>> ends = {"min_iterations": 0, "max_iterations": 9}
    >>> watch = Agreement(threshold=ShareOfFirst(share=0.5), **looks, **ends)
    >>> watch.distance = lambda reblurred: float(reblurred.mean())  # a method asks its teacher
    >>> picture = torch.ones(1, 1, 8, 8)
    >>> [watch.ends(Progress(n, picture, picture / n, 0.0)) for n in (1, 2)]  # 1, then 0.5
    [False, True]

    Args:
        threshold: Gives the threshold, from the smoothed distance of the first look that counts.
        **numbers: As of ``TeacherWatch``.
    """

    level: Tensor

    def __init__(self, *, threshold: Callable[[float], float], **numbers: Any) -> None:
        super().__init__(**numbers)
        self.threshold = threshold
        self.register_buffer("level", torch.full((), -1.0, dtype=torch.float64))  # not known yet

    def convincing(self, before: Tensor) -> bool:
        """Compare with the threshold."""
        if self.level < 0:
            self.level.fill_(self.threshold(float(self.smoothed)))
        return bool(self.smoothed <= self.level)


class Settled(TeacherWatch):
    """Ends when the distance of the teacher's answers changes hardly any more.

    >>> looks = {"check_every": 1, "smoothing": 0.0, "patience": 1}
    >>> watch = Settled(change=0.1, **looks, min_iterations=0, max_iterations=9)
    >>> watch.distance = lambda reblurred: float(reblurred.mean())  # a method asks its teacher
    >>> picture = torch.ones(1, 1, 8, 8)
    >>> [watch.ends(Progress(n, picture, 0.95**n * picture, 0.0)) for n in (1, 2)]
    [False, True]

    Args:
        change: Largest share by which it may still change from one look to the next.
        **numbers: As of ``TeacherWatch``.
    """

    def __init__(self, *, change: float, **numbers: Any) -> None:
        super().__init__(**numbers)
        self.change = change

    def convincing(self, before: Tensor) -> bool:
        """Compare with the look before."""
        return bool((self.smoothed - before).abs() < self.change * before)


class MovingVariance(Watch):
    """Ends when the picture has moved least within a window of iterations, some time ago.

    While the picture is found it calms down; when noise is fitted it moves again. It answers with
    the picture of the calmest window. No teacher is asked.

    >>> settings = {"window": 2, "patience": 2, "pixels": 4}
    >>> watch = MovingVariance(**settings, min_iterations=2, max_iterations=9)
    >>> picture = torch.rand(1, 1, 8, 8)  # it never moves: calm from the first window on
    >>> [watch.ends(Progress(n, picture, picture, 0.0)) for n in (1, 2, 3, 4)]
    [False, False, False, True]

    Args:
        window: Iterations of which the variance is taken.
        patience: Iterations without a calmer window after which it ends.
        pixels: How many pixels, spread evenly over the picture, stand for all of it.
        min_iterations: No window that closes earlier counts. Where one distance gives way to
            another, the picture is calm before and moves once more behind.
        max_iterations: Here it ends in any case.

    Raises:
        InputError: If a number is not positive or the window has one iteration only.

    Source: Wang et al., "Early Stopping for Deep Image Prior", TMLR 2023, arXiv:2112.06074,
    algorithm 1 (ES-WMV).
    Differs from the paper: the variance of some pixels, so that a run keeps no hundred pictures;
    a first iteration that counts.
    """

    frames: Tensor
    least: Tensor
    best: Tensor

    def __init__(
        self, *, window: int, patience: int, pixels: int, min_iterations: int, max_iterations: int
    ) -> None:
        super().__init__()
        if window < 2 or min(patience, pixels, max_iterations) < 1:
            raise InputError(
                f"a moving variance needs a window of 2 or more iterations and positive patience, "
                f"pixels and iterations, got {window}, {patience}, {pixels} and {max_iterations}"
            )
        self.patience, self.max_iterations = patience, max_iterations
        self.first = max(window, min_iterations)
        self.register_buffer("frames", torch.zeros(window, pixels))
        self.register_buffer("least", torch.zeros(()))
        self.register_buffer("best", torch.zeros((), dtype=torch.long))  # 0: no window is full

    def ends(self, progress: Progress) -> bool:
        """Compare the window that this iteration closes with the calmest one."""
        window, pixels = self.frames.shape
        values = progress.restored.flatten()
        positions = torch.linspace(0, len(values) - 1, pixels, dtype=torch.float64).round().long()
        self.frames[(progress.iterations - 1) % window] = values[positions.to(values.device)]
        if progress.iterations >= self.first:
            variance = self.frames.var(dim=0, correction=0).mean()
            self.improved = bool(self.best == 0) or bool(variance < self.least)
            if self.improved:
                self.least.copy_(variance)
                self.best.fill_(progress.iterations)
        waited = progress.iterations - int(self.best) if self.best else 0
        return waited >= self.patience or progress.iterations >= self.max_iterations


class ShareOfFirst:
    """A threshold that suits every picture: a share of the first distance that counts.

    >>> ShareOfFirst(share=0.25)(0.8)
    0.2

    Args:
        share: Between 0 and 1.
    """

    def __init__(self, *, share: float) -> None:
        self.share = share

    def __call__(self, first: float) -> float:
        """The threshold of a picture."""
        return self.share * first


class FixedThreshold:
    """The same threshold for every picture.

    >>> FixedThreshold(level=0.1)(0.8)
    0.1

    Args:
        level: In units of the distance.
    """

    def __init__(self, *, level: float) -> None:
        self.level = level

    def __call__(self, first: float) -> float:
        """The threshold of a picture."""
        return self.level
