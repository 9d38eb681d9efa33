"""How far a batch is: a bar on a terminal, few lines elsewhere."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Protocol

from deblurkit.contracts import BlurredBatch, Restoration

log = logging.getLogger(__name__)

FIRST = 10.0  # seconds until the first line
SPACED = 1.5  # each line comes after so many times the time of the one before
REDRAWN = 0.1  # seconds between two drawings of a bar
WHOLE = frozenset({"rows", "iterations"})  # all of a picture's work; other steps have more to come


@dataclass(frozen=True)
class Stand:
    """Where a batch is.

    Args:
        file: Of the picture that is being restored.
        number: Of that file among all, from 1.
        count: Of all files.
        inside: What of the picture is done, in words; empty where nobody has told.
        share: Of all files that is done, from 0 to 1, the part of this one included.
        left: Seconds, as far as can be told.
    """

    file: str
    number: int
    count: int
    inside: str
    share: float
    left: float | None

    def __str__(self) -> str:
        parts = [
            f"{self.number} of {self.count}",
            self.file,
            self.inside,
            "" if self.left is None or self.left < 1 else f"about {duration(self.left)} left",
        ]
        return ", ".join(part for part in parts if part)


Show = Callable[[Stand], None]


class Counted(Protocol):
    """What says which file is the current one."""

    @property
    def begun(self) -> int:
        """Files that were begun, the current one included."""
        ...

    @property
    def count(self) -> int:
        """All files."""
        ...


class BatchProgress:
    """Follows the pictures of a batch, and what is told inside of each.

    Args:
        files: Count the files.
        show: Shows where the batch is; it is called often and chooses when to.
    """

    def __init__(self, files: Counted, show: Show) -> None:
        self.files, self.show = files, show
        self.name, self.inside, self.fraction = "", "", 0.0
        self.start: tuple[float, float] | None = None  # seconds, and files that were done then

    def before(self, batch: BlurredBatch) -> None:
        """A picture is about to be restored."""
        self.name, self.inside, self.fraction = Path(batch["name"][0]).name, "", 0.0
        if self.start is None:  # files of an earlier start took no time
            self.start = monotonic(), self.files.begun - 1
        self.show(self.stand())

    def moved(self, what: str, done: int, count: int | None) -> None:
        """Something inside a picture is done."""
        self.inside = f"{done} {what}" if count is None else f"{done} of {count} {what}"
        self.fraction = min(done / count, 1.0) if count and what in WHOLE else 0.0
        self.show(self.stand())

    def after(self, batch: BlurredBatch, restoration: Restoration) -> None:
        """A picture is written."""
        self.inside, self.fraction = "", 1.0
        self.show(self.stand())

    def stand(self) -> Stand:
        """Where the batch is now."""
        done = max(self.files.begun - 1, 0) + self.fraction
        left = None
        if self.start is not None and done > self.start[1]:
            pace = (monotonic() - self.start[0]) / (done - self.start[1])
            left = pace * (self.files.count - done)
        share = done / max(self.files.count, 1)
        return Stand(self.name, self.files.begun, self.files.count, self.inside, share, left)


def duration(seconds: float) -> str:
    """Seconds in the words of a clock that need not be exact.

    >>> [duration(seconds) for seconds in (4.2, 80, 3000, 9000)]
    ['4 s', '1 min', '50 min', '2.5 h']
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


class Lines:
    """Writes a line to the log where a batch takes long, ever more rarely."""

    def __init__(self) -> None:
        self.start, self.next = monotonic(), FIRST

    def __call__(self, stand: Stand) -> None:
        """Write, if it is time."""
        spent = monotonic() - self.start
        if spent >= self.next:
            self.next = max(SPACED * spent, spent + FIRST)
            log.info("%s", stand)


@contextmanager
def shown(*, bar: bool) -> Iterator[Show]:
    """What shows where a batch is, as long as the block runs.

    Args:
        bar: Whether a bar is wanted; it needs a terminal.
    """
    if not (bar and sys.stderr.isatty()):
        yield Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn
    from rich.progress import Progress as Bar

    drawn = Bar(
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        TextColumn("{task.description}", markup=False),
        console=Console(stderr=True),
        transient=True,  # what became of the pictures is said behind it
        auto_refresh=False,  # a thread of its own would take time from the pictures
    )
    task, last = drawn.add_task("", total=1.0), 0.0

    def show(stand: Stand) -> None:
        nonlocal last
        drawn.update(task, completed=stand.share, description=str(stand))
        if monotonic() - last >= REDRAWN:
            last = monotonic()
            drawn.refresh()

    with drawn, lines_above():
        yield show


@contextmanager
def lines_above() -> Iterator[None]:
    """Let lines of the log appear above the bar, which has taken the place of the streams."""
    handlers = [
        (handler, handler.stream)
        for handler in logging.getLogger().handlers
        if type(handler) is logging.StreamHandler
    ]
    for handler, stream in handlers:
        handler.setStream(sys.stdout if stream in (sys.__stdout__, None) else sys.stderr)
    try:
        yield
    finally:
        for handler, stream in handlers:
            handler.setStream(stream)
