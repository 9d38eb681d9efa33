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
from deblurkit.commands.restore.kernels import write_kernel
from deblurkit.commands.restore.page import RestoredPage
from deblurkit.commands.shared.inputs import single_target, targets
from deblurkit.commands.shared.method import chosen_method
from deblurkit.commands.shared.provenance import method_name
from deblurkit.commands.shared.results import result_file, results_folder
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
    folder = results_folder(str(cfg.output))
    destinations = placed(cfg, folder)
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
    for parent in {target.parent for _, target in destinations}:
        sweep(parent)
    journal = Journal(folder, settings(cfg), rank=trainer.global_rank)
    files = PictureFiles(destinations, trainer, journal=journal, pixel_limit=int(cfg.pixel_limit))
    writer = PictureWriter(files, compare=cfg.compare)
    trainer.callbacks.append(writer)  # type: ignore[attr-defined]
    if cfg.page:
        page = RestoredPage(cfg, method, destinations, failures=files.failures)
        trainer.callbacks.append(page)  # type: ignore[attr-defined]
    warnings.filterwarnings("ignore", message="Couldn't infer the batch indices")
    loader = DataLoader(files, batch_size=None)
    trainer.predict(ChainedMethod(method, restore), loader, return_predictions=False)
    shares = gathered([files.share | {"written": writer.written, "kept": writer.kept}])
    wait_for_devices(trainer)
    if not trainer.is_global_zero:
        return 0
    weights = "" if cfg.weights is None else f" (weights={cfg.weights})"
    return report(shares, destinations, f"{method_name(cfg, method)}{weights}", output=folder)


def placed(cfg: DictConfig, folder: Path) -> list[tuple[Path, Path]]:
    """Every picture with the file that its result goes to.

    Args:
        cfg: Of the command.
        folder: Of the results.

    Raises:
        InputError: If there is no picture, the format of the results cannot be written, or one of
            the inputs would be overwritten.
    """
    file, inputs = result_file(str(cfg.output)), [str(entry) for entry in cfg.inputs]
    suffix = cfg.suffix if file is None else file.suffix.lower()
    if suffix not in WRITABLE:
        raise InputError(f"suffix must be one of {', '.join(sorted(WRITABLE))}, got {suffix}")
    return targets(inputs, folder, suffix) if file is None else single_target(inputs, file)


def report(
    shares: list[dict[str, Any]],
    destinations: list[tuple[Path, Path]],
    method: str,
    *,
    output: Path,
) -> int:
    """Say what all devices have done; how many files could not be restored.

    Args:
        shares: Of each device, what became of its files.
        destinations: All files, and where each goes.
        method: What restored, in words.
        output: Folder of the results.
    """
    for share in shares:
        for path, reason in share["failures"].items():
            log.error("not restored: %s: %s", path, reason)
        for path, reason in share["kept"].items():
            log.warning("kept as it was: %s: %s (guard=false: restored anyway)", path, reason)
    before, before_kept, written = (
        sum(share[key] for share in shares) for key in ("earlier", "earlier_kept", "written")
    )
    kept = before_kept + sum(len(share["kept"]) for share in shares)
    restored = before + written - kept
    if len(destinations) == 1 and before + written == 1:
        ((file, target),) = destinations
        done = f"restored by {method}" if restored else "kept as it was"
        earlier = ", before; delete it to make it again" if before else ""
        log.info("%s %s: %s%s", file, done, target, earlier)
    else:
        earlier = f" ({before} of them before; delete them to make them again)" if before else ""
        alike = f", {kept} kept as they were" if kept else ""
        count = len(destinations)
        log.info(
            *("%d of %d pictures restored to %s%s by %s%s", restored, count, output),
            *(earlier, method, alike),
        )
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
        destinations: Files and where each goes.
        trainer: Knows which share of them is this device's.
        journal: Knows which of them were finished before.
        pixel_limit: Largest height times width that is read.
    """

    def __init__(
        self,
        destinations: list[tuple[Path, Path]],
        trainer: Trainer,
        *,
        journal: Journal,
        pixel_limit: int,
    ) -> None:
        self.all_destinations, self.trainer = destinations, trainer
        self.journal, self.pixel_limit = journal, pixel_limit
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
        return {"files": len(self.destinations), **earlier, "failures": self.failures}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for file, target in self.destinations:
            if self.journal.finished(file, target):
                self.earlier += 1
                self.earlier_kept += self.journal.kept(file, target)
                continue
            try:
                picture = read_picture(file, pixel_limit=self.pixel_limit)
            except PictureError as error:
                self.failures[file] = str(error)
                continue
            self.waiting[str(file)] = (picture, target)
            numbers = as_levels if picture.pixels[..., 0].size > LARGE else as_tensor
            yield {"blurred": numbers(picture.pixels)[None], "name": [str(file)]}


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
        picture, target = self.files.waiting.pop(str(file))
        restored = prediction["restored"][0].cpu()
        try:
            if "refused" in prediction:
                raise PictureError(prediction["refused"])
            if restored.is_floating_point() and not torch.isfinite(restored).all():
                raise PictureError(f"{target}: the result is not finite")
            pixels = as_pixels(restored, bits=picture.bits)
            write_picture(target, replace(picture, pixels=pixels))
            if "kernel" in prediction:
                write_kernel(target, prediction["kernel"][0])
            if self.compare:
                columns = {"blurred": batch["blurred"][0], "restored": restored}
                views = {key: in_unit_range(value).float().cpu() for key, value in columns.items()}
                drawn = side_by_side(views)
                write_image(target.with_stem(f"{target.stem}_compared").with_suffix(".png"), drawn)
            self.files.journal.note(file, target, kept=prediction.get("kept"))
            self.written += 1
            if "kept" in prediction:
                self.kept[file] = prediction["kept"]
        except PictureError as error:
            self.files.failures[file] = str(error)
