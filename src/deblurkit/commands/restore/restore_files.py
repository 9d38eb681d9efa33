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
from deblurkit.commands.restore.kernels import write_beside
from deblurkit.commands.restore.page import RestoredPage
from deblurkit.commands.restore.waiting import Waiting, waiting_pictures
from deblurkit.commands.shared.inputs import passed_over, single_target, targets
from deblurkit.commands.shared.method import chosen_method
from deblurkit.commands.shared.passed_over import warn_of, warn_of_losses
from deblurkit.commands.shared.provenance import method_name
from deblurkit.commands.shared.results import result_file, results_folder
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
    shares = gathered([files.share | writer.share])
    wait_for_devices(trainer)
    if not trainer.is_global_zero:
        return 0
    foreign = passed_over([str(entry) for entry in cfg.inputs], folder)
    warn_of(foreign)
    weights = "" if cfg.weights is None else f" (weights={cfg.weights})"
    named = f"{method_name(cfg, method)}{weights}"
    return report(shares, destinations, named, output=folder, passed_over=len(foreign))


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
    passed_over: int,
) -> int:
    """Say what all devices have done; how many files could not be restored.

    Args:
        shares: Of each device, what became of its files.
        destinations: All files, and where each goes.
        method: What restored, in words.
        output: Folder of the results.
        passed_over: Pictures and videos in the folders that were not tried.
    """
    for share in shares:
        warn_of_losses(share["losses"])
        for path, reason in share["failures"].items():
            log.error("not restored: %s: %s", path, reason)
        for path, reason in share["kept"].items():
            log.warning("kept as it was: %s: %s (guard=false: restored anyway)", path, reason)
        for path, reason in share["partly"].items():
            log.warning("kept in part as it was: %s: %s", path, reason)
    before, before_kept, written = (
        sum(share[key] for share in shares) for key in ("earlier", "earlier_kept", "written")
    )
    kept = before_kept + sum(len(share["kept"]) for share in shares)
    restored = before + written - kept
    if len(destinations) == 1 and not passed_over and before + written == 1:
        ((file, target),) = destinations
        done = f"restored by {method}" if restored else "kept as it was"
        earlier = ", before; delete it to make it again" if before else ""
        log.info("%s %s: %s%s", file, done, target, earlier)
    else:
        earlier = f" ({before} of them before; delete them to make them again)" if before else ""
        alike = f", {kept} kept as they were" if kept else ""
        count = len(destinations) + passed_over
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
        self.losses: dict[Path, tuple[str, ...]] = {}  # what results are without
        self.waiting: dict[str, deque[Waiting]] = {}  # read ahead; of a file, its pages in order

    @property
    def destinations(self) -> list[tuple[Path, Path]]:
        """This device's share of the files."""
        return self.all_destinations[self.trainer.global_rank :: self.trainer.world_size]

    @property
    def share(self) -> dict[str, Any]:
        """What became of this device's files."""
        earlier = {"earlier": self.earlier, "earlier_kept": self.earlier_kept}
        noted = {"failures": self.failures, "losses": self.losses}
        return {"files": len(self.destinations), **earlier, **noted}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for file, target in self.destinations:
            if self.journal.finished(file, target):
                self.earlier += 1
                self.earlier_kept += self.journal.kept(file, target)
                continue
            try:
                for waiting in waiting_pictures(file, target, pixel_limit=self.pixel_limit):
                    if file in self.failures:  # an earlier page
                        break
                    self.waiting.setdefault(str(file), deque()).append(waiting)
                    pixels = waiting.picture.pixels
                    numbers = as_levels if pixels[..., 0].size > LARGE else as_tensor
                    yield {"blurred": numbers(pixels)[None], "name": [str(file)]}
            except PictureError as error:
                self.failures[file] = str(error)


class PictureWriter(BasePredictionWriter):
    """Writes each restored picture with the depth, gray and alpha of its file."""

    def __init__(self, files: PictureFiles, *, compare: bool) -> None:
        super().__init__(write_interval="batch")
        self.files, self.compare, self.written = files, compare, 0
        self.kept: dict[Path, str] = {}  # and why
        self.partly: dict[Path, str] = {}  # of their pages some, and why

    @property
    def share(self) -> dict[str, Any]:
        """What this device has written."""
        return {"written": self.written, "kept": self.kept, "partly": self.partly}

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
                write_beside(target, prediction["kernel"][0])
            if self.compare:
                columns = {"blurred": batch["blurred"][0], "restored": restored}
                views = {key: in_unit_range(value).float().cpu() for key, value in columns.items()}
                drawn = side_by_side(views)
                write_image(target.with_stem(f"{target.stem}_compared").with_suffix(".png"), drawn)
            self.note(file, waiting, kept=prediction.get("kept"), complete=complete)
        except PictureError as error:
            self.files.failures[file] = waiting.page + str(error)

    def note(self, file: Path, waiting: Waiting, *, kept: str | None, complete: bool) -> None:
        """Note what a result is without, and a file once all its pages are there.

        Args:
            file: Of the picture.
            waiting: The picture.
            kept: Why it stayed as it was, if it did.
            complete: Whether it was the last of its file.
        """
        known = self.files.losses.get(file, ())
        losses = left_out(waiting.picture, waiting.target.suffix.lower())
        self.files.losses[file] = known + tuple(loss for loss in losses if loss not in known)
        waiting.kept.extend([] if kept is None else [kept])
        if not complete:
            return
        alike = kept if len(waiting.kept) == waiting.count else None
        self.files.journal.note(file, waiting.target, kept=alike)
        self.written += 1
        if alike is not None:
            self.kept[file] = alike
        elif waiting.kept:
            share = f"{len(waiting.kept)} of {waiting.count} pages"
            self.partly[file] = f"{share}: {waiting.kept[0]}"
