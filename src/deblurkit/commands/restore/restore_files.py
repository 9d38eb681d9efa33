"""Picture files in, restored picture files out.

What was asked for is looked at, and a first line said, before torch is imported.
"""

import logging
import os
from pathlib import Path

from omegaconf import DictConfig

from deblurkit.commands.restore.destinations import Destinations, placed
from deblurkit.commands.shared.owners import Owners
from deblurkit.commands.shared.results import results_folder
from deblurkit.config import choice
from deblurkit.late.imports import without_collection
from deblurkit.weights import DEFAULT
from deblurkit.weights.files import existing

log = logging.getLogger(__name__)

ABSENT = "{} cannot be read: there is no such file"  # as whoever reads it says


def restore_files(cfg: DictConfig) -> int:
    """Restore every picture that can be read; report the others at the end.

    Returns:
        How many could not be restored, by all devices; the first one knows, the others answer 0.

    Raises:
        InputError: If there is no picture, no such weights, or the results cannot be written so.
    """
    folder = results_folder(str(cfg.output))
    owners = Owners(folder)
    destinations = placed(cfg, folder, owners)
    if cfg.weights is None and cfg.get("model") is None:
        cfg.weights = DEFAULT
    if cfg.weights is not None:
        existing(cfg.weights)  # refuses a name of nothing
    if not any(exists(file) for file, _ in destinations):
        return all_absent(destinations, folder, restorer=restorer(cfg))
    if os.environ.get("LOCAL_RANK", "0") == "0":  # processes of further devices say nothing
        log.info(first_line(cfg, len(destinations)))
    with without_collection():
        from deblurkit.commands.restore.batch import restore_batch

    return restore_batch(cfg, folder, destinations, owners=owners)


def first_line(cfg: DictConfig, count: int) -> str:
    """How many pictures, by what, and on which device.

    Args:
        cfg: Of the command.
        count: Of the files that are named.
    """
    pictures = "1 picture" if count == 1 else f"{count} pictures"
    return f"{pictures}, {restorer(cfg)}, {device(cfg)}"


def restorer(cfg: DictConfig) -> str:
    """What was chosen to restore with, in the words of the command line."""
    if cfg.weights is not None:
        return str(cfg.weights)
    return choice("model") or str(cfg.model.get("_target_", "")).rpartition(".")[2]


def device(cfg: DictConfig) -> str:
    """Where the pictures are restored, and on how many of such devices."""
    kind, count = str(cfg.trainer.accelerator), str(cfg.trainer.devices)
    kind = kind.upper() if kind in {"cpu", "gpu", "tpu", "mps"} else kind
    return kind if count == "1" else f"{count} x {kind}"


def exists(file: Path) -> bool:
    """Whether there is something to read; who reads it says what else is wrong."""
    try:
        file.stat()
    except FileNotFoundError:
        return False
    except (OSError, ValueError):
        return True
    return True


def all_absent(destinations: Destinations, folder: Path, *, restorer: str) -> int:
    """Say that none of the files is there; what would restore them is not loaded for that."""
    count = len(destinations)
    for file, _ in destinations:
        log.error("not restored: %s: %s", file, ABSENT.format(file))
    whither = destinations[0][1] if count == 1 else folder
    log.info("0 of %d pictures restored to %s by %s", count, whither, restorer)
    return count
