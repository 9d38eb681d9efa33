"""What a command says in the end."""

import logging
from pathlib import Path
from typing import Any

from deblurkit.commands.shared.inputs import say_renamed
from deblurkit.commands.shared.passed_over import warn_of_losses

log = logging.getLogger(__name__)


def report(
    shares: list[dict[str, Any]],
    destinations: list[tuple[Path, Path]],
    method: str,
    *,
    output: Path,
    passed_over: int,
) -> int:
    """Say what all devices have done; how many files could not be restored.

    Args:
        shares: Of each device, what became of its files.
        destinations: All files, and where each goes.
        method: What restored, in words.
        output: Folder of the results.
        passed_over: Pictures and videos in the folders that were not tried.
    """
    for share in shares:
        warn_of_losses(share["losses"])
        for path, reason in share["failures"].items():
            log.error("not restored: %s: %s", path, reason)
        for path, reason in share["kept"].items():
            log.warning("kept as it was: %s: %s (guard=False: restored anyway)", path, reason)
        for path, reason in share["partly"].items():
            log.warning("kept in part as it was: %s: %s", path, reason)
    before, before_kept, written = (
        sum(share[key] for share in shares) for key in ("earlier", "earlier_kept", "written")
    )
    say_renamed(destinations)
    kept = before_kept + sum(len(share["kept"]) for share in shares)
    restored = before + written - kept
    replaced = sum(share["replaced"] for share in shares)
    if len(destinations) == 1 and not passed_over and before + written == 1:
        ((file, target),) = destinations
        done = f"restored by {method}" if restored else "kept as it was"
        earlier = ", before; delete it to make it again" if before else ""
        earlier += ", in place of an earlier result" if replaced else ""
        log.info("%s %s: %s%s", file, done, target, earlier)
    else:
        earlier = f" ({before} of them before; delete them to make them again)" if before else ""
        earlier += f" ({replaced} in place of earlier results)" if replaced else ""
        alike = f", {kept} kept as they were" if kept else ""
        count = len(destinations) + passed_over
        whither = destinations[0][1] if count == 1 else output
        log.info(
            *("%d of %d pictures restored to %s%s by %s%s", restored, count, whither),
            *(earlier, method, alike),
        )
    return sum(len(share["failures"]) for share in shares)
