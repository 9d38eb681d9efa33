"""Parts of a source: by groups for training, validation and test, or every n-th of all."""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from deblurkit.data.sources.base import Pictures, Source, natural_order
from deblurkit.errors import InputError
from deblurkit.storage import as_bytes


class Chosen(Source):
    """What parts of a source have in common: everything once their positions are known.

    Args:
        source: What to choose from.
        indices: Positions in it, in the order that is wanted.
    """

    def __init__(self, source: Source, indices: Sequence[int]) -> None:
        self.source, self.roles = source, source.roles
        self._indices = list(indices)
        self.names = [source.names[index] for index in self._indices]
        self.groups = [source.groups[index] for index in self._indices]

    def read(self, index: int) -> Pictures:
        """As the source."""
        return self.source.read(self._indices[index])

    def files(self, index: int) -> dict[str, Path]:
        """As the source."""
        return self.source.files(self._indices[index])

    def size(self, index: int) -> tuple[int, int]:
        """As the source."""
        return self.source.size(self._indices[index])

    def stamp(self, index: int) -> str:
        """As the source."""
        return self.source.stamp(self._indices[index])

    def crop(self, index: int, *, top: int, left: int, side: int) -> Pictures:
        """As the source."""
        return self.source.crop(self._indices[index], top=top, left=left, side=side)


class Share(Chosen):
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
        chosen = groups_between(source.groups, start, stop)
        super().__init__(source, of_groups(source.groups, chosen))


class HeldOut(Chosen):
    """A few groups for validation: a fifth of all, and no more than are asked for.

    Args:
        source: What to divide; its groups are shuffled as in ``Share``.
        most: Groups that are held out at most.

    Raises:
        InputError: If there is but one group.
    """

    def __init__(self, source: Source, most: int) -> None:
        groups = _held_out(source, most)
        if not groups:
            raise InputError(
                f"all {len(source)} pictures are of one scene, so none can be held out for "
                "validation: do without it, data.val=null"
            )
        super().__init__(source, of_groups(source.groups, groups))


class AllButHeldOut(Chosen):
    """Everything that ``HeldOut`` leaves for training.

    Args:
        source: What to divide.
        most: As of ``HeldOut``.
    """

    def __init__(self, source: Source, most: int) -> None:
        groups = set(source.groups) - _held_out(source, most)
        super().__init__(source, of_groups(source.groups, groups))


class EveryNthGroup(Chosen):
    """The pictures of every n-th group, groups in the natural order of their names.

    With ``n=2`` and ``first`` 0 and 1 it divides sequences into two halves that share none.

    Args:
        source: What to choose from.
        n: Distance between two groups that are kept; 1 keeps all.
        first: Position of the first one, from 0, below ``n``.

    Raises:
        InputError: If ``n`` and ``first`` do not fit or leave no group.
    """

    def __init__(self, source: Source, n: int, first: int = 0) -> None:
        groups = sorted(set(source.groups), key=natural_order)
        chosen = {groups[position] for position in _every_nth(len(groups), n, first)}
        super().__init__(source, of_groups(source.groups, chosen))


class EveryNthPicture(Chosen):
    """Every n-th picture in the order of the source.

    Args:
        source: What to choose from.
        n: Distance between two pictures that are kept; 1 keeps all.
        first: Position of the first one, from 0, below ``n``.

    Raises:
        InputError: If ``n`` and ``first`` do not fit or leave no picture.
    """

    def __init__(self, source: Source, n: int, first: int = 0) -> None:
        super().__init__(source, _every_nth(len(source), n, first))


def groups_between(groups: Iterable[str], start: float, stop: float) -> set[str]:
    """The groups between two fractions of a shuffle that depends on their names alone.

    Raises:
        InputError: If the fractions are not in order or leave no group.
    """
    if not 0 <= start < stop <= 1:
        raise InputError(f"a share needs 0 <= start < stop <= 1, got {start} and {stop}")
    shuffled = _shuffled(groups)
    chosen = set(shuffled[round(start * len(shuffled)) : round(stop * len(shuffled))])
    if not chosen:
        raise InputError(
            f"the share from {start} to {stop} of {len(shuffled)} groups is empty: widen it "
            f"to {1 / max(len(shuffled), 1):.3g} or more, or do without validation or test: "
            "data.val=null, data.test=null"
        )
    return chosen


def of_groups(groups: Sequence[str], chosen: Collection[str]) -> list[int]:
    """Positions of the pictures that belong to one of some groups."""
    return [index for index, group in enumerate(groups) if group in chosen]


def _shuffled(groups: Iterable[str]) -> list[str]:
    """By hashes, since NumPy may change a seeded generator's stream some day."""
    return sorted(set(groups), key=lambda group: hashlib.sha256(as_bytes(group)).digest())


def _held_out(source: Source, most: int) -> set[str]:
    groups = _shuffled(source.groups)
    count = min(most, max(len(groups) // 5, 1), len(groups) - 1)
    return set(groups[len(groups) - count :])


def _every_nth(count: int, n: int, first: int) -> range:
    if not 0 <= first < n:
        raise InputError(f"every n-th needs 0 <= first < n, got first={first} and n={n}")
    if first >= count:
        raise InputError(
            f"nothing is left of {count} from position {first} on: choose a smaller first"
        )
    return range(first, count, n)
