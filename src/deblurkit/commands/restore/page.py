"""The page of deblurred files: sliders, kernels, seconds, and what failed."""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

from omegaconf import DictConfig

from deblurkit.commands.shared.owners import Owners
from deblurkit.commands.shared.provenance import Fact, method_name, provenance
from deblurkit.commands.shared.results import results_folder
from deblurkit.commands.shared.tables import shown
from deblurkit.config import plain
from deblurkit.contracts import BlurredBatch, Restoration
from deblurkit.errors import PictureError
from deblurkit.imaging.formats.files import eight_bit, read_picture
from deblurkit.methods.frame.base import RestorationMethod
from deblurkit.pages.page import BYTES, KeyFigure, write_page
from deblurkit.pages.views import View, exhibit, kernel_view
from deblurkit.restoring.speed.paths import ComputePath

log = logging.getLogger(__name__)

SHOWN = 24  # pictures with sliders
LISTED = 500  # names in a list
TOLD = frozenset(
    {"inputs", "output", "weights", "seed", "page", "pixel_limit"}
)  # or told elsewhere


class Note(NamedTuple):
    """What is known of a picture beside its files.

    Attributes:
        facts: Seconds, and what the method says.
        kernel: As the method estimated it; only of the first pictures.
        kept: Why the picture stayed as it was, if it did.
    """

    facts: Mapping[str, float]
    kernel: View | None
    kept: str | None = None


class RestoredPage:
    """Notes what is known of pictures and writes the page in the end; it comes after the writer.

    Every device notes its own share; the first one writes the page of all of them. Pictures that
    were finished by an earlier start of the command are shown too, without a note.

    Args:
        cfg: Of the command.
        method: What restores.
        destinations: Files and where each goes, in the order of the page.
        path: How it computes.
        failures: Files and the reasons; filled while pictures are restored.
        owners: Know whose page is there; the page of other inputs stays, and so does a stranger's.
    """

    def __init__(
        self,
        cfg: DictConfig,
        method: RestorationMethod,
        destinations: Sequence[tuple[Path, Path]],
        *,
        path: ComputePath,
        failures: Mapping[Path, str],
        owners: Owners,
    ) -> None:
        self.cfg, self.method, self.failures, self.path = cfg, method, failures, path
        self.destinations, self.owners = destinations, owners
        self.notes: dict[Path, Note] = {}
        self._started = 0.0

    @property
    def share(self) -> dict[str, Any]:
        """What this device knows."""
        return {"notes": self.notes}

    def before(self, batch: BlurredBatch) -> None:
        """Look at the clock."""
        self._started = perf_counter()

    def after(self, batch: BlurredBatch, restoration: Restoration) -> None:
        """Note what is known of a picture that was written."""
        file = Path(batch["name"][0])
        if file not in self.failures:
            facts = {"seconds": perf_counter() - self._started, **restoration.get("facts", [{}])[0]}
            show = "kernel" in restoration and len(self.notes) < SHOWN
            kernel = kernel_view(restoration["kernel"][0]) if show else None
            self.notes[file] = Note(facts, kernel, restoration.get("kept"))

    def finish(self, shares: Sequence[Mapping[str, Any]]) -> None:
        """Bring together what the devices know, and write."""
        notes = {file: note for share in shares for file, note in share["notes"].items()}
        wanted = results_folder(str(self.cfg.output)) / "page.html"
        path = self.owners.own(wanted, page_owner(self.destinations))
        failures = {file: why for share in shares for file, why in share["failures"].items()}
        self.write(path, failures, notes=notes)
        log.info("before and after: %s", path)

    def write(
        self, path: Path, failures: Mapping[Path, str], *, notes: Mapping[Path, Note]
    ) -> None:
        """Write the page of these failures and notes."""
        done = [(file, target) for file, target in self.destinations if file not in failures]
        drawn = (entry(file, target, notes.get(file)) for file, target in done[:SHOWN])
        entries = [exhibit for exhibit in drawn if exhibit is not None]
        lines = [
            {"name": str(file), "reason": reason.removeprefix(f"{file} ")}
            for file, reason in failures.items()
        ]
        others = [str(file) for file, _ in done[SHOWN:]]
        restored, count = len(done) - kept_among(notes), len(self.destinations)
        write_page(
            path,
            "restored.html",
            over="deblurkit · deblur",
            title="Deblurred pictures",
            under=f"{restored} of {count} restored by {method_name(self.cfg, self.method)}",
            tiles=tiles(len(done), failures, notes),
            entries=entries,
            failures=lines[:LISTED],
            failures_left_out=max(len(lines) - LISTED, 0),
            others=others[:LISTED],
            others_left_out=max(len(others) - LISTED, 0),
            facts=[
                *provenance(self.cfg, self.method, self.path),
                Fact("Settings", settings(self.cfg)),
            ],
        )


def page_owner(destinations: Sequence[tuple[Path, Path]]) -> str:
    """What a page is made of: it is replaced where the same files are restored again."""
    names = json.dumps([str(file.resolve()) for file, _ in destinations])
    return f"page of {hashlib.sha256(names.encode()).hexdigest()}"


def tiles(done: int, failures: Mapping[Path, str], notes: Mapping[Path, Note]) -> list[KeyFigure]:
    """The figures that everybody looks for first."""
    seconds = sum(note.facts["seconds"] for note in notes.values())
    kept = kept_among(notes)
    figures = [KeyFigure("restored", str(done - kept), f"of {done + len(failures)}")]
    if failures:
        figures.append(KeyFigure("not restored", str(len(failures)), "", "worse"))
    if kept:
        figures.append(KeyFigure("kept as they were", str(kept)))
    if earlier := done - len(notes):
        figures.append(KeyFigure("of an earlier start", str(earlier)))
    return [*figures, KeyFigure("time", f"{seconds:.1f}", "s")]


def kept_among(notes: Mapping[Path, Note]) -> int:
    """How many pictures stayed as they were."""
    return sum(note.kept is not None for note in notes.values())


def entry(file: Path, target: Path, note: Note | None) -> dict[str, Any] | None:
    """A picture with its slider; none if one of its files is gone or of another size."""
    try:
        blurred, restored = (eight_bit(read_picture(path).pixels) for path in (file, target))
    except PictureError:
        return None
    if blurred.shape != restored.shape:
        return None
    height, width = blurred.shape[:2]
    kernels = {"estimated kernel": note.kernel} if note and note.kernel else {}
    facts = [Fact("size", f"{width} × {height}")]
    if note is not None:
        facts += [
            Fact(key.replace("_", " "), shown(key, value)) for key, value in note.facts.items()
        ]
        if note.kept is not None:
            facts.append(Fact("kept as it was", note.kept))
    drawn = {"blurred": blurred, "restored": restored}
    return {
        "name": str(file),
        "anchor": None,
        "exhibit": exhibit(drawn, kernels, budget=BYTES // SHOWN),
        "facts": [*facts, Fact("written to", str(target), code=True)],
    }


def settings(cfg: DictConfig) -> str:
    """What was set beside inputs, method and weights."""
    chosen = {str(key): plain(cfg[key]) for key in cfg if key not in TOLD}
    simple = {key: value for key, value in chosen.items() if isinstance(value, str | int | float)}
    return ", ".join(f"{key}={str(value).lower()}" for key, value in simple.items())
