"""Pairs that are wrong on purpose: what a study's negative control trains on."""

import hashlib
from collections import defaultdict

from deblurkit.data.sources.base import Pictures, Source
from deblurkit.errors import InputError
from deblurkit.storage import as_bytes


class Mispaired(Source):
    """Every blurred picture with the sharp one of another pair of equal size.

    Each sharp picture is used once, none is with its own blurred one. Such pairs are refused
    before training unless ``data.check=off`` is given.

    Args:
        source: Gives pairs.
        seed: Another one pairs differently; the pairing depends on it and the names alone.

    Raises:
        InputError: If the source gives no pairs, or a picture is alone with its size.
    """

    def __init__(self, source: Source, seed: int) -> None:
        if not {"blurred", "sharp"} <= source.roles:
            raise InputError(
                f"only pairs can be mispaired, the source gives {sorted(source.roles)}"
            )
        self.source = source
        self.names, self.groups = source.names, source.groups
        self.roles = frozenset({"blurred", "sharp"})
        self._partner = _partners(source, seed)

    def read(self, index: int) -> Pictures:
        """The pair."""
        partner = self.source.read(self._partner[index])
        return {"blurred": self.source.read(index)["blurred"], "sharp": partner["sharp"]}

    def size(self, index: int) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.source.size(index)

    def stamp(self, index: int) -> str:
        """Of both pairs that a picture is taken from."""
        return f"{self.source.stamp(index)} {self.source.stamp(self._partner[index])}"

    def crop(self, index: int, *, top: int, left: int, side: int) -> Pictures:
        """The same square of both pictures."""
        own = self.source.crop(index, top=top, left=left, side=side)
        partner = self.source.crop(self._partner[index], top=top, left=left, side=side)
        return {"blurred": own["blurred"], "sharp": partner["sharp"]}


def _partners(source: Source, seed: int) -> dict[int, int]:
    """Where each position's sharp picture is: the next in a shuffled ring of its size."""
    rings: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for index in range(len(source)):
        rings[source.size(index)].append(index)
    partner: dict[int, int] = {}
    for (height, width), ring in rings.items():
        if len(ring) == 1:
            raise InputError(
                f"{source.names[ring[0]]} is the only picture of {width}x{height} pixels and has "
                f"no wrong partner of its size: leave it out"
            )
        ring.sort(
            key=lambda index: hashlib.sha256(as_bytes(f"{seed} {source.names[index]}")).digest()
        )
        partner |= dict(zip(ring, [*ring[1:], ring[0]], strict=True))
    return partner
