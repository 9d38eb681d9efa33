"""What every method is: something that restores blurred pictures."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, cast

import torch

from deblurkit.contracts import BlurredBatch, Images, Restoration
from deblurkit.errors import InputError, sentence
from deblurkit.late.lightning import MethodModule
from deblurkit.losses.frozen import Frozen
from deblurkit.methods.frame.constructed import ConstructedByName
from deblurkit.methods.frame.doors import require_evaluation_batch, require_pictures
from deblurkit.processor import FLOAT32, TrainingSwitches

ALWAYS_VISIBLE = frozenset({"blurred", "name"})


class RestorationMethod(MethodModule, ABC, metaclass=ConstructedByName):
    """Bookkeeping of all methods; it holds no metric.

    A paper writes ``restoration``; evaluation, the deblur command and teachers call nothing else.

    Attributes:
        recipe: The ``conf/model`` node that built this method, plain and resolved; it is saved
            with the weights, so that ``deblurkit.load`` can build the method again.
        origin: What published files the weights come from, with their licence, as
            ``deblurkit-convert`` noted it; stays with them through training and saving.
        config: Key of the ``conf/model`` file with its numbers, where that is not called as the
            file of the class.
        needs: Pools of a training batch that its objective reads.
        takes: Optional keys of a batch that its restoration reads, such as ``kernel``.
        restores_untrained: Whether it restores as it is built, with no weights of a training.
        multiple: Height and width of tiles are divisible by this, pixels.
        reach: How far a pixel's result looks, pixels; None where nobody knows.
        on_cpu: How ``deblurkit-train`` computes its steps on a processor with bf16 instructions
            where nobody says it; float32 until ``benchmarks/training_step.py`` has shown what
            is faster.
        on_cpu_without_bf16: The same on other processors.

    >>> class Darker(RestorationMethod):
    ...     def restoration(self, batch): return {"restored": batch["blurred"] / 2}
    >>> Darker().restore(torch.ones(1, 3, 4, 4)).unique()
    tensor([0.5000])
    """

    recipe: dict[str, Any] | None = None
    origin: dict[str, Any] | None = None
    needs: frozenset[str] = frozenset()
    takes: frozenset[str] = frozenset()
    restores_untrained: ClassVar[bool] = False
    multiple: int = 1
    reach: int | None = None
    config: ClassVar[str | None] = None
    on_cpu: ClassVar[TrainingSwitches] = FLOAT32
    on_cpu_without_bf16: ClassVar[TrainingSwitches] = FLOAT32

    @abstractmethod
    def restoration(self, batch: BlurredBatch) -> Restoration:
        """Restore pictures of any size; differentiable where the method is."""

    def restore(self, blurred: Images, **known: Any) -> Images:
        """Restore pictures: the door for notebooks and scripts.

        Args:
            blurred: (B, 3, H, W) or gray (B, 1, H, W) in [0, 1], any size, any device.
            **known: What else is known of the blur, by the names that ``takes`` lists.

        Returns:
            Pictures of the same shape in [0, 1], on the device of ``blurred``; no gradients.

        Raises:
            InputError: If it is no tensor, its shape or range is another one, or something known
                is not used.
        """
        self._refuse(blurred, known)
        gray = blurred.shape[1] == 1
        with self.in_eval_mode(), torch.no_grad():
            pictures = blurred.to(self.device, torch.float32).expand(-1, 3, -1, -1)
            names = [str(number) for number in range(len(pictures))]
            batch = cast("BlurredBatch", {"blurred": pictures, "name": names, **known})
            restored = self.restoration(batch)["restored"].clamp(0, 1)
        if gray:
            restored = restored.mean(dim=1, keepdim=True)
        return restored.to(blurred.device, blurred.dtype)

    @contextmanager
    def in_eval_mode(self) -> Iterator[None]:
        """Evaluate inside; afterwards every part trains or not as before."""
        modes = {module: module.training for module in self.modules()}
        self.eval()
        try:
            yield
        finally:
            for module, training in modes.items():
                module.training = training

    def _refuse(self, blurred: Images, known: dict[str, Any]) -> None:
        unused = set(known) - self.takes
        if unused:
            raise InputError(
                f"{type(self).__name__} does not use {sorted(unused)}; "
                f"it takes {sorted(self.takes) or 'the blurred picture only'}"
            )
        require_pictures(blurred)

    def visible(self, batch: BlurredBatch) -> BlurredBatch:
        """What a restoration may see of an evaluation batch: never the sharp picture.

        Raises:
            InputError: If it is no such batch.
        """
        require_evaluation_batch(batch)
        keys = (ALWAYS_VISIBLE | self.takes) & batch.keys()
        return cast("BlurredBatch", {key: batch[key] for key in keys})  # type: ignore[literal-required]

    def validation_step(self, batch: BlurredBatch, batch_idx: int) -> Restoration:
        """Restore; the ``Scores`` callback measures."""
        return self.restoration(self.visible(batch))

    def test_step(self, batch: BlurredBatch, batch_idx: int) -> Restoration:
        """Restore; the ``Scores`` callback measures."""
        return self.restoration(self.visible(batch))

    def predict_step(self, batch: BlurredBatch, batch_idx: int) -> Restoration:
        """Restore; a writer stores the pictures."""
        return self.restoration(self.visible(batch))

    def setup(self, stage: str) -> None:
        """Refuse data that lacks a pool before anything is made from it."""
        offers = getattr(getattr(self.trainer, "datamodule", None), "offers", None)
        if stage == "fit" and offers is not None and not self.needs <= offers:
            raise InputError(
                f"{type(self).__name__} trains on the pools {sorted(self.needs)}, "
                f"but this data offers {sorted(offers)}; choose another data="
            )

    def on_fit_start(self) -> None:
        """Open the frozen helpers now: a missing file is no surprise for the first step.

        Raises:
            InputError: If a file is missing or of another kind, with its path and where it is set.
        """
        for name, helper in vars(self).items():
            if isinstance(helper, Frozen):
                try:
                    helper.open()
                except (FileNotFoundError, InputError) as error:
                    raise InputError(
                        f"{type(self).__name__} trains with model.{name}, which cannot be opened: "
                        f"{sentence(error)}; its path is set there, and paths.weights=<folder> or "
                        "DEBLURKIT_WEIGHTS says where downloaded weights are"
                    ) from error

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Store the recipe; refuse to replace good weights by broken ones."""
        for name, value in checkpoint["state_dict"].items():
            if value.is_floating_point() and not value.isfinite().all():
                raise InputError(
                    f"{name} is no longer finite, so no checkpoint was written and the last good "
                    "one is kept; resume from it with a smaller learning rate or clipping"
                )
        checkpoint["deblurkit"] = self.description()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take over where the weights come from."""
        self.origin = checkpoint.get("deblurkit", {}).get("origin")

    def description(self) -> dict[str, Any]:
        """What a file of the weights says about them, plain values."""
        described = {"format": 1, "recipe": self.recipe}
        return described | ({"origin": self.origin} if self.origin else {})
