"""What the pictures of an evaluation are ranked by."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from deblurkit.callbacks.scores import gain
from deblurkit.commands.shared.tables import words

Row = dict[str, Any]


class Ranking(NamedTuple):
    """What pictures are ranked by.

    Attributes:
        key: Column of the rows; more is better.
        label: What it is called.
        unit: dB, or nothing.
        before: Column of the blurred pictures, if ``key`` is a gain; and
        after: that of the restored ones.
    """

    key: str
    label: str
    unit: str
    before: str = ""
    after: str = ""


def rank_by(row: Row, leader: str | None = None) -> Ranking:
    """The gain, or the first score where the blurred pictures are unknown.

    Args:
        row: Of any picture, perhaps of those that ``with_gain`` makes.
        leader: Protocol that leads; its own gain or score ranks.
    """
    own = [key for key in row if leader is not None and key.startswith(f"{leader}/")]
    if own and f"{leader}/gain" in row:
        before, after = own[:2]
        score = words(after.rpartition("/")[2])
        unit = "dB" if "psnr" in after else ""
        label = f"Gain in {score}, {leader}" + (" (dB)" if unit else "")
        return Ranking(f"{leader}/gain", label, unit, before, after)
    if not own and "psnr_gain" in row:
        return Ranking(
            "psnr_gain", "Gain in PSNR (dB)", "dB", before="psnr_blurred", after="psnr_restored"
        )
    numbers = own or [key for key, value in row.items() if isinstance(value, int | float)]
    key = next((key for key in numbers if isinstance(row[key], float)), numbers[0])  # or a count
    return Ranking(key, words(key.rpartition("/")[2]), "")


def rank_of(before: Row, row: Row, *, leader: str | None) -> float:
    """What a picture is ranked by, out of its rows as it came and restored."""
    (complete,) = with_gain([row], [before], leader)
    return float(complete[rank_by(complete, leader).key])


def with_gain(rows: Sequence[Row], before: Sequence[Row], leader: str | None) -> list[Row]:
    """Rows with the gain under the protocol that leads: blurred, restored, gain of its first score.

    Args:
        rows: Of the restored pictures.
        before: Of the same pictures as they came; without them nothing is added.
        leader: Name of the protocol; without one nothing is added.
    """
    blurred = {row["name"]: row for row in before}
    return [_with_gain(row, blurred.get(row["name"]), leader) for row in rows]


def _with_gain(row: Row, before: Row | None, leader: str | None) -> Row:
    score = next((key for key in row if leader is not None and key.startswith(f"{leader}/")), None)
    if before is None or score is None:
        return row
    added = {f"{score}_blurred": before[score], score: row[score]}
    added |= {f"{leader}/gain": gain(row[score], before[score])}
    return {"name": row["name"], **added} | row
