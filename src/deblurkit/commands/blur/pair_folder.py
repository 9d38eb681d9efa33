"""A folder of pairs that is being made, and what went wrong meanwhile."""

import csv
import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from torch import Tensor

from deblurkit.errors import InputError
from deblurkit.imaging.blur.kernel_files import write_kernel
from deblurkit.imaging.formats.files import Picture, write_picture
from deblurkit.storage import write_rows

log = logging.getLogger(__name__)

Row = dict[str, Any]
PARTS = ("blurred", "sharp", "kernels")
TABLE = "parameters.csv"


class PairFolder:
    """Writes ``blurred/``, ``sharp/`` and ``kernels/`` of equal names, and ``parameters.csv``.

    Args:
        folder: Where they go.
        names: Names that will be written, with ``/`` between folders, without suffix.
        inputs: Files that must stay as they are.

    Raises:
        InputError: If a picture would be written over one of the inputs.
    """

    def __init__(self, folder: Path, names: Collection[str], inputs: Collection[Path]) -> None:
        self.folder = folder
        self.rows: list[Row] = []
        self.failures: dict[str, str] = {}
        originals = {file.resolve() for file in inputs}
        for part in PARTS:
            for target in (self.file(part, name) for name in names):
                if target.resolve() in originals:
                    raise InputError(
                        f"{target} is an input and stays as it is; choose another output="
                    )

    def file(self, part: str, name: str) -> Path:
        """File of a picture; names may hold dots, so the suffix is appended."""
        return self.folder / part / f"{name}.png"

    def add(self, row: Row, *, blurred: Picture, sharp: Picture) -> None:
        """Write a pair and note its row, which starts with the name."""
        write_picture(self.file("sharp", row["name"]), sharp)
        write_picture(self.file("blurred", row["name"]), blurred)
        self.rows.append(row)

    def add_kernel(self, name: str, kernel: Tensor) -> None:
        """Write a kernel (1, size, size), see ``imaging.blur.kernel_files``."""
        write_kernel(self.file("kernels", name), kernel)

    @contextmanager
    def noting(self, name: object) -> Iterator[None]:
        """Note what cannot be read or written under a name, and go on."""
        try:
            yield
        except InputError as error:
            self.failures[str(name)] = str(error)

    def finish(self) -> int:
        """Write the table, tell what was made and what was not.

        Returns:
            How many failed.
        """
        if self.rows:
            write_rows(self.folder / TABLE, [*self._earlier(), *self.rows])
        for name, reason in self.failures.items():
            log.error("no pair of %s: %s", name, reason)
        log.info("pairs written to %s: %d", self.folder, len(self.rows))
        return len(self.failures)

    def _earlier(self) -> list[Row]:
        """Rows of pairs that were written here before and still are."""
        table, written = self.folder / TABLE, {row["name"] for row in self.rows}
        if not table.is_file():
            return []
        lines = table.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        try:
            rows = [{key: row[key] for key in row if key} for row in csv.DictReader(lines)]
        except csv.Error:  # no table of ours
            return []
        named = (row for row in rows if row.get("name") and row["name"] not in written)
        return [row for row in named if self.file("sharp", row["name"]).is_file()]
