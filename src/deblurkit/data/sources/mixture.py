"""Several sources in one pool, each with a fixed share of the draws."""

from collections.abc import Mapping
from pathlib import Path

from deblurkit.data.sources.base import Pictures, Source
from deblurkit.errors import InputError


class MixedSource(Source):
    """Pictures of several sources, so many of each in every cycle through them.

    A stream shuffles all positions of a cycle, so every batch holds whatever the draws give, and
    over a cycle the shares are exact. No picture is left out: those of a source that is small for
    its share come several times, under the same name.

    Pairs and sharp pictures may be mixed in the pool ``paired``: the data module blurs those rows
    of a batch that come without blur, and hands out no kernels, since the other rows have none.
    A mixture is for training: evaluate on its parts.

    Args:
        sources: By name; a picture's name and group begin with it.
        shares: How many draws each source gets relative to the others, whole numbers from 1 on.

    Raises:
        InputError: If the names differ, a share is no positive number, or some sources have class
            maps and others have none.
    """

    def __init__(self, sources: Mapping[str, Source], shares: Mapping[str, int]) -> None:
        if not sources or sources.keys() != shares.keys() or min(shares.values()) < 1:
            raise InputError(
                f"a mixture of {sorted(sources)} needs a share from 1 on for each of them, got "
                f"{dict(shares)}"
            )
        self.sources = dict(sources)
        self.roles = frozenset.intersection(*(source.roles for source in sources.values()))
        odd = [role for s in sources.values() for role in s.roles - self.roles - {"blurred"}]
        if odd:
            raise InputError(
                f"only some sources of a mixture give {odd[0]}: give it to all or none"
            )
        rounds = max(-(-len(source) // shares[name]) for name, source in sources.items())
        self._positions = [
            (source, index % len(source))
            for name, source in sources.items()
            for index in range(rounds * shares[name])
        ]
        prefixes = [name for name in sources for _ in range(rounds * shares[name])]
        positions = list(zip(prefixes, self._positions, strict=True))
        self.names = [f"{prefix}/{source.names[index]}" for prefix, (source, index) in positions]
        self.groups = [f"{prefix}/{source.groups[index]}" for prefix, (source, index) in positions]

    def read(self, index: int) -> Pictures:
        """As the source that it comes from, with ``blurred`` where that one has it."""
        source, position = self._positions[index]
        return source.read(position)

    def files(self, index: int) -> dict[str, Path]:
        """As the source that it comes from."""
        source, position = self._positions[index]
        return source.files(position)

    def size(self, index: int) -> tuple[int, int]:
        """Height and width in pixels."""
        source, position = self._positions[index]
        return source.size(position)

    def stamp(self, index: int) -> str:
        """As the source that it comes from."""
        source, position = self._positions[index]
        return source.stamp(position)

    def crop(self, index: int, *, top: int, left: int, side: int) -> Pictures:
        """As the source that it comes from."""
        source, position = self._positions[index]
        return source.crop(position, top=top, left=left, side=side)


def unmixed(source: Source) -> list[Source]:
    """The sources of a mixture, or the source itself."""
    if not isinstance(source, MixedSource):
        return [source]
    return [part for inner in source.sources.values() for part in unmixed(inner)]
