"""Picture files in, restored picture files out."""

import logging
import warnings
from pathlib import Path
from typing import Any

from lightning.pytorch import Trainer
from omegaconf import DictConfig
from torch.utils.data import DataLoader

import deblurkit
from deblurkit.callbacks.scores import gathered
from deblurkit.checkpoint import existing
from deblurkit.commands.restore.journal import Journal
from deblurkit.commands.restore.outcomes import Outcomes
from deblurkit.commands.restore.page import RestoredPage
from deblurkit.commands.restore.picture_files import (
    COMPARED,
    KERNEL,
    PictureFiles,
    PictureWriter,
)
from deblurkit.commands.shared.inputs import (
    passed_over,
    say_renamed,
    single_target,
    targets,
    with_beside,
)
from deblurkit.commands.shared.method import chosen_method
from deblurkit.commands.shared.owners import Owners
from deblurkit.commands.shared.passed_over import warn_of, warn_of_losses
from deblurkit.commands.shared.provenance import method_name
from deblurkit.commands.shared.results import result_file, results_folder
from deblurkit.commands.shared.trainer import make_trainer, wait_for_devices
from deblurkit.config import plain
from deblurkit.errors import InputError
from deblurkit.imaging.formats.encoding import WRITABLE
from deblurkit.restoring.chain import ChainedMethod
from deblurkit.restoring.composition import complete_restoration
from deblurkit.storage import sweep
from deblurkit.weights import DEFAULT

log = logging.getLogger(__name__)

ELSEWHERE = frozenset({"inputs", "output", "paths", "page"})  # do not change a restored picture


def restore_files(cfg: DictConfig) -> int:
    """Restore every picture that can be read; report the others at the end.

    Returns:
        How many could not be restored, by all devices; the first one knows, the others answer 0.
    """
    folder = results_folder(str(cfg.output))
    owners = Owners(folder)
    destinations = placed(cfg, folder, owners)
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
    claim(owners, destinations, endings=beside(cfg))
    for parent in {target.parent for _, target in destinations}:
        sweep(parent)
    journal = Journal(folder, settings(cfg), rank=trainer.global_rank)
    weights = "" if cfg.weights is None else f" (weights={cfg.weights})"
    named = f"{method_name(cfg, method)}{weights}"
    outcomes = Outcomes(folder, method=named, rank=trainer.global_rank)
    limit = int(cfg.pixel_limit)
    files = PictureFiles(
        *(destinations, trainer),
        owners=owners,
        journal=journal,
        outcomes=outcomes,
        pixel_limit=limit,
    )
    writer = PictureWriter(files, compare=cfg.compare)
    trainer.callbacks.append(writer)  # type: ignore[attr-defined]
    if cfg.page:
        page = RestoredPage(cfg, method, destinations, failures=files.failures, owners=owners)
        trainer.callbacks.append(page)  # type: ignore[attr-defined]
    shares = predicted(trainer, ChainedMethod(method, restore), files, writer=writer)
    wait_for_devices(trainer)
    if not trainer.is_global_zero:
        return 0
    foreign = passed_over([str(entry) for entry in cfg.inputs], folder)
    warn_of(foreign)
    return report(shares, destinations, named, output=folder, passed_over=len(foreign))


def predicted(
    trainer: Trainer, chain: ChainedMethod, files: PictureFiles, *, writer: PictureWriter
) -> list[dict[str, Any]]:
    """Restore and write; what each device has done, and the table of all, however it ends."""
    warnings.filterwarnings("ignore", message="Couldn't infer the batch indices")
    try:
        trainer.predict(chain, DataLoader(files, batch_size=None), return_predictions=False)
        return gathered([files.share | writer.share])
    finally:  # also of what was done before an interruption
        if trainer.is_global_zero:
            files.outcomes.write(files.all_destinations)


def placed(cfg: DictConfig, folder: Path, owners: Owners) -> list[tuple[Path, Path]]:
    """Every picture with the file that its result goes to.

    Args:
        cfg: Of the command.
        folder: Of the results.
        owners: Know what is in it.

    Raises:
        InputError: If there is no picture, the format of the results cannot be written, or one of
            the inputs, or the one file that is named, would be overwritten.
    """
    file, inputs = result_file(str(cfg.output)), [str(entry) for entry in cfg.inputs]
    suffix = cfg.suffix if file is None else file.suffix.lower()
    if suffix not in WRITABLE:
        raise InputError(f"suffix must be one of {', '.join(sorted(WRITABLE))}, got {suffix}")
    if file is not None:
        return single_target(inputs, file, owners=owners)
    return targets(inputs, folder, suffix, beside=beside(cfg), owners=owners)


def beside(cfg: DictConfig) -> list[str]:
    """Endings of what may be written beside results; methods without training estimate kernels."""
    estimates = cfg.get("model") is not None
    return [COMPARED] * bool(cfg.compare) + [KERNEL] * estimates


def claim(owners: Owners, destinations: list[tuple[Path, Path]], *, endings: list[str]) -> None:
    """Note whose the results will be, and what is written beside them."""
    files = {p: file for file, target in destinations for p in with_beside(target, endings)}
    owners.claim({path: file for path, file in files.items() if owners.may_write(path, file)})


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
            log.warning("kept as it was: %s: %s (guard=False: restored anyway)", path, reason)
        for path, reason in share["partly"].items():
            log.warning("kept in part as it was: %s: %s", path, reason)
    before, before_kept, written = (
        sum(share[key] for share in shares) for key in ("earlier", "earlier_kept", "written")
    )
    say_renamed(destinations)
    kept = before_kept + sum(len(share["kept"]) for share in shares)
    restored = before + written - kept
    replaced = sum(share["replaced"] for share in shares)
    if len(destinations) == 1 and not passed_over and before + written == 1:
        ((file, target),) = destinations
        done = f"restored by {method}" if restored else "kept as it was"
        earlier = ", before; delete it to make it again" if before else ""
        earlier += ", in place of an earlier result" if replaced else ""
        log.info("%s %s: %s%s", file, done, target, earlier)
    else:
        earlier = f" ({before} of them before; delete them to make them again)" if before else ""
        earlier += f" ({replaced} in place of earlier results)" if replaced else ""
        alike = f", {kept} kept as they were" if kept else ""
        count = len(destinations) + passed_over
        whither = destinations[0][1] if count == 1 else output
        log.info(
            *("%d of %d pictures restored to %s%s by %s%s", restored, count, whither),
            *(earlier, method, alike),
        )
    return sum(len(share["failures"]) for share in shares)


def settings(cfg: DictConfig) -> dict[str, Any]:
    """What restored pictures depend on beside their files."""
    chosen = {str(key): plain(cfg[key]) for key in cfg if key not in ELSEWHERE}
    chosen["trainer"] = cfg.trainer.precision or "32-true"  # not how many devices share the work
    state = None if cfg.weights is None else existing(cfg.weights).stat()
    trained = None if state is None else [state.st_size, state.st_mtime_ns]
    return chosen | {"trained": trained, "version": deblurkit.__version__}
