"""Methods without a trained network: classical, or optimised anew for every picture."""

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from deblurkit.contracts import BlurredBatch, Image, PictureList, Pools, Restoration
from deblurkit.errors import InputError
from deblurkit.methods.base import RestorationMethod


class Problem(nn.Module):
    """One blurred picture and all that is known of its solution; its state is in buffers.

    Args:
        blurred: The picture, (C, H, W) in [0, 1].
        kernel_size: Extent of the blur in pixels; 0 where it is unknown.
    """

    blurred: Tensor
    answer: Tensor
    running: Tensor
    iterations: Tensor

    def __init__(self, blurred: Image, kernel_size: int) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.register_buffer("blurred", blurred)
        self.register_buffer("answer", blurred.clone())
        self.register_buffer("running", torch.ones((), dtype=torch.bool))
        self.register_buffer("iterations", torch.zeros((), dtype=torch.long))


class SolverMethod(RestorationMethod):
    """Restores without training data. A classical method writes ``restoration``, nothing else.

    A method that optimises per picture also writes ``pose``, ``descent`` and ``iterate``, and a
    ``training_step`` that returns ``self.advance()``: then an ordinary ``Trainer.fit`` over the
    pool ``pictures`` moves all pictures together, and Lightning's checkpoints hold everything.
    """

    def __init__(self) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.problems = nn.ModuleDict()

    def pose(self, blurred: Image, kernel_size: int) -> Problem:
        """State at the start for one picture."""
        raise NotImplementedError

    def descent(self, problem: Problem) -> Optimizer:
        """The optimiser of one problem."""
        raise NotImplementedError

    def iterate(self, problem: Problem, optimizer: Any) -> None:
        """One iteration; renews ``answer`` and clears ``running`` when the problem is solved."""
        raise NotImplementedError

    def solved(self, batch: BlurredBatch) -> Restoration:
        """Answers that training found, by name; what is new is solved here in a plain loop."""
        answers = []
        for position, name in enumerate(batch["name"]):
            key = name.replace(".", "_")  # module names must not hold dots
            picture = batch["blurred"][position]
            known = self.posed().get(key)
            if known is None or known.answer.shape != picture.shape:
                sizes = batch.get("kernel_size")
                known = self._solve(picture, sizes[position] if sizes else 0)
            answers.append(known.answer)
        return {"restored": torch.stack(answers)}

    def _solve(self, blurred: Image, kernel_size: int) -> Problem:
        with torch.inference_mode(False), torch.enable_grad():
            problem = self.pose(blurred.clone(), kernel_size).to(blurred.device)
            optimizer = self.descent(problem)
            while problem.running:
                problem.iterations += 1
                self.iterate(problem, optimizer)
        return problem

    def posed(self) -> dict[str, Problem]:
        """The problems of the training, by key."""
        return cast("dict[str, Problem]", dict(self.problems.items()))

    def advance(self) -> None:
        """One iteration of every problem that still runs; stops the trainer after the last."""
        optimizers = self.optimizers()
        listed = optimizers if isinstance(optimizers, list) else [optimizers]
        for problem, optimizer in zip(self.posed().values(), listed, strict=True):
            if problem.running:
                problem.iterations += 1
                self.iterate(problem, optimizer)
        self.trainer.should_stop = not any(bool(p.running) for p in self.posed().values())

    def setup(self, stage: str) -> None:
        """Pose the problems of the training data, unless a checkpoint brought them."""
        super().setup(stage)
        if stage != "fit" or self.problems or "pictures" not in self.needs:
            return
        if self.trainer.world_size > 1:
            raise InputError(
                f"{type(self).__name__} optimises each picture on one device; use trainer.devices=1"
                " here, or let several devices share the files of deblurkit-deblur"
            )
        loader = self.trainer.datamodule.train_dataloader()  # type: ignore[attr-defined]
        batch: Pools = next(iter(loader))
        self._pose_all(batch["pictures"])

    def _pose_all(self, pictures: PictureList) -> None:
        triples = zip(pictures["name"], pictures["blurred"], pictures["kernel_size"], strict=True)
        for name, blurred, kernel_size in triples:
            self.problems[name.replace(".", "_")] = self.pose(blurred, kernel_size)

    def configure_optimizers(self) -> Any:
        """One optimiser per picture: its state is saved and resumed with it."""
        return [self.descent(problem) for problem in self.posed().values()]

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Store the sizes from which the problems are posed again."""
        super().on_save_checkpoint(checkpoint)
        checkpoint["problems"] = {
            key: [list(problem.blurred.shape), problem.kernel_size]
            for key, problem in self.posed().items()
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Pose the problems again, so that their stored state finds its place."""
        for key, (shape, kernel_size) in checkpoint.get("problems", {}).items():
            self.problems[key] = self.pose(torch.zeros(shape), kernel_size)
