"""A folder of pairs that is being made, and what went wrong meanwhile."""

import csv
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from torch import Tensor

from deblurkit.commands.shared.inputs import require_no_input
from deblurkit.commands.shared.owners import Owners
from deblurkit.errors import InputError
from deblurkit.imaging.blur.kernel_files import write_kernel
from deblurkit.imaging.formats.files import Picture, write_picture
from deblurkit.storage import write_rows

log = logging.getLogger(__name__)

Row = dict[str, Any]
PARTS = ("blurred", "sharp", "kernels")
TABLE = "parameters.csv"
LISTED = frozenset({"draw", "frames"})  # a table of pairs has a column of one of these names


def file_of(folder: Path, part: str, name: str) -> Path:
    """File of a picture of a pair; names may hold dots, so the suffix is appended."""
    return folder / part / f"{name}.png"


def files_of(folder: Path, name: str) -> list[Path]:
    """All files that a pair may have."""
    return [file_of(folder, part, name) for part in PARTS]


def is_ours(table: Path) -> bool:
    """Whether a file is a table of pairs, as this command writes it."""
    try:
        with table.open(encoding="utf-8", errors="surrogateescape", newline="") as stream:
            columns = next(csv.reader(stream), [])
    except (OSError, csv.Error):  # a folder, or forbidden
        return False
    return columns[:1] == ["name"] and not LISTED.isdisjoint(columns)


class PairFolder:
    """Writes ``blurred/``, ``sharp/`` and ``kernels/`` of equal names, and ``parameters.csv``.

    Args:
        folder: Where they go.
        sources: Names that will be written, with ``/`` between folders, without suffix; and the
            picture that each is made of, which must stay as it is.
        owners: Know what earlier commands wrote.

    Raises:
        InputError: If a picture would be written over one of the inputs, or over what was not made
            from its own.
    """

    def __init__(self, folder: Path, sources: Mapping[str, Path], owners: Owners) -> None:
        self.folder = folder
        self.rows: list[Row] = []
        self.failures: dict[str, str] = {}
        files = {
            file: source for name, source in sources.items() for file in files_of(folder, name)
        }
        require_no_input(files, {source.resolve() for source in sources.values()})
        for file, source in files.items():
            owners.require_own(file, source)
        self.replaced = 0  # pairs that were here
        self._with_kernel: set[str] = set()
        self.has_table = not (folder / TABLE).exists() or is_ours(folder / TABLE)
        owners.claim(files)

    def file(self, part: str, name: str) -> Path:
        """File of a picture."""
        return file_of(self.folder, part, name)

    def add(self, row: Row, *, blurred: Picture, sharp: Picture) -> None:
        """Write a pair and note its row, which starts with the name."""
        self.replaced += self.file("sharp", row["name"]).exists()
        write_picture(self.file("sharp", row["name"]), sharp)
        write_picture(self.file("blurred", row["name"]), blurred)
        if row["name"] not in self._with_kernel:  # an earlier blur of the picture may have had one
            with suppress(OSError):  # it is not there
                self.file("kernels", row["name"]).unlink()
        self.rows.append(row)

    def add_kernel(self, name: str, kernel: Tensor) -> None:
        """Write a kernel (1, size, size), see ``imaging.blur.kernel_files``."""
        write_kernel(self.file("kernels", name), kernel)
        self._with_kernel.add(name)

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
        if not self.has_table:
            log.warning("%s is no table of pairs and stays; there is none", self.folder / TABLE)
        elif self.rows:
            write_rows(self.folder / TABLE, [*self._earlier(), *self.rows])
        for name, reason in self.failures.items():
            log.error("no pair of %s: %s", name, reason)
        replaced = f" ({self.replaced} in place of earlier ones)" if self.replaced else ""
        log.info("pairs written to %s: %d%s", self.folder, len(self.rows), replaced)
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
