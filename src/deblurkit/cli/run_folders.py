"""Folders that Hydra makes for a run, and what becomes of them where the run is refused."""

from collections.abc import Set
from pathlib import Path

from deblurkit.commands.shared import sweeps
from deblurkit.file_tree import remove_empty


def tidy(folder: Path, before: Set[Path]) -> None:
    """Remove the folders that Hydra has made for this run, if nothing else came to lie there.

    Args:
        folder: Of the run.
        before: Folders on its way that were there before.
    """
    if folder in before or sweeps.of_this_job():  # the folder of a job is its sweep's
        return
    files = [file for file in folder.rglob("*") if file.is_file()]
    if all(map(is_hydras, files)):
        for file in files:
            file.unlink()
        remove_empty(folder / ".hydra", standing={folder})
    remove_empty(folder, standing=before)


def is_hydras(file: Path) -> bool:
    """Whether a file says what Hydra has composed, or is a log without a line."""
    return file.parent.name == ".hydra" or (file.suffix == ".log" and not file.stat().st_size)
