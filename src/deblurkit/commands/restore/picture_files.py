"""Pictures out of files for a prediction, and its results into files."""

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import Any

from torch import Tensor

from deblurkit.commands.restore.destinations import COMPARED, KERNEL
from deblurkit.commands.restore.devices import Devices
from deblurkit.commands.restore.journal import Journal
from deblurkit.commands.restore.outcomes import Outcome, Outcomes
from deblurkit.commands.restore.waiting import Waiting, waiting_pictures
from deblurkit.commands.shared.owners import Owners
from deblurkit.contracts import BlurredBatch, Restoration
from deblurkit.errors import InputError, PictureError
from deblurkit.imaging.blur.kernel_files import write_kernel
from deblurkit.imaging.drawing.compare import side_by_side
from deblurkit.imaging.formats.files import in_unit_range, write_image
from deblurkit.imaging.formats.picture import left_out
from deblurkit.restoring.pictures import as_blurred, finite, like


class PictureFiles:
    """Pictures read one after another; what cannot be read is noted and left out.

    Args:
        destinations: Files and where each goes.
        devices: Know which share of them is this device's.
        owners: Know what may be written.
        journal: Knows which of them were finished before.
        outcomes: Notes what becomes of each.
        pixel_limit: Largest height times width that is read.
    """

    def __init__(
        self,
        destinations: list[tuple[Path, Path]],
        devices: Devices,
        *,
        owners: Owners,
        journal: Journal,
        outcomes: Outcomes,
        pixel_limit: int,
    ) -> None:
        self.all_destinations, self.devices, self.owners = destinations, devices, owners
        self.journal, self.outcomes, self.pixel_limit = journal, outcomes, pixel_limit
        self.begun = 0  # files, the current one included
        self.earlier = self.earlier_kept = 0  # finished before; of these, left as they were
        self.replacing: set[Path] = set()  # there is a result of other settings or contents
        self.failures: dict[Path, str] = {}
        self.losses: dict[Path, tuple[str, ...]] = {}  # what results are without
        self.waiting: dict[str, deque[Waiting]] = {}  # read ahead; of a file, its pages in order

    @property
    def destinations(self) -> list[tuple[Path, Path]]:
        """This device's share of the files."""
        return self.all_destinations[self.devices.rank :: self.devices.count]

    @property
    def count(self) -> int:
        """Of this device's files."""
        return len(self.destinations)

    @property
    def share(self) -> dict[str, Any]:
        """What became of this device's files."""
        earlier = {"earlier": self.earlier, "earlier_kept": self.earlier_kept}
        earlier["replaced"] = len(self.replacing - self.failures.keys())
        noted = {"failures": self.failures, "losses": self.losses}
        return {"files": len(self.destinations), **earlier, **noted}

    def __iter__(self) -> Iterator[BlurredBatch]:
        for file, target in self.destinations:
            self.begun += 1
            if self.journal.finished(file, target):
                self.earlier += 1
                self.earlier_kept += self.journal.kept(file, target)
                continue
            if target.exists():
                self.replacing.add(file)
            try:
                for waiting in waiting_pictures(file, target, pixel_limit=self.pixel_limit):
                    if file in self.failures:  # an earlier page
                        break
                    self.waiting.setdefault(str(file), deque()).append(waiting)
                    yield {"blurred": as_blurred(waiting.picture)[None], "name": [str(file)]}
            except PictureError as error:
                self.fail(file, target, str(error))

    def fail(self, file: Path, target: Path, reason: str, seconds: float | None = None) -> None:
        """Note why a file could not be restored.

        Args:
            file: That could not be restored.
            target: Where its result would be.
            reason: A sentence or clause.
            seconds: That it took, where it came to a restoration.
        """
        self.failures[file] = reason
        self.outcomes.note(file, target, "failed", why=reason, seconds=seconds)

    def beside(self, waiting: Waiting, ending: str, *, file: Path) -> Path:
        """Where something is written beside a result, under no name of anything else.

        Args:
            waiting: The picture.
            ending: Of the stem.
            file: Of the picture.
        """
        return self.owners.own(waiting.beside(ending), file)

    def tidy(self, waiting: Waiting, endings: Iterable[str], *, file: Path) -> None:
        """Remove what an earlier command wrote beside a result that is no longer there."""
        for path in map(waiting.beside, endings):
            if self.owners.belongs(path, file):
                with suppress(OSError):  # it is not there
                    path.unlink()


class PictureWriter:
    """Writes each restored picture with the depth, gray and alpha of its file."""

    def __init__(self, files: PictureFiles, *, compare: bool) -> None:
        self.files, self.compare, self.written = files, compare, 0
        self.kept: dict[Path, str] = {}  # and why
        self.partly: dict[Path, str] = {}  # of their pages some, and why
        self.start = 0.0  # of the current picture
        self.seconds: dict[Path, float] = {}  # that a file has taken, of all its pages

    @property
    def share(self) -> dict[str, Any]:
        """What this device has written."""
        return {"written": self.written, "kept": self.kept, "partly": self.partly}

    def before(self, batch: BlurredBatch) -> None:
        """Look at the clock."""
        self.start = perf_counter()

    def after(self, batch: BlurredBatch, restoration: Restoration) -> None:
        """Write one picture; a full disk or a forbidden folder is noted."""
        file = Path(batch["name"][0])
        waiting = self.files.waiting[str(file)].popleft()
        try:
            restored = finite(restoration).cpu()
            complete = waiting.write(like(waiting.picture, restored))
            self.files.tidy(waiting, (KERNEL, COMPARED), file=file)
            if "kernel" in restoration:
                kernel = self.files.beside(waiting, KERNEL, file=file)
                write_kernel(kernel, restoration["kernel"][0])
            if self.compare:
                drawing = self.files.beside(waiting, COMPARED, file=file)
                write_compared(drawing, batch["blurred"][0], restored)
        except InputError as error:
            self.files.fail(file, waiting.target, waiting.page + str(error), self.spent(file))
            return
        self.spent(file)
        self.note(file, waiting, kept=restoration.get("kept"), complete=complete)

    def spent(self, file: Path) -> float:
        """Seconds that restoring and writing a file has taken, this picture of it included."""
        self.seconds[file] = self.seconds.get(file, 0.0) + perf_counter() - self.start
        return self.seconds[file]

    def note(self, file: Path, waiting: Waiting, *, kept: str | None, complete: bool) -> None:
        """Note what a result is without, and a file once all its pages are there.

        Args:
            file: Of the picture.
            waiting: The picture.
            kept: Why it stayed as it was, if it did.
            complete: Whether it was the last of its file.
        """
        known = self.files.losses.get(file, ())
        losses = left_out(waiting.picture, waiting.target.suffix.lower())
        self.files.losses[file] = known + tuple(loss for loss in losses if loss not in known)
        waiting.kept.extend([] if kept is None else [kept])
        if not complete:
            return
        alike = kept if len(waiting.kept) == waiting.count else None
        if alike is not None:
            self.kept[file] = alike
        elif waiting.kept:
            share = f"{len(waiting.kept)} of {waiting.count} pages"
            self.partly[file] = f"{share}: {waiting.kept[0]}"
        lost = self.files.losses[file]
        words = (alike or self.partly.get(file), f"without {'; '.join(lost)}" if lost else None)
        why = "; ".join(word for word in words if word)
        outcome: Outcome = "restored" if alike is None else "kept"
        seconds = self.seconds.pop(file)
        self.files.outcomes.note(file, waiting.target, outcome, why=why, seconds=seconds)
        self.files.journal.note(file, waiting.target, kept=alike)
        self.written += 1


def write_compared(file: Path, blurred: Tensor, restored: Tensor) -> None:
    """Write both pictures, (3, H, W), side by side.

    Raises:
        PictureError: If the disk refuses.
    """
    columns = {"blurred": blurred, "restored": restored}
    views = {key: in_unit_range(value).float().cpu() for key, value in columns.items()}
    write_image(file, side_by_side(views))
