"""Which files a command has finished, so that its next start does the rest."""

import hashlib
import json
from pathlib import Path
from typing import Any


class Journal:
    """Notes on finished files, in a hidden folder beside them, one line per file.

    A file is finished if the same settings made it out of the same source and it is still there.
    A note is made once its file is complete: whoever is killed in between does one file again.

    Args:
        folder: Where the finished files go.
        settings: Whatever they depend on beside their sources, as plain values.
        rank: Of this process; each writes notes of its own and reads those of all.
    """

    def __init__(self, folder: Path, settings: Any, *, rank: int) -> None:
        content = json.dumps(settings, sort_keys=True, default=str)
        self.settings = hashlib.sha256(content.encode()).hexdigest()
        self.file = folder / ".deblurkit" / f"finished_{rank}.jsonl"
        files = sorted(self.file.parent.glob("finished_*.jsonl"))
        self._lines = {line for file in files for line in file.read_text("utf-8").splitlines()}

    def finished(self, source: Path, target: Path) -> bool:
        """Whether there is nothing left to do for a source."""
        return target.exists() and self._line(source, target) in self._lines

    def kept(self, source: Path, target: Path) -> bool:
        """Whether a file that is finished was left as it was."""
        return self._as_it_was(source, target) in self._lines

    def note(self, source: Path, target: Path, *, kept: str | None = None) -> None:
        """Remember a file that is complete.

        Args:
            source: Of the picture.
            target: Of the result.
            kept: Why the result is the picture as it was, if it is.
        """
        self.file.parent.mkdir(parents=True, exist_ok=True)
        lines = [] if kept is None else [self._as_it_was(source, target)]
        lines.append(self._line(source, target))
        with self.file.open("a", encoding="utf-8") as stream:
            # The line break comes first: what a kill left of a note spoils no other one.
            stream.write("\n" + "\n".join(lines))

    def _as_it_was(self, source: Path, target: Path) -> str:
        return json.dumps({"kept": self._line(source, target)})

    def _line(self, source: Path, target: Path) -> str:
        try:
            state = source.stat()
        except OSError:  # it is gone; whoever reads it will say so
            return ""
        facts = [self.settings, str(source.resolve()), state.st_size, state.st_mtime_ns]
        return json.dumps([*facts, str(target.resolve())])
