"""Pairs of one's own in either of two layouts, told apart by what is there."""

from pathlib import Path

from deblurkit.data.likeness import warn_once
from deblurkit.data.sources.base import Source
from deblurkit.data.sources.folders import FolderPairs
from deblurkit.data.sources.sequences import SceneShare, scenes_of
from deblurkit.errors import InputError

PARTS = ("train", "val", "test")
_VALIDATED = 0.1  # of the scenes of an undivided folder, at least one


def own_pairs(
    root: str | Path, *, part: str, blurred: str, sharp: str, condition: str | None = None
) -> Source | None:
    """The pairs of a part: out of its own folder, or of one folder of pairs without parts.

    With ``root/train/blurred`` and its like, the patterns are those of ``FolderPairs``. Where there
    is no folder of any part but ``root/blurred`` and ``root/sharp``, as ``deblurkit-blur`` writes
    them, a tenth of their scenes validates, at least one, and the others train; there is no test
    part. Patterns that do not begin with the part are taken as they are.

    Args:
        root: Folder of the pairs.
        part: ``train``, ``val`` or ``test``.
        blurred: Pattern of the blurred pictures, relative to ``root``.
        sharp: Pattern of the sharp ones.
        condition: Pattern of the pairs' class maps, see ``read_condition``.

    Returns:
        None for the test part, and for the validation part of a single scene, of a folder that is
        not divided.

    Raises:
        InputError: As ``FolderPairs``; or if the part has no such name.
    """
    if part not in PARTS:
        raise InputError(f"a part of own pairs is one of {', '.join(PARTS)}, not {part!r}")
    patterns = {"blurred": blurred, "sharp": sharp}
    whole = {role: pattern.removeprefix(f"{part}/") for role, pattern in patterns.items()}
    if not _undivided(Path(root), patterns, whole):
        return FolderPairs(root, blurred=blurred, sharp=sharp, condition=condition)
    if part == "test":
        return None
    below = None if condition is None else condition.removeprefix(f"{part}/")
    pairs = FolderPairs(root, blurred=whole["blurred"], sharp=whole["sharp"], condition=below)
    return _share(pairs, part, str(root))


def _undivided(root: Path, patterns: dict[str, str], whole: dict[str, str]) -> bool:
    """Whether the folder holds pairs but no parts."""
    parted = any((root / part).is_dir() for part in PARTS)
    roles_there = all(pattern and any(root.glob(pattern)) for pattern in whole.values())
    return not parted and roles_there and all(whole[role] != patterns[role] for role in whole)


def _share(pairs: FolderPairs, part: str, root: str) -> Source | None:
    count = len(set(scenes_of(pairs)))
    validated = max(1, round(_VALIDATED * count))
    if count == 1:
        warn_once(
            f"{root} holds one scene only: all of it trains and nothing validates; give pairs of "
            "further scenes, or data.val of another folder"
        )
        return pairs if part == "train" else None
    warn_once(
        f"{root} has no folders train, val and test: {validated} of its {count} scenes validate, "
        "the others train, and nothing tests"
    )
    border = (count - validated) / count
    bounds = (0.0, border) if part == "train" else (border, 1.0)
    return SceneShare(pairs, *bounds)
