"""One pass over the test pictures in which every method restores each of them once."""

from collections.abc import Mapping
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from torch import nn

from deblurkit.callbacks.picture_callback import PictureCallback, Stage
from deblurkit.callbacks.scores import Scores, gathered
from deblurkit.commands.evaluate.comparison.crops import DisagreementCrops
from deblurkit.contracts import BlurredBatch, Restoration
from deblurkit.errors import InputError
from deblurkit.methods.frame.base import RestorationMethod
from deblurkit.metrics.parts.pooled import pooled


class Together(LightningModule):
    """Several methods, as one module that a trainer tests.

    Args:
        methods: By the names that tables show.
    """

    def __init__(self, methods: Mapping[str, RestorationMethod]) -> None:
        super().__init__()
        self.named = dict(methods)
        self.methods = nn.ModuleList(methods.values())  # moves them to the device

    def test_step(self, batch: BlurredBatch, batch_idx: int) -> dict[str, Restoration]:
        """What each method makes of a picture."""
        return {name: method.test_step(batch, batch_idx) for name, method in self.named.items()}


class Compare(PictureCallback):
    """Scores what each method makes of each picture and keeps where they disagree.

    Args:
        scores: Of each method its own.
        crops: Where they disagree.
    """

    def __init__(self, scores: Mapping[str, Scores], crops: DisagreementCrops) -> None:
        self.scores, self.crops = dict(scores), crops

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin anew."""
        for scores in self.scores.values():
            scores.on_test_start(trainer, pl_module)

    def on_picture_batch(self, stage: Stage, batch: Any, outputs: Any) -> None:
        """Measure one picture.

        Raises:
            InputError: If its sharp partner is not known.
        """
        if "sharp" not in batch:
            raise InputError("this data has no sharp pictures to compare with; choose other data=")
        for name, scores in self.scores.items():
            scores.measure(batch, outputs[name])
        for number, picture in enumerate(batch["name"]):
            versions = {"blurred": batch["blurred"][number], "sharp": batch["sharp"][number]}
            restored = {name: outputs[name]["restored"][number].float() for name in self.scores}
            self.crops.consider(picture, versions | restored)

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Bring together what the devices have measured."""
        for scores in self.scores.values():
            scores.rows = sorted(gathered(scores.rows), key=lambda row: str(row["name"]))
            scores.pooled = pooled(scores.protocols)
        own, self.crops.kept = self.crops.kept, []
        self.crops.add([row["crop"] for row in gathered([{"crop": crop} for crop in own])])
