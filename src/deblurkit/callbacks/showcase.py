"""Pictures for the page of an evaluation, chosen while they pass by."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from torch import Tensor

from deblurkit.callbacks.picture_callback import PictureCallback, Stage
from deblurkit.callbacks.pictures import columns
from deblurkit.callbacks.scores import Row, Scores, gathered
from deblurkit.contracts import Image
from deblurkit.imaging.formats.files import as_pixels
from deblurkit.pages.page import BYTES
from deblurkit.pages.selection import MOST, Selection
from deblurkit.pages.views import Exhibit, exhibit, kernel_view

Rank = Callable[[Row, Row], float]  # more is better


class Showcase(PictureCallback):
    """Keeps the pictures that gained most and least and some random ones, and how all began.

    Every device looks at its own share of the pictures; at the end all of them have the same
    choice, which is that of a single device.

    Args:
        scores: Of the restored pictures; they are measured before this callback runs.
        before: Of the same pictures as they came.
        selection: Of pictures to show.
        rank: What a picture is ranked by, of its rows as it came and restored.
    """

    def __init__(self, scores: Scores, before: Scores, selection: Selection, *, rank: Rank) -> None:
        self.scores, self.before, self.selection, self.rank = scores, before, selection, rank

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin anew."""
        self.before.on_test_start(trainer, pl_module)

    def on_picture_batch(self, stage: Stage, batch: Any, outputs: Any) -> None:
        """Consider the pictures of a batch that have scores."""
        if "sharp" not in batch:
            return
        self.before.measure(batch, {"restored": batch["blurred"]})
        count = len(batch["name"])
        rows = zip(self.before.rows[-count:], self.scores.rows[-count:], strict=True)
        for number, (before, row) in enumerate(rows):
            kernels = {
                label: holder["kernel"][number]
                for label, holder in {"estimated kernel": outputs, "true kernel": batch}.items()
                if "kernel" in holder
            }
            look = partial(exhibit_of, columns(batch, outputs, number), kernels)
            self.selection.offer(str(row["name"]), self.rank(before, row), look)

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Bring together what the devices have kept."""
        self.before.rows = gathered(self.before.rows)
        own, self.selection.kept = self.selection.kept, []
        rows = gathered([{"candidate": candidate} for candidate in own])
        self.selection.add([row["candidate"] for row in rows])


def exhibit_of(pictures: Mapping[str, Image], kernels: Mapping[str, Tensor]) -> Exhibit:
    """What an evaluation shows of a picture; what is not finite is black.

    Args:
        pictures: Versions of it, (3, H, W) in [0, 1]; the last one says where the detail is.
        kernels: (1, size, size), by what they are.
    """
    pixels = {version: as_pixels(picture.nan_to_num()) for version, picture in pictures.items()}
    views = {label: kernel_view(kernel) for label, kernel in kernels.items()}
    return exhibit(pixels, views, budget=BYTES // MOST)
