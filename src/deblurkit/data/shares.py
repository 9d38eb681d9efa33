"""Parts of a source that have no group in common: training, validation and test."""

import hashlib

from deblurkit.data.sources import Pictures, Source
from deblurkit.errors import InputError


class Share(Source):
    """The pictures whose groups lie between two fractions of a fixed shuffle of all groups.

    Shares that do not overlap, say [0, 0.9), [0.9, 0.95) and [0.95, 1], have no group in common.
    The shuffle depends on the groups' names alone: it is the same on every machine and in every
    run. Fractions count groups, not pictures.

    Args:
        source: What to divide.
        start: First fraction of the groups, from 0.
        stop: Last fraction, up to 1.

    Raises:
        InputError: If the fractions are not in order or leave no group.
    """

    def __init__(self, source: Source, start: float, stop: float) -> None:
        if not 0 <= start < stop <= 1:
            raise InputError(f"a share needs 0 <= start < stop <= 1, got {start} and {stop}")
        # Hashes, not a seeded generator: NumPy may change its streams between releases.
        shuffled = sorted(
            set(source.groups), key=lambda group: hashlib.sha256(group.encode()).digest()
        )
        kept = set(shuffled[round(start * len(shuffled)) : round(stop * len(shuffled))])
        if not kept:
            raise InputError(
                f"the share from {start} to {stop} of {len(shuffled)} groups is empty: widen it "
                f"to {1 / max(len(shuffled), 1):.3g} or more"
            )
        self.source = source
        self._indices = [index for index, group in enumerate(source.groups) if group in kept]
        self.names = [source.names[index] for index in self._indices]
        self.groups = [source.groups[index] for index in self._indices]
        self.roles = source.roles

    def read(self, index: int) -> Pictures:
        """As the source."""
        return self.source.read(self._indices[index])

    def size(self, index: int) -> tuple[int, int]:
        """As the source."""
        return self.source.size(self._indices[index])

    def stamp(self, index: int) -> str:
        """As the source."""
        return self.source.stamp(self._indices[index])

    def crop(self, index: int, *, top: int, left: int, side: int) -> Pictures:
        """As the source."""
        return self.source.crop(self._indices[index], top=top, left=left, side=side)
