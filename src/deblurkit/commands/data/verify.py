"""The task of ``deblurkit-data verify``: what of a known data set is there, what is wrong."""

import logging
from pathlib import Path

from omegaconf import DictConfig

from deblurkit.config import conf_dir, instantiate
from deblurkit.data.known.known import KnownSet
from deblurkit.data.known.known_counts import counted, incomplete, shared
from deblurkit.data.known.known_pictures import exchanged, of_other_sizes, truncated, undecodable
from deblurkit.errors import InputError

log = logging.getLogger(__name__)


def verify_data(cfg: DictConfig) -> int:
    """Say what is there and what is wrong, a sentence each.

    Args:
        cfg: The command's config; ``known`` describes the data set, ``data.root`` is its folder.

    Returns:
        How many faults were found.

    Raises:
        InputError: If nothing is known about this ``data=``, or the folder is not that data set.
    """
    if cfg.get("known") is None:
        names = sorted(file.stem for file in (conf_dir() / "known").glob("*.yaml"))
        raise InputError(
            f"nothing is known about this data=, choose one of {', '.join(names)}; pairs in "
            "folders of your own are checked when a training starts"
        )
    known = instantiate(cfg.known)
    root = Path(cfg.data.root).expanduser()
    faults = findings(known, root, samples=None if cfg.full else cfg.samples)
    for fault in faults:
        log.error("wrong: %s", fault)
    looked = "all" if cfg.full else f"{cfg.samples} of each part and role (all: full=true)"
    log.info("faults of %s: %d; pictures decoded: %s", known.title, len(faults), looked)
    return len(faults)


def findings(known: KnownSet, root: Path, *, samples: int | None) -> list[str]:
    """Log what is there and return what is wrong, each once.

    Args:
        known: The data set.
        root: Its folder.
        samples: How many pictures of each part and role are decoded; None decodes all.
    """
    layout, found, faults = known.recognised(root)
    log.info("%s in %s: %s", known.title, root, layout.says)
    if layout.advice is not None:
        log.info("note: %s", layout.advice)
    for line in counted(known, found):
        log.info("%s", line)
    faults += incomplete(known, layout, found)
    faults += shared(known, found)
    faults += truncated(found)
    faults += of_other_sizes(known, found, samples=samples)
    faults += undecodable(found, samples=samples)
    faults += exchanged(known, root, found, samples=samples)
    return list(dict.fromkeys(faults))
