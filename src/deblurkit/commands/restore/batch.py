"""All pictures of a command, restored one after another, and what became of each."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig

import deblurkit
from deblurkit.commands.restore.alone import Alone, needs_no_trainer
from deblurkit.commands.restore.destinations import beside, claim
from deblurkit.commands.restore.devices import Devices, Share
from deblurkit.commands.restore.journal import Journal
from deblurkit.commands.restore.outcomes import Outcomes
from deblurkit.commands.restore.picture_files import PictureFiles, PictureWriter
from deblurkit.commands.restore.progress_display import BatchProgress, shown
from deblurkit.commands.restore.report import report
from deblurkit.commands.shared.inputs import passed_over
from deblurkit.commands.shared.method import chosen_method
from deblurkit.commands.shared.owners import Owners
from deblurkit.commands.shared.passed_over import warn_of
from deblurkit.commands.shared.provenance import method_name
from deblurkit.commands.shared.speed.choice import chosen_path, described_path
from deblurkit.config import plain
from deblurkit.methods.frame.base import RestorationMethod
from deblurkit.progress import told_to
from deblurkit.restoring.chain import Restore
from deblurkit.restoring.composition import complete_restoration
from deblurkit.restoring.known_kernel import kernel_files, told_kernel
from deblurkit.restoring.speed.paths import ComputePath
from deblurkit.storage import sweep
from deblurkit.weights.files import existing

if TYPE_CHECKING:
    from deblurkit.commands.restore.page import RestoredPage

# These change no restored picture; what speed chooses is in the path.
ELSEWHERE = frozenset({"inputs", "output", "paths", "page", "speed"})


def restore_batch(
    cfg: DictConfig, folder: Path, destinations: list[tuple[Path, Path]], *, owners: Owners
) -> int:
    """Restore and write; report at the end.

    Args:
        cfg: Of the command.
        folder: Of the results.
        destinations: Files and where each goes.
        owners: Know what is in the folder.

    Returns:
        How many could not be restored, by all devices; the first one knows, the others answer 0.
    """
    method = chosen_method(cfg)
    path = chosen_path(cfg, method, usual="auto")
    restore = complete_restoration(
        method,
        path=path,
        weights=cfg.weights,
        guard=cfg.guard,
        tile=cfg.tile,
        overlap=int(cfg.overlap),
        kernel_size=cfg.kernel_size if cfg.kernel_at is None else None,
        known=known_kernels(cfg, method, destinations),
    )
    devices = devices_of(cfg, method)
    claim(owners, destinations, endings=beside(cfg))
    for parent in {target.parent for _, target in destinations}:
        sweep(parent)
    journal = Journal(folder, settings(cfg, path), rank=devices.rank)
    named, computed = with_weights(cfg, method), described_path(method, path)
    outcomes = Outcomes(folder, method=named, rank=devices.rank, computed=computed)
    files = PictureFiles(
        *(destinations, devices),
        owners=owners,
        journal=journal,
        outcomes=outcomes,
        pixel_limit=int(cfg.pixel_limit),
    )
    writer = PictureWriter(files, compare=cfg.compare)
    pages = pages_of(cfg, method, path, files=files)
    try:
        with shown(bar=bool(cfg.trainer.enable_progress_bar) and devices.rank == 0) as show:
            progress = BatchProgress(files, show)
            with told_to(progress.moved):
                devices.run(restore, files, [writer, *pages, progress])
        shares = devices.gathered(share_of(files, writer, pages))
    finally:  # also of what was done before an interruption
        if devices.rank == 0:
            outcomes.write(destinations)
    if devices.rank == 0:
        for page in pages:
            page.finish(shares)
    devices.wait()
    if devices.rank:
        return 0
    foreign = passed_over([str(entry) for entry in cfg.inputs], folder)
    warn_of(foreign)
    by = f"{named} in {computed}" if computed else named
    return report(shares, destinations, by, output=folder, passed_over=len(foreign))


def known_kernels(
    cfg: DictConfig, method: RestorationMethod, destinations: list[tuple[Path, Path]]
) -> Callable[[Restore], Restore] | None:
    """What tells a method the kernels that the command line gives."""
    return told_kernel(
        method,
        kernel_files(cfg.kernel),
        pictures=[str(file) for file, _ in destinations],
        point=cfg.kernel_at,
        size=cfg.kernel_size,
    )


def with_weights(cfg: DictConfig, method: RestorationMethod) -> str:
    """The name of a method, and of its weights."""
    weights = "" if cfg.weights is None else f" (weights={cfg.weights})"
    return f"{method_name(cfg, method)}{weights}"


def devices_of(cfg: DictConfig, method: RestorationMethod) -> Devices:
    """This process alone where that is all that is asked for: Lightning takes long to import."""
    if needs_no_trainer(cfg):
        return Alone(method)
    from deblurkit.commands.restore.with_trainer import WithTrainer

    return WithTrainer(cfg, method)


def pages_of(
    cfg: DictConfig, method: RestorationMethod, path: ComputePath, *, files: PictureFiles
) -> "list[RestoredPage]":
    """The page, if it is wanted; what draws it is not imported otherwise."""
    if not cfg.page:
        return []
    from deblurkit.commands.restore.page import RestoredPage

    destinations, owners = files.all_destinations, files.owners
    return [
        RestoredPage(
            *(cfg, method, destinations), path=path, failures=files.failures, owners=owners
        )
    ]


def share_of(files: PictureFiles, writer: PictureWriter, pages: "Sequence[RestoredPage]") -> Share:
    """What became of this device's files."""
    share = files.share | writer.share
    for page in pages:
        share |= page.share
    return share


def settings(cfg: DictConfig, path: ComputePath) -> dict[str, Any]:
    """What restored pictures depend on beside their files."""
    chosen = {str(key): plain(cfg[key]) for key in cfg if key not in ELSEWHERE}
    chosen["trainer"] = str(path)  # not how many devices share the work
    state = None if cfg.weights is None else existing(cfg.weights).stat()
    trained = None if state is None else [state.st_size, state.st_mtime_ns]
    states = [Path(file).stat() for file in kernel_files(cfg.kernel)]
    told = {"kernels": [[each.st_size, each.st_mtime_ns] for each in states]} if states else {}
    return chosen | told | {"trained": trained, "version": deblurkit.__version__}
