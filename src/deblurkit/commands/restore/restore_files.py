"""Picture files in, restored picture files out."""

import logging
import warnings
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import BasePredictionWriter
from omegaconf import DictConfig
from torch.utils.data import DataLoader, IterableDataset

import deblurkit
from deblurkit.callbacks.scores import gathered
from deblurkit.checkpoint import existing
from deblurkit.commands.restore.journal import Journal
from deblurkit.commands.restore.kernels import write_beside
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
    as_levels,
    as_pixels,
    as_tensor,
    in_unit_range,
    read_picture,
    write_image,
    write_picture,
)
from deblurkit.restoring.chain import ChainedMethod, chained
from deblurkit.restoring.guard import Guard
from deblurkit.restoring.kernel_size import told_kernel_size
from deblurkit.restoring.refusals import Refusals
from deblurkit.restoring.tiled import Tiled
from deblurkit.storage import sweep
from deblurkit.weights import DEFAULT, shipped

log = logging.getLogger(__name__)

LARGE = 2**24  # pixels; larger pictures are not held as floating-point numbers
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
    restore = chained(
        method.restoration,
        told_kernel_size(method, cfg.kernel_size),
        partial(Tiled, method=method, tile=cfg.tile, overlap=int(cfg.overlap)),
        Guard if cfg.guard and cfg.weights in shipped() else None,
        Refusals,
    )
    trainer = make_trainer(cfg, method)
    for folder in {target.parent for _, target in places}:
        sweep(folder)
    journal = Journal(Path(cfg.output), settings(cfg), rank=trainer.global_rank)
    files = PictureFiles(places, trainer, journal=journal, pixel_limit=int(cfg.pixel_limit))
    writer = PictureWriter(files, compare=cfg.compare)
    trainer.callbacks.append(writer)  # type: ignore[attr-defined]
    if cfg.page:
        page = RestoredPage(cfg, method, places, failures=files.failures)
        trainer.callbacks.append(page)  # type: ignore[attr-defined]
    warnings.filterwarnings("ignore", message="Couldn't infer the batch indices")
    loader = DataLoader(files, batch_size=None)
    trainer.predict(ChainedMethod(method, restore), loader, return_predictions=False)
    shares = gathered([files.share | {"written": writer.written, "kept": writer.kept}])
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
        pixel_limit: Largest height times width that is read.
    """

    def __init__(
        self,
        places: list[tuple[Path, Path]],
        trainer: Trainer,
        *,
        journal: Journal,
        pixel_limit: int,
    ) -> None:
        self.all_places, self.trainer = places, trainer
        self.journal, self.pixel_limit = journal, pixel_limit
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
                continue
            self.waiting[str(file)] = (picture, target)
            seen = as_levels if picture.pixels[..., 0].size > LARGE else as_tensor
            yield {"blurred": seen(picture.pixels)[None], "name": [str(file)]}


class PictureWriter(BasePredictionWriter):
    """Writes each restored picture with the depth, gray and alpha of its file."""

    def __init__(self, files: PictureFiles, *, compare: bool) -> None:
        super().__init__(write_interval="batch")
        self.files, self.compare, self.written = files, compare, 0
        self.kept: dict[Path, str] = {}  # and why

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
        restored = prediction["restored"][0].cpu()
        try:
            if "refused" in prediction:
                raise PictureError(prediction["refused"])
            if restored.is_floating_point() and not torch.isfinite(restored).all():
                raise PictureError(f"{target}: the result is not finite")
            pixels = as_pixels(restored, bits=picture.bits)
            write_picture(target, replace(picture, pixels=pixels))
            if "kernel" in prediction:
                write_beside(target, prediction["kernel"][0])
            if self.compare:
                columns = {"blurred": batch["blurred"][0], "restored": restored}
                views = {key: in_unit_range(value).float().cpu() for key, value in columns.items()}
                drawn = side_by_side(views)
                write_image(target.with_stem(f"{target.stem}_compared").with_suffix(".png"), drawn)
            self.files.journal.note(Path(batch["name"][0]), target)
            self.written += 1
            if "kept" in prediction:
                self.kept[Path(batch["name"][0])] = prediction["kept"]
        except PictureError as error:
            self.files.failures[Path(batch["name"][0])] = str(error)
