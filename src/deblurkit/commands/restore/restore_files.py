"""Picture files in, restored picture files out."""

import logging
import warnings
from collections import deque
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
from deblurkit.commands.restore.kernels import write_kernel
from deblurkit.commands.restore.page import RestoredPage
from deblurkit.commands.restore.waiting import Waiting, waiting_pictures
from deblurkit.commands.shared.inputs import targets
from deblurkit.commands.shared.method import chosen_method
from deblurkit.commands.shared.passed_over import passed_over, warn_of, warn_of_losses
from deblurkit.commands.shared.trainer import make_trainer, wait_for_devices
from deblurkit.config import plain
from deblurkit.errors import InputError, PictureError
from deblurkit.imaging.drawing.compare import side_by_side
from deblurkit.imaging.formats.encoding import WRITABLE
from deblurkit.imaging.formats.files import (
    as_levels,
    as_pixels,
    as_tensor,
    in_unit_range,
    write_image,
)
from deblurkit.imaging.formats.picture import left_out
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
    if not trainer.is_global_zero:
        return 0
    foreign = passed_over([str(entry) for entry in cfg.inputs], Path(cfg.output))
    return report(shares, cfg.output, passed_over=foreign)


def report(shares: list[dict[str, Any]], output: str, *, passed_over: list[Path]) -> int:
    """Say what all devices have done; how many files could not be restored.

    Args:
        shares: Of each device, what became of its files.
        output: Folder of the results.
        passed_over: Pictures and videos that were not tried.
    """
    warn_of(passed_over)
    for share in shares:
        warn_of_losses(share["losses"])
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
    count += len(passed_over)
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
        self.losses: dict[Path, tuple[str, ...]] = {}  # what results are without
        self.waiting: dict[str, deque[Waiting]] = {}  # read ahead; of a file, its pages in order

    @property
    def places(self) -> list[tuple[Path, Path]]:
        """This device's share of the files."""
        return self.all_places[self.trainer.global_rank :: self.trainer.world_size]

    @property
    def share(self) -> dict[str, Any]:
        """What became of this device's files."""
        count = len(self.places)
        made = {"files": count, "earlier": self.earlier, "failures": self.failures}
        return made | {"losses": self.losses}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for file, target in self.places:
            if self.journal.finished(file, target):
                self.earlier += 1
                continue
            try:
                for waiting in waiting_pictures(file, target, pixel_limit=self.pixel_limit):
                    if file in self.failures:  # an earlier page
                        break
                    self.waiting.setdefault(str(file), deque()).append(waiting)
                    pixels = waiting.picture.pixels
                    seen = as_levels if pixels[..., 0].size > LARGE else as_tensor
                    yield {"blurred": seen(pixels)[None], "name": [str(file)]}
            except PictureError as error:
                self.failures[file] = str(error)


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
        file = Path(batch["name"][0])
        waiting = self.files.waiting[str(file)].popleft()
        restored = prediction["restored"][0].cpu()
        try:
            if "refused" in prediction:
                raise PictureError(prediction["refused"])
            if restored.is_floating_point() and not torch.isfinite(restored).all():
                raise PictureError(f"{waiting.target}: the result is not finite")
            pixels = as_pixels(restored, bits=waiting.picture.bits)
            complete = waiting.write(replace(waiting.picture, pixels=pixels))
            target = waiting.own_target
            if "kernel" in prediction:
                write_kernel(target, prediction["kernel"][0])
            if self.compare:
                columns = {"blurred": batch["blurred"][0], "restored": restored}
                views = {key: in_unit_range(value).float().cpu() for key, value in columns.items()}
                drawn = side_by_side(views)
                write_image(target.with_stem(f"{target.stem}_compared").with_suffix(".png"), drawn)
            if "kept" in prediction:
                self.kept[file] = waiting.page + prediction["kept"]
            losses = left_out(waiting.picture, target.suffix.lower())
            known = self.files.losses.get(file, ())
            self.files.losses[file] = known + tuple(loss for loss in losses if loss not in known)
            if complete:
                self.files.journal.note(file, waiting.target)
                self.written += 1
        except PictureError as error:
            self.files.failures[file] = waiting.page + str(error)
