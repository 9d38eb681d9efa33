"""What may be asked of the sources in a config without costing hours."""

from collections.abc import Iterator
from typing import Any

READERS = ("folders", "halved", "listed", "own_pairs", "photos", "scenes", "sequences", "subsets")
ONLY_READ = tuple(f"deblurkit.data.sources.{name}." for name in (*READERS, "mixture"))


def only_reads(node: Any) -> bool:
    """Whether a source reads what is there; others make caches, pairs or a teacher's answers.

    Args:
        node: Plain config of a source. A cache without a folder is none.
    """
    return all(target.startswith(ONLY_READ) for target in _targets(node))


def _targets(node: Any) -> Iterator[str]:
    """What a node and its parts are built of."""
    if isinstance(node, dict):
        without_cache = node.get("_target_", "").endswith("cache.prepared") and not node["folder"]
        if "_target_" in node and not without_cache:
            yield str(node["_target_"])
        for value in node.values():
            yield from _targets(value)
