"""The best, the worst and some random pictures of a set that passes by once."""

import hashlib
import math
from collections.abc import Callable, Iterable
from typing import NamedTuple

from deblurkit.pages.views import Exhibit

COUNT = 3  # pictures of each group
MOST = 3 * COUNT  # pictures of a page


class Candidate(NamedTuple):
    """A picture that a page may show.

    Attributes:
        name: The picture's.
        score: What it is ranked by; more is better.
        lot: Random, and the same whenever and wherever the picture is drawn.
        exhibit: What there is to see of it.
    """

    name: str
    score: float
    lot: str
    exhibit: Exhibit


class Selection:
    """Keeps a few pictures of a stream: memory does not grow with the number of pictures.

    Which ones depends neither on their order nor on how devices share them: random pictures are
    those whose names, hashed with a seed, come first.

    Args:
        count: Pictures of each group.
        seed: Of the random ones.
    """

    def __init__(self, *, count: int, seed: int) -> None:
        self.count, self.seed = count, seed
        self.kept: list[Candidate] = []

    def offer(self, name: str, score: float, look: Callable[[], Exhibit]) -> None:
        """Consider a picture; it is only looked at if it is kept.

        Args:
            name: The picture's.
            score: What it is ranked by; NaN is the worst.
            look: Makes what there is to see of it.
        """
        lot = hashlib.sha256(f"{self.seed}/{name}".encode("utf-8", "surrogatepass")).hexdigest()
        new = Candidate(name, -math.inf if math.isnan(score) else score, lot, Exhibit({}, {}, {}))
        if any(candidate is new for candidate in self._chosen([*self.kept, new])):
            self.add([new._replace(exhibit=look())])

    def add(self, candidates: Iterable[Candidate]) -> None:
        """Consider pictures that were chosen elsewhere."""
        self.kept = self._chosen([*self.kept, *candidates])

    def _chosen(self, candidates: list[Candidate]) -> list[Candidate]:
        """Those that are in a group, or would be if others were not in a better one."""
        ranked = sorted(candidates, key=ranks)
        lots = sorted(candidates, key=lambda candidate: candidate.lot)[: 3 * self.count + 1]
        chosen = {
            candidate.name for candidate in (*ranked[: self.count], *ranked[-self.count :], *lots)
        }
        return [candidate for candidate in ranked if candidate.name in chosen]

    def groups(self) -> dict[str, list[Candidate]]:
        """The groups in the order of a page, each from the best to the worst.

        A set of few pictures is shown as one group.
        """
        if len(self.kept) <= 3 * self.count:
            return {"All pictures": self.kept}
        best, worst = self.kept[: self.count], self.kept[-self.count :]
        named = {candidate.name for candidate in (*best, *worst)}
        others = sorted(self.kept, key=lambda candidate: candidate.lot)
        drawn = [candidate for candidate in others if candidate.name not in named][: self.count]
        return {"Best": best, "Worst": worst, "Random": sorted(drawn, key=ranks)}


def ranks(candidate: Candidate) -> tuple[float, str]:
    """Sorts from the best to the worst, equal ones by their names."""
    return -candidate.score, candidate.name
