"""The table of a batch: what became of each file."""

import json
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import time
from typing import Any, Literal

from deblurkit.errors import InputError, sentence
from deblurkit.storage import as_bytes, write_rows

log = logging.getLogger(__name__)

FORMER = ("file", "result", "method", "outcome", "why", "seconds")
COLUMNS = (*FORMER, "computed")
Outcome = Literal["restored", "kept", "failed"]
Row = dict[str, Any]


class Outcomes:
    """Notes on each file as it is finished or fails, and ``restored.csv`` out of all of them.

    A note is made at once, in a hidden folder beside the results: a command that is killed and
    started again has the whole batch in its table. Of several notes on a result the newest holds.

    Args:
        folder: Where the results go.
        method: What restores, for the table.
        computed: In what precision and layout, if it is a network.
        rank: Of this process; each writes notes of its own.
    """

    def __init__(self, folder: Path, *, method: str, rank: int, computed: str = "") -> None:
        self.folder, self.method, self.computed = folder, method, computed
        self.file = folder / ".deblurkit" / f"outcomes_{rank}.jsonl"
        self._own: list[tuple[str, Row]] = []

    def note(
        self,
        file: Path,
        target: Path,
        outcome: Outcome,
        *,
        why: str = "",
        seconds: float | None = None,
    ) -> None:
        """Remember what became of a file.

        Args:
            file: That was to be restored.
            target: Where its result is, or would be.
            outcome: One of three words.
            why: It was kept or failed.
            seconds: That restoring and writing it took, where it came so far.
        """
        row = self.row(file, target, outcome, why=why)
        row |= {"seconds": "" if seconds is None else round(seconds, 3), "at": time()}
        self._own.append((str(target.resolve()), row))
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with self.file.open("a", encoding="utf-8") as stream:
                # The line break comes first: what a kill left of a note spoils no other one.
                stream.write("\n" + json.dumps(self._own[-1]))
        except OSError:  # a disk that refuses results refuses notes; the table is told of that
            return

    def row(self, file: Path, target: Path, outcome: Outcome, *, why: str) -> Row:
        """A row without its seconds."""
        result = "" if outcome == "failed" else str(target)
        computed = self.computed if outcome == "restored" else ""
        words = (str(file), result, self.method, outcome, why, "", computed)
        return dict(zip(COLUMNS, words, strict=True))

    def write(self, destinations: Sequence[tuple[Path, Path]]) -> None:
        """Write the table: files of this command, then what else has its result in the folder.

        A single file needs no table. A file of that name that is none of ours stays.

        Args:
            destinations: Files of this command and where each goes, in order.
        """
        path = self.folder / "restored.csv"
        try:
            if len(destinations) < 2 and not path.exists():
                return
            if path.exists() and not is_ours(path):
                log.warning("%s is no table of deblurkit-deblur and stays; there is none", path)
            elif rows := self._rows(destinations):
                write_rows(path, rows)
        except (InputError, OSError) as error:
            log.error("there is no table of this batch: %s", sentence(error))

    def _rows(self, destinations: Sequence[tuple[Path, Path]]) -> list[Row]:
        noted = dict(sorted(self._noted(), key=lambda pair: pair[1].get("at", 0.0)))
        rows = []
        for file, target in destinations:
            row = noted.pop(str(target.resolve()), None)
            if row is None and target.exists():  # an earlier version made it, without a note
                row = self.row(file, target, "restored", why="by an earlier start")
            if row is not None:
                rows.append(row)
        rows += [row for target, row in noted.items() if Path(target).exists()]
        return [{key: row.get(key, "") for key in COLUMNS} for row in rows]

    def _noted(self) -> Iterator[tuple[str, Row]]:
        for file in sorted(self.file.parent.glob("outcomes_*.jsonl")):
            for line in file.read_text("utf-8").splitlines():
                try:
                    target, row = json.loads(line)
                    yield str(target), dict(row)
                except (ValueError, TypeError):  # an empty line, or one that a kill has cut
                    continue
        yield from self._own


def is_ours(path: Path) -> bool:
    """Whether a file is a table of this command."""
    try:
        return path.read_bytes().startswith(as_bytes(",".join(FORMER)))
    except OSError:  # a folder, or forbidden
        return False
