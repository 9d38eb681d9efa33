"""Methods that are optimised anew for every picture."""

import logging
from abc import abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol, cast, runtime_checkable

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from deblurkit.contracts import BlurredBatch, Image, PictureList, Pools, Restoration
from deblurkit.errors import InputError
from deblurkit.imaging.blur.kernels import padded
from deblurkit.methods.frame.base import RestorationMethod
from deblurkit.methods.frame.doors import require_pools, shape_of
from deblurkit.methods.frame.same_pictures import alike, require_same_pictures, sizes_of
from deblurkit.methods.priors.kernel_search import KernelSearch
from deblurkit.methods.priors.problem import Problem
from deblurkit.progress import moved
from deblurkit.storage import as_json, replacing

log = logging.getLogger(__name__)

SAID = 10  # iterations between two words about a picture


@runtime_checkable
class Iterative(Protocol):
    """What moves towards the solution of one picture step by step."""

    def descent(self, problem: Any) -> Optimizer:
        """The optimiser of one problem."""
        ...

    def iterate(self, problem: Any, optimizer: Any) -> None:
        """One iteration; renews ``answer`` and clears ``running`` when the problem is solved."""
        ...


class PerPictureMethod(RestorationMethod):
    """Optimises anew for every picture: a paper writes ``initial_state``, ``descent``, ``iterate``.

    An ordinary ``Trainer.fit`` over the pool ``pictures`` moves all pictures together, and
    Lightning's checkpoints hold everything. A picture that is finished costs nothing more;
    ``answers.json`` in the run folder lists it.

    Attributes:
        search: How the extent of an unknown blur is found; None leaves it unknown.
        known: What a batch says of one picture, which ``initial_state`` then takes as ``known``;
            None where it needs no more than the picture and the extent of its blur.

    >>> class Darker(PerPictureMethod):
    ...     def initial_state(self, blurred, kernel_size): return Problem(blurred, kernel_size)
    ...     def descent(self, problem): return None  # nothing moves step by step here
    ...     def iterate(self, problem, optimizer):
    ...         problem.answer.copy_(problem.blurred / 2)
    ...         problem.running.fill_(False)
    >>> Darker().restore(torch.ones(1, 3, 4, 4)).unique()
    tensor([0.5000])
    """

    needs = frozenset({"pictures"})
    restores_untrained = True
    search: KernelSearch | None = None
    known: Callable[[BlurredBatch, int], Tensor] | None = None
    automatic_optimization = False

    def __init__(self) -> None:
        super().__init__()
        self.problems = nn.ModuleDict()

    @abstractmethod
    def initial_state(self, blurred: Image, kernel_size: int) -> Problem:
        """State at the start for one picture; 0 where the extent of its blur is unknown."""

    @abstractmethod
    def descent(self, problem: Problem) -> Optimizer:
        """The optimiser of one problem."""

    @abstractmethod
    def iterate(self, problem: Problem, optimizer: Any) -> None:
        """One iteration; renews ``answer`` and clears ``running`` when the problem is solved."""

    def training_step(self, batch: Pools) -> None:
        """One iteration of every picture."""
        self.advance()

    def restoration(self, batch: BlurredBatch) -> Restoration:
        """What training found, by name; what is new is solved here in a plain loop."""
        return answers(
            [self._problem_of(batch, position) for position in range(len(batch["name"]))]
        )

    def _problem_of(self, batch: BlurredBatch, position: int) -> Problem:
        name, picture = batch["name"][position], batch["blurred"][position]
        solved = self.posed().get(key_of(name))
        if solved is not None and alike(solved.blurred, picture):
            return solved
        known: dict[str, Tensor] = {}
        with torch.inference_mode(False), torch.enable_grad():
            if self.known is not None:
                known = {"known": self.known(batch, position).clone()}
            kernel_size = batch["kernel_size"][position] if "kernel_size" in batch else 0
            return self.solve(picture.clone(), kernel_size, name, **known)

    def solve(self, blurred: Image, kernel_size: int, name: str, **known: Tensor) -> Problem:
        """Solve one picture by itself, after a search for the extent of an unknown blur."""
        initial_state: Callable[..., Problem] = self.initial_state
        if kernel_size == 0 and self.search is not None:
            kernel_size = self.search(blurred)
            log.info("%s: the blur extends over %d pixels", name, kernel_size)
        return self.finished(initial_state(blurred, kernel_size, **known), name)

    def finished(self, problem: Problem, name: str) -> Problem:
        """Iterate until a problem is solved, see ``finish``."""
        return finish(self, problem, name)

    def posed(self) -> dict[str, Problem]:
        """The problems of the training, by key."""
        return cast("dict[str, Problem]", dict(self.problems.items()))

    def advance(self) -> None:
        """One iteration of every problem that still runs; stops the trainer after the last."""
        optimizers = self.optimizers()
        listed = optimizers if isinstance(optimizers, list) else [optimizers]
        pairs = list(zip(self.posed().values(), listed, strict=True))
        running = [(problem, optimizer) for problem, optimizer in pairs if problem.running]
        for problem, optimizer in running:
            take_step(self, problem, optimizer)
        if running:
            fidelity = torch.stack([problem.fidelity for problem, _ in running]).mean()
            self.log("train/fidelity", fidelity, prog_bar=True)
            self.log("train/running", float(len(running)), prog_bar=True)
        finished = [problem for problem, _ in running if not problem.running]
        for problem in finished:
            _complain(problem)
        if finished:
            self._list_answers()
        self.trainer.should_stop = self.is_solved()

    def is_solved(self) -> bool:
        """Whether no problem of the training runs any more."""
        return not any(bool(problem.running) for problem in self.posed().values())

    def on_train_start(self) -> None:
        """End a resumed run that has nothing left to solve, after a validation that was cut off."""
        if not self.is_solved():
            return
        epoch: Any = self.trainer.fit_loop.epoch_loop
        if epoch.val_loop.restarted_mid_evaluation:
            self.trainer.val_check_batch = epoch.batch_idx + 1  # it stood where the run had stopped
        else:
            self.trainer.should_stop = True

    def on_validation_end(self) -> None:
        """End after the validation of a resumed run."""
        if self.trainer.state.fn == "fit" and self.is_solved():
            self.trainer.should_stop = True

    def _list_answers(self) -> None:
        """Write the facts of every finished picture; a resumed run finds the same again."""
        finished = {
            problem.name: problem.facts()
            for problem in self.posed().values()
            if not problem.running
        }
        with replacing(Path(self.trainer.default_root_dir) / "answers.json") as stream:
            stream.write(as_json(finished, indent=1))

    def on_train_end(self) -> None:
        """Say so if the run has ended before its pictures were finished."""
        unfinished = sum(bool(problem.running) for problem in self.posed().values())
        if unfinished:
            log.warning(
                "%d of %d pictures are not finished; go on with resume=<run folder> and more "
                "trainer.max_epochs",
                unfinished,
                len(self.problems),
            )

    def setup(self, stage: str) -> None:
        """Pose the problems of the training data, unless a checkpoint brought them.

        Raises:
            InputError: If there are several devices, or no data module with the right batches.
        """
        super().setup(stage)
        if stage != "fit" or self.problems:
            return
        if self.trainer.world_size > 1:
            raise InputError(
                f"{type(self).__name__} optimises each picture on one device; use trainer.devices=1"
                " here, or let several devices share the files of deblurkit-deblur"
            )
        data = getattr(self.trainer, "datamodule", None)
        if data is None:
            raise InputError(
                f"{type(self).__name__} reads its pictures from a data module before the first "
                f"step: fit(method, datamodule=...), where a batch is {shape_of(self.needs)}"
            )
        batch: Pools = next(iter(data.train_dataloader()))
        require_pools(batch, self.needs, method=type(self).__name__)
        self._pose_all(batch["pictures"])

    def _pose_all(self, pictures: PictureList) -> None:
        triples = zip(pictures["name"], pictures["blurred"], pictures["kernel_size"], strict=True)
        for name, blurred, kernel_size in triples:
            try:
                problem = self.initial_state(blurred, kernel_size)
            except InputError as error:
                raise InputError(f"{name}: {error}") from error
            problem.name = name
            self.problems[key_of(name)] = problem

    def configure_optimizers(self) -> Any:
        """One optimiser per picture: its state is saved and resumed with it."""
        return [self.descent(problem) for problem in self.posed().values()]

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Store the sizes from which the problems are posed again."""
        super().on_save_checkpoint(checkpoint)
        checkpoint["problems"] = sizes_of(self.posed())

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Pose the problems again, so that their stored state finds its place.

        Raises:
            InputError: If the data of a resumed run holds other pictures.
        """
        if self.problems:
            require_same_pictures(self.posed(), checkpoint)
        for name, (shape, kernel_size) in checkpoint.get("problems", {}).items():
            problem = self.initial_state(torch.zeros(shape), kernel_size)
            problem.name = name
            self.problems[key_of(name)] = problem


def finish(method: Iterative, problem: Problem, name: str) -> Problem:
    """Iterate until a problem is solved, on the device of its picture; needs grad mode."""
    problem = problem.to(problem.blurred.device)
    problem.name = name
    optimizer = method.descent(problem)
    while problem.running:
        take_step(method, problem, optimizer)
        if problem.iterations % SAID == 0:
            moved(f"iterations, fidelity {float(problem.fidelity):.3g}", int(problem.iterations))
    _complain(problem)
    return problem


def take_step(method: Iterative, problem: Problem, optimizer: Any) -> None:
    """One iteration of a problem, and what it has cost."""
    start = perf_counter()
    problem.iterations += 1
    if problem.iterations == 1 and problem.is_hopeless():
        problem.running.fill_(False)
    else:
        method.iterate(problem, optimizer)
    problem.seconds += perf_counter() - start


def answers(solved: Sequence[Problem]) -> Restoration:
    """Pictures, facts and, where they are estimated, kernels of solved problems."""
    restoration: Restoration = {
        "restored": torch.stack([problem.answer for problem in solved]),
        "facts": [problem.facts() for problem in solved],
    }
    kernels = [problem.kernel for problem in solved if problem.kernel is not None]
    if len(kernels) == len(solved):
        largest = max(kernel.shape[-1] for kernel in kernels)
        restoration["kernel"] = torch.cat([padded(kernel[None], largest) for kernel in kernels])
    return restoration


def key_of(name: str) -> str:
    """Key of a picture's module: without dots, and unlike any attribute of a module."""
    return "picture:" + name.replace("%", "%25").replace(".", "%2E")


def _complain(problem: Problem) -> None:
    for sentence in problem.complaints():
        log.warning("%s: %s", problem.name, sentence)
