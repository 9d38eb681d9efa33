"""What stands in the folders of a command line and is of a kind that is not read."""

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path

from deblurkit.commands.shared.names import listed
from deblurkit.imaging.formats.foreign import Foreign, kind_of_name

log = logging.getLogger(__name__)


def in_words(files: Iterable[Path]) -> list[str]:
    """A line for each kind of files: how many, their names, and what helps."""
    kinds: dict[Foreign, list[Path]] = {}
    for file in files:
        if (kind := kind_of_name(file)) is not None:
            kinds.setdefault(kind, []).append(file)
    return [
        f"{len(named)} {kind.name if len(named) == 1 else kind.plural} "
        f"({listed([str(file) for file in named])}), not read here: {kind.advice}"
        for kind, named in kinds.items()
    ]


def warn_of(files: Iterable[Path]) -> None:
    """Say what was passed over."""
    for line in in_words(files):
        log.warning("passed over: %s", line)


def warn_of_losses(losses: Mapping[Path, tuple[str, ...]]) -> None:
    """Say what results are without of all that their files hold.

    Args:
        losses: Of each file, in words; files of equal words are told together.
    """
    alike: dict[str, list[str]] = {}
    for file, words in losses.items():
        if words:
            alike.setdefault("; ".join(words), []).append(str(file))
    for sentence, names in alike.items():
        if len(names) == 1:
            log.warning("%s: the result is without %s", names[0], sentence)
        else:
            log.warning("%d results are without %s: %s", len(names), sentence, listed(names))
