"""The task of ``deblurkit-data verify``: what of a data set is there, what is wrong."""

import logging
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from deblurkit.commands.data.own_pictures import Findings, own_findings
from deblurkit.config import conf_dir, instantiate, plain
from deblurkit.data.known.known import KnownSet
from deblurkit.data.known.known_counts import counted, incomplete, shared
from deblurkit.data.known.known_pictures import (
    exchanged,
    of_other_sizes,
    spread,
    truncated,
    undecodable,
)
from deblurkit.errors import InputError

log = logging.getLogger(__name__)


def verify_data(cfg: DictConfig) -> int:
    """Say what is there and what is wrong, a sentence each.

    Args:
        cfg: The command's config; ``data.root`` is the folder, and ``known`` describes the data
            set where it is a published one.

    Returns:
        How many faults there are.

    Raises:
        InputError: If the folder is not that data set, or nothing is there.
    """
    samples = None if cfg.full else int(cfg.samples)
    if cfg.get("known") is None:
        title = str(cfg.data.get("root") or "this data")
        faults, decoded, there = own_findings(of_own(cfg), samples=samples)
    else:
        known = instantiate(cfg.known)
        title = known.title
        root = Path(cfg.data.root).expanduser()
        faults, decoded, there = findings(known, root, samples=samples)
    for fault in faults:
        log.error("wrong: %s", fault)
    looked = f"{decoded} of {there}" + (" (all: full=true)" if decoded < there else "")
    log.info("faults of %s: %d; pictures decoded: %s", title, len(faults), looked)
    return len(faults)


def of_own(cfg: DictConfig) -> dict[str, Any]:
    """The plain config of data that nothing is known about beforehand.

    Raises:
        InputError: If it is not made of parts.
    """
    data: dict[str, Any] = plain(cfg.data)
    if not {"train", "val", "test"} <= data.keys():
        names = sorted(file.stem for file in (conf_dir() / "known").glob("*.yaml"))
        raise InputError(
            "this data= cannot be verified: choose data=folder_paired or another folder of your "
            f"own, or one of {', '.join(names)}"
        )
    return data


def findings(known: KnownSet, root: Path, *, samples: int | None) -> Findings:
    """Log what is there and return what is wrong, each once.

    Args:
        known: The data set.
        root: Its folder.
        samples: How many pictures of each part and role are decoded; None decodes all.
    """
    layout, parts, faults = known.recognised(root)
    log.info("%s in %s: %s", known.title, root, layout.says)
    if layout.advice is not None:
        log.info("note: %s", layout.advice)
    for line in counted(known, layout, parts):
        log.info("%s", line)
    faults += incomplete(known, layout, parts)
    faults += shared(known, parts)
    faults += truncated(parts)
    faults += of_other_sizes(known, parts, samples=samples)
    faults += undecodable(parts, samples=samples)
    faults += exchanged(known, root, parts, samples=samples)
    files = [of_role for roles in parts.values() for of_role in roles.values()]
    decoded = sum(len(spread(of_role, samples)) for of_role in files)
    return Findings(list(dict.fromkeys(faults)), decoded, sum(map(len, files)))
