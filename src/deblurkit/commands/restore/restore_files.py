"""Picture files in, restored picture files out."""

import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import BasePredictionWriter
from omegaconf import DictConfig
from torch.utils.data import DataLoader, IterableDataset

import deblurkit
from deblurkit.callbacks.scores import gathered
from deblurkit.checkpoint import existing
from deblurkit.commands.restore.journal import Journal
from deblurkit.commands.restore.kernels import write_kernel
from deblurkit.commands.restore.outcomes import Outcomes, with_weights
from deblurkit.commands.restore.page import RestoredPage
from deblurkit.commands.shared.inputs import targets
from deblurkit.commands.shared.method import chosen_method
from deblurkit.commands.shared.trainer import make_trainer, wait_for_devices
from deblurkit.config import plain
from deblurkit.errors import InputError, PictureError
from deblurkit.imaging.drawing.compare import side_by_side
from deblurkit.imaging.formats.encoding import WRITABLE
from deblurkit.imaging.formats.files import (
    Picture,
    in_unit_range,
    read_picture,
    write_image,
    write_picture,
)
from deblurkit.restoring.chain import ChainedMethod
from deblurkit.restoring.composition import complete_restoration
from deblurkit.restoring.pictures import as_blurred, finite, like
from deblurkit.storage import sweep
from deblurkit.weights import DEFAULT

log = logging.getLogger(__name__)

ELSEWHERE = frozenset({"inputs", "output", "paths", "page"})  # do not change a restored picture


def restore_files(cfg: DictConfig) -> int:
    """Restore every picture that can be read; report the others at the end.

    Returns:
        How many could not be restored, by all devices; the first one knows, the others answer 0.
    """
    if cfg.suffix not in WRITABLE:
        raise InputError(f"suffix must be one of {', '.join(sorted(WRITABLE))}, got {cfg.suffix}")
    places = targets([str(entry) for entry in cfg.inputs], Path(cfg.output), cfg.suffix)
    if cfg.weights is None and cfg.get("model") is None:
        cfg.weights = DEFAULT
    method = chosen_method(cfg)
    restore = complete_restoration(
        method,
        weights=cfg.weights,
        guard=cfg.guard,
        tile=cfg.tile,
        overlap=int(cfg.overlap),
        kernel_size=cfg.kernel_size,
    )
    trainer = make_trainer(cfg, method)
    for folder in {target.parent for _, target in places}:
        sweep(folder)
    journal = Journal(Path(cfg.output), settings(cfg), rank=trainer.global_rank)
    outcomes = Outcomes(
        Path(cfg.output), method=with_weights(cfg, method), rank=trainer.global_rank
    )
    files = PictureFiles(
        places, trainer, journal=journal, outcomes=outcomes, pixel_limit=int(cfg.pixel_limit)
    )
    writer = PictureWriter(files, compare=cfg.compare)
    trainer.callbacks.append(writer)  # type: ignore[attr-defined]
    if cfg.page:
        page = RestoredPage(cfg, method, places, failures=files.failures)
        trainer.callbacks.append(page)  # type: ignore[attr-defined]
    warnings.filterwarnings("ignore", message="Couldn't infer the batch indices")
    loader = DataLoader(files, batch_size=None)
    try:
        trainer.predict(ChainedMethod(method, restore), loader, return_predictions=False)
        shares = gathered([files.share | {"written": writer.written, "kept": writer.kept}])
    finally:  # also of what was done before an interruption
        if trainer.is_global_zero:
            outcomes.write(places)
    wait_for_devices(trainer)
    return report(shares, cfg.output) if trainer.is_global_zero else 0


def report(shares: list[dict[str, Any]], output: str) -> int:
    """Say what all devices have done; how many files could not be restored."""
    for share in shares:
        for path, reason in share["failures"].items():
            log.error("not restored: %s: %s", path, reason)
        for path, reason in share["kept"].items():
            log.warning("kept as it was: %s: %s (guard=false: restored anyway)", path, reason)
    count, before, written = (
        sum(share[key] for share in shares) for key in ("files", "earlier", "written")
    )
    earlier = f" ({before} of them before; delete them to make them again)" if before else ""
    kept = sum(len(share["kept"]) for share in shares)
    alike = f", {kept} of them as they were" if kept else ""
    done = before + written
    log.info("%d of %d pictures restored to %s%s%s", done, count, output, alike, earlier)
    return sum(len(share["failures"]) for share in shares)


def settings(cfg: DictConfig) -> dict[str, Any]:
    """What restored pictures depend on beside their files."""
    chosen = {str(key): plain(cfg[key]) for key in cfg if key not in ELSEWHERE}
    chosen["trainer"] = cfg.trainer.precision  # not how many devices share the work
    state = None if cfg.weights is None else existing(cfg.weights).stat()
    trained = None if state is None else [state.st_size, state.st_mtime_ns]
    return chosen | {"trained": trained, "version": deblurkit.__version__}


class PictureFiles(IterableDataset[dict[str, Any]]):
    """Pictures read one after another; what cannot be read is noted and left out.

    Args:
        places: Files and where each goes.
        trainer: Knows which share of them is this device's.
        journal: Knows which of them were finished before.
        outcomes: Notes what becomes of each.
        pixel_limit: Largest height times width that is read.
    """

    def __init__(
        self,
        places: list[tuple[Path, Path]],
        trainer: Trainer,
        *,
        journal: Journal,
        outcomes: Outcomes,
        pixel_limit: int,
    ) -> None:
        self.all_places, self.trainer = places, trainer
        self.journal, self.outcomes, self.pixel_limit = journal, outcomes, pixel_limit
        self.earlier = 0  # finished before
        self.failures: dict[Path, str] = {}
        self.waiting: dict[str, tuple[Picture, Path]] = {}  # read ahead, and where they go

    @property
    def places(self) -> list[tuple[Path, Path]]:
        """This device's share of the files."""
        return self.all_places[self.trainer.global_rank :: self.trainer.world_size]

    @property
    def share(self) -> dict[str, Any]:
        """What became of this device's files."""
        count = len(self.places)
        return {"files": count, "earlier": self.earlier, "failures": self.failures}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for file, target in self.places:
            if self.journal.finished(file, target):
                self.earlier += 1
                continue
            try:
                picture = read_picture(file, pixel_limit=self.pixel_limit)
            except PictureError as error:
                self.failures[file] = str(error)
                self.outcomes.note(file, target, "failed", why=str(error))
                continue
            self.waiting[str(file)] = (picture, target)
            yield {"blurred": as_blurred(picture)[None], "name": [str(file)]}


class PictureWriter(BasePredictionWriter):
    """Writes each restored picture with the depth, gray and alpha of its file."""

    def __init__(self, files: PictureFiles, *, compare: bool) -> None:
        super().__init__(write_interval="batch")
        self.files, self.compare, self.written = files, compare, 0
        self.kept: dict[Path, str] = {}  # and why
        self.begun = 0.0  # the current picture

    def on_predict_batch_start(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Look at the clock."""
        self.begun = perf_counter()

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
        picture, target = self.files.waiting.pop(batch["name"][0])
        file, note = Path(batch["name"][0]), self.files.outcomes.note
        try:
            restored = finite(prediction).cpu()
            write_picture(target, like(picture, restored))
            if "kernel" in prediction:
                write_kernel(target, prediction["kernel"][0])
            if self.compare:
                columns = {"blurred": batch["blurred"][0], "restored": restored}
                views = {key: in_unit_range(value).float().cpu() for key, value in columns.items()}
                drawn = side_by_side(views)
                write_image(target.with_stem(f"{target.stem}_compared").with_suffix(".png"), drawn)
            why = prediction.get("kept", "")
            seconds = perf_counter() - self.begun
            note(file, target, "kept" if why else "restored", why=why, seconds=seconds)
            self.files.journal.note(file, target)
            self.written += 1
            if why:
                self.kept[file] = why
        except InputError as error:
            self.files.failures[file] = str(error)
            seconds = perf_counter() - self.begun
            note(file, target, "failed", why=str(error), seconds=seconds)
