"""The table of a run's numbers, which survives a kill and goes on with a resumed run."""

import csv
import io
import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers.logger import Logger
from lightning.pytorch.utilities import rank_zero_only

from deblurkit.errors import InputError
from deblurkit.storage import as_bytes, replacing

log = logging.getLogger(__name__)

Row = dict[str, Any]


class MetricsFile(Logger):
    """``metrics.csv``: a row for each call, on the disk when the call returns.

    A kill costs at most the row that is being written, a full disk none: training goes on, and
    what it refused is written with a later row. A resumed run drops what came after its
    checkpoint and goes on below, so that no step appears twice.

    Args:
        folder: Where the table lies; a run that is not resumed begins it anew.

    Attributes:
        rows: Rows so far, with those of earlier parts of a resumed run.
    """

    def __init__(self, folder: str) -> None:
        super().__init__()
        self.path = Path(folder) / "metrics.csv"
        self.rows = 0
        self._columns: list[str] = []
        self._begun = False  # whether what the file holds belongs to this run
        self._size = 0  # of its complete rows, bytes
        self._waiting: list[Row] = []  # refused by the disk

    @property
    def name(self) -> str:
        """Of the table."""
        return self.path.stem

    @property
    def version(self) -> str:
        """None: a run folder has one table."""
        return ""

    @property
    def save_dir(self) -> str:
        """Folder of the table."""
        return str(self.path.parent)

    @rank_zero_only
    def log_hyperparams(self, *_: Any, **__: Any) -> None:
        """Nothing: ``config.yaml`` has them."""

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Write a row; new columns are added at the right."""
        self.rows += 1
        complained = bool(self._waiting)
        self._waiting.append({"step": step, **{key: plain(metrics[key]) for key in metrics}})
        try:
            self._write()
        except (OSError, InputError) as error:
            if not complained:
                log.warning("%s is behind, training goes on: %s", self.path, error)

    @rank_zero_only
    def keep(self, rows: int | None, step: int | None) -> None:
        """Go on with an earlier part's table.

        Args:
            rows: How many there were when the checkpoint was written; None keeps all.
            step: Later rows are kept, too, up to this step; None keeps none of them.
        """
        rows_before = [
            row
            for number, row in enumerate(complete_rows(self.path))
            if rows is None or number < rows or (step is not None and step_of(row) <= step)
        ]
        self.rows = len(rows_before)
        self._replace(rows_before)

    def _write(self) -> None:
        missing = {column for row in self._waiting for column in row}.difference(self._columns)
        if missing or not self._begun:
            self._replace([*(complete_rows(self.path) if self._begun else []), *self._waiting])
        else:
            self._append(as_lines(self._columns, self._waiting))
        self._waiting.clear()

    def _replace(self, rows: Sequence[Row]) -> None:
        columns = list(dict.fromkeys(column for row in rows for column in row))
        content = as_lines(columns, [dict(zip(columns, columns, strict=True)), *rows])
        with replacing(self.path) as stream:
            stream.write(content)
        self._columns, self._size, self._begun = columns, len(content), True

    def _append(self, lines: bytes) -> None:
        try:
            with self.path.open("ab") as stream:
                stream.write(lines)
        except OSError:
            with self.path.open("r+b") as stream:
                stream.truncate(self._size)  # half a row would spoil the next one
            raise
        self._size += len(lines)


def plain(value: Any) -> Any:
    """A number out of a tensor of one."""
    return value.item() if hasattr(value, "item") else value


def as_lines(columns: list[str], rows: Iterable[Row]) -> bytes:
    """Rows in the layout of a table with these columns."""
    text = io.StringIO()
    csv.DictWriter(text, columns, lineterminator="\n").writerows(rows)
    return as_bytes(text.getvalue())


def complete_rows(path: Path) -> list[Row]:
    """Rows of a table, without one that a kill cut off, and without empty cells."""
    if not path.is_file():
        return []
    text = path.read_text("utf-8", "surrogateescape")
    whole = io.StringIO(text[: text.rfind("\n") + 1])
    return [{key: row[key] for key in row if row[key]} for row in csv.DictReader(whole)]


def step_of(row: Row) -> int:
    """Training batch after which a row was written."""
    return int(row.get("step") or -1)
