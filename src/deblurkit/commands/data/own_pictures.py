"""Are pictures of one's own fit for training and test? All that is wrong is said at once."""

import logging
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any, NamedTuple

from deblurkit.commands.shared.sources import only_reads
from deblurkit.config import instantiate
from deblurkit.data.checks import pair_faults
from deblurkit.data.checks_parts import seen_words
from deblurkit.data.likeness import spread
from deblurkit.data.sources.base import Source
from deblurkit.data.sources.mixture import unmixed
from deblurkit.errors import AbsentError, InputError

log = logging.getLogger(__name__)

PAIRED = frozenset({"blurred", "sharp"})


class Findings(NamedTuple):
    """What was found.

    Attributes:
        faults: What is wrong, a sentence each.
        decoded: How many pictures were decoded, of
        there: so many.
    """

    faults: list[str]
    decoded: int
    there: int


def own_findings(data: Mapping[str, Any], *, samples: int | None) -> Findings:
    """Log what is there and return what is wrong, each once.

    Args:
        data: Plain config of a data module, with ``train``, ``val`` and ``test``.
        samples: How many pictures of each part are decoded; None decodes all.

    Raises:
        InputError: If no part is there.
    """
    nodes = {f"train {pool}": node for pool, node in data["train"].items()}
    nodes |= {"val": data["val"], "test": data["test"]}
    parts: dict[str, Source] = {}
    faults: list[str] = []
    absent: list[str] = []
    for part, node in nodes.items():
        if not only_reads(node):
            log.info("%s: made when a training starts, and not looked at here", part)
            continue
        try:
            if node is not None and (source := instantiate(node)) is not None:
                parts[part] = source
        except AbsentError as error:
            absent.append(str(error))
            log.info("%s: not here; %s", part, error)
        except InputError as error:
            faults.append(str(error))
    if not parts and not faults:
        raise InputError(absent[0] if absent else "this data= names no pictures")
    for part, source in parts.items():
        log.info("%s: %s", part, counted(source))
        faults += unreadable(source, part, samples=samples)
    for (part, source), (other, evaluated) in combinations(parts.items(), 2):
        if not other.startswith("train"):
            faults += in_both(source, part, evaluated, other)
    lengths = [(len(source), len(source.roles & PAIRED)) for source in parts.values()]
    decoded = sum(min(length, samples or length) * roles for length, roles in lengths)
    there = sum(length * roles for length, roles in lengths)
    return Findings(list(dict.fromkeys(faults)), decoded, there)


def counted(source: Source) -> str:
    """How many pictures or pairs a source holds, and of how many scenes."""
    kind = "pairs" if source.roles >= PAIRED else f"{min(source.roles)} pictures"
    scenes = len(set(source.groups))
    return f"{len(source)} {kind}" + (f" of {scenes} scenes" if scenes < len(source) else "")


def unreadable(source: Source, part: str, *, samples: int | None) -> Iterator[str]:
    """Sentences about pictures that cannot be read, and pairs that do not belong together."""
    count = len(source) if samples is None else samples
    broken = False
    for index in spread(len(source), count):
        try:
            source.read(index)
        except InputError as error:
            broken = True
            yield str(error)
    for inner in unmixed(source) if not broken else ():
        if inner.roles >= PAIRED:
            errors, warnings = pair_faults(inner, samples=count)
            for warning in warnings:
                log.warning("%s: %s", part, warning)
            yield from errors


def in_both(source: Source, part: str, evaluated: Source, other: str) -> Iterator[str]:
    """Sentences about what lies in two parts, or is split between them."""
    try:
        message, _ = seen_words(unmixed(source), part, evaluated, other)
        if message:
            yield message
    except InputError as error:
        yield str(error)
