"""Pictures out of files for a prediction, and its results into files."""

from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import BasePredictionWriter
from torch import Tensor
from torch.utils.data import IterableDataset

from deblurkit.commands.restore.journal import Journal
from deblurkit.commands.restore.kernels import write_kernel
from deblurkit.commands.restore.outcomes import Outcome, Outcomes
from deblurkit.errors import InputError, PictureError
from deblurkit.imaging.drawing.compare import side_by_side
from deblurkit.imaging.formats.files import (
    Picture,
    in_unit_range,
    read_picture,
    write_image,
    write_picture,
)
from deblurkit.restoring.pictures import as_blurred, finite, like


class PictureFiles(IterableDataset[dict[str, Any]]):
    """Pictures read one after another; what cannot be read is noted and left out.

    Args:
        destinations: Files and where each goes.
        trainer: Knows which share of them is this device's.
        journal: Knows which of them were finished before.
        outcomes: Notes what becomes of each.
        pixel_limit: Largest height times width that is read.
    """

    def __init__(
        self,
        destinations: list[tuple[Path, Path]],
        trainer: Trainer,
        *,
        journal: Journal,
        outcomes: Outcomes,
        pixel_limit: int,
    ) -> None:
        self.all_destinations, self.trainer = destinations, trainer
        self.journal, self.outcomes, self.pixel_limit = journal, outcomes, pixel_limit
        self.earlier = self.earlier_kept = 0  # finished before; of these, left as they were
        self.failures: dict[Path, str] = {}
        self.waiting: dict[str, tuple[Picture, Path]] = {}  # read ahead, and where they go

    @property
    def destinations(self) -> list[tuple[Path, Path]]:
        """This device's share of the files."""
        return self.all_destinations[self.trainer.global_rank :: self.trainer.world_size]

    @property
    def share(self) -> dict[str, Any]:
        """What became of this device's files."""
        earlier = {"earlier": self.earlier, "earlier_kept": self.earlier_kept}
        return earlier | {"failures": self.failures}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for file, target in self.destinations:
            if self.journal.finished(file, target):
                self.earlier += 1
                self.earlier_kept += self.journal.kept(file, target)
                continue
            try:
                picture = read_picture(file, pixel_limit=self.pixel_limit)
            except PictureError as error:
                self.fail(file, target, str(error))
                continue
            self.waiting[str(file)] = (picture, target)
            yield {"blurred": as_blurred(picture)[None], "name": [str(file)]}

    def fail(self, file: Path, target: Path, reason: str, seconds: float | None = None) -> None:
        """Note why a file could not be restored.

        Args:
            file: That could not be restored.
            target: Where its result would be.
            reason: A sentence or clause.
            seconds: That it took, where it came to a restoration.
        """
        self.failures[file] = reason
        self.outcomes.note(file, target, "failed", why=reason, seconds=seconds)


class PictureWriter(BasePredictionWriter):
    """Writes each restored picture with the depth, gray and alpha of its file."""

    def __init__(self, files: PictureFiles, *, compare: bool) -> None:
        super().__init__(write_interval="batch")
        self.files, self.compare = files, compare
        self.written = self.written_kept = 0  # files; of these, left as they were
        self.kept: dict[Path, str] = {}  # and why
        self.start = 0.0  # of the current picture

    @property
    def share(self) -> dict[str, Any]:
        """What this device has written."""
        return {"written": self.written, "written_kept": self.written_kept, "kept": self.kept}

    def on_predict_batch_start(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Look at the clock."""
        self.start = perf_counter()

    def write_on_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        prediction: Any,
        batch_indices: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int,
    ) -> None:
        """Write one picture; a full disk or a forbidden folder is noted."""
        file = Path(batch["name"][0])
        picture, target = self.files.waiting.pop(str(file))
        try:
            restored = finite(prediction).cpu()
            write_picture(target, like(picture, restored))
            if "kernel" in prediction:
                write_kernel(target, prediction["kernel"][0])
            if self.compare:
                write_compared(target, batch["blurred"][0], restored)
        except InputError as error:
            self.files.fail(file, target, str(error), perf_counter() - self.start)
            return
        kept: str | None = prediction.get("kept")
        outcome: Outcome = "restored" if kept is None else "kept"
        seconds = perf_counter() - self.start
        self.files.outcomes.note(file, target, outcome, why=kept or "", seconds=seconds)
        self.files.journal.note(file, target, kept=kept)
        self.written += 1
        if kept is not None:
            self.written_kept += 1
            self.kept[file] = kept


def write_compared(target: Path, blurred: Tensor, restored: Tensor) -> None:
    """Write both pictures, (3, H, W), side by side, beside the result.

    Raises:
        PictureError: If the disk refuses.
    """
    columns = {"blurred": blurred, "restored": restored}
    views = {key: in_unit_range(value).float().cpu() for key, value in columns.items()}
    file = target.with_stem(f"{target.stem}_compared").with_suffix(".png")
    write_image(file, side_by_side(views))
