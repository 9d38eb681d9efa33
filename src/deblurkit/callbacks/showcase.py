"""Pictures for the page of an evaluation, chosen while they pass by."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from deblurkit.callbacks.pictures import columns
from deblurkit.callbacks.scores import Scores, gathered
from deblurkit.contracts import Image
from deblurkit.imaging.formats.files import as_pixels
from deblurkit.pages.page import BYTES
from deblurkit.pages.selection import MOST, Selection
from deblurkit.pages.views import Exhibit, exhibit, kernel_view


class Showcase(Callback):
    """Keeps the pictures that gained most and least and some random ones, and how all began.

    Every device looks at its own share of the pictures; at the end all of them have the same
    choice, which is that of a single device.

    Args:
        scores: Of the restored pictures; they are measured before this callback runs.
        before: Of the same pictures as they came.
        selection: Of pictures to show.
    """

    def __init__(self, scores: Scores, before: Scores, selection: Selection) -> None:
        self.scores, self.before, self.selection = scores, before, selection

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin anew."""
        self.before.on_test_start(trainer, pl_module)

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Consider the pictures of a batch that have scores."""
        if "sharp" not in batch:
            return
        self.before.measure(batch, {"restored": batch["blurred"]})
        for number, row in enumerate(self.scores.rows[-len(batch["name"]) :]):
            kernels = {
                what: one["kernel"][number]
                for what, one in {"estimated kernel": outputs, "true kernel": batch}.items()
                if "kernel" in one
            }
            look = partial(exhibit_of, columns(batch, outputs, number), kernels)
            self.selection.offer(str(row["name"]), row["psnr_gain"], look)

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Bring together what the devices have found."""
        self.before.rows = gathered(self.before.rows)
        kept, self.selection.kept = self.selection.kept, []
        self.selection.add([row["kept"] for row in gathered([{"kept": one} for one in kept])])


def exhibit_of(pictures: Mapping[str, Image], kernels: Mapping[str, Tensor]) -> Exhibit:
    """What an evaluation shows of a picture; what is not finite is black.

    Args:
        pictures: Versions of it, (3, H, W) in [0, 1]; the last one says where the detail is.
        kernels: (1, size, size), by what they are.
    """
    pixels = {version: as_pixels(one.nan_to_num()) for version, one in pictures.items()}
    drawn = {what: kernel_view(kernel) for what, kernel in kernels.items()}
    return exhibit(pixels, drawn, budget=BYTES // MOST)
