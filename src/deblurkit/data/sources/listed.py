"""Pairs that a text file lists: one pair of paths a line, as RealBlur and RSBlur publish them."""

import re
from pathlib import Path

from deblurkit.data.sources.base import natural_order
from deblurkit.data.sources.folders import FolderSource
from deblurkit.errors import InputError

NAMING = r"([^/]+)/[^/]+/[^/]*?([^/_]+?)(?:\.[^/.]+)?$"  # RealBlur's: scene230/gt/gt_7.png


class ListedPairs(FolderSource):
    """Blurred and sharp pictures in the order and the parts that a list gives them.

    A line holds the path of the sharp picture, a space and that of the blurred one, both relative
    to ``root``. A pair is named after its scene and its number: the line
    ``set/scene230/gt/gt_7.png set/scene230/blur/blur_7.png`` is ``scene230/7`` of the group
    ``scene230``. The order is natural, whatever that of the list is.

    Args:
        root: Folder of the data set.
        pairs: The list, relative to ``root``.
        inside: Text that every path must contain, so that the list of another variant of the
            data set is not taken for this one.
        naming: Expression that finds in the path of a sharp picture what a pair is named after:
            its groups, joined by ``/``. The path begins with ``root``.

    Raises:
        InputError: If the list is missing, empty, of another variant, has other than two paths in
            a line, names a pair twice or not at all, or names a file that does not exist.
    """

    def __init__(
        self, root: str | Path, *, pairs: str, inside: str = "", naming: str = NAMING
    ) -> None:
        rows = listed_files(Path(root), pairs, naming=naming)
        other = next((file for row in rows.values() for file in row if inside not in str(file)), "")
        if other:
            raise InputError(
                f"{Path(root) / pairs} lists {other}, which is not in {inside}: "
                "take the list of the other variant, or data= of it"
            )
        lost = [file for row in rows.values() for file in row if not file.is_file()]
        if lost:
            raise InputError(
                f"{lost[0]} is missing ({len(lost)} files of {pairs} are): "
                "unpack the archive again below data.root"
            )
        names = sorted(rows, key=natural_order)
        super().__init__(
            {
                "blurred": {name: rows[name][1] for name in names},
                "sharp": {name: rows[name][0] for name in names},
            }
        )


def listed_files(root: Path, pairs: str, *, naming: str = NAMING) -> dict[str, tuple[Path, Path]]:
    """Sharp and blurred file of every pair in a list, by name, whether they exist or not.

    Args:
        root: Folder of the data set.
        pairs: The list, relative to it.
        naming: As of `ListedPairs`.

    Raises:
        InputError: If the list cannot be read or a line is no pair.
    """
    file = root / pairs
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeError) as error:
        raise InputError(
            f"the list {file} cannot be read: put it into data.root, as the authors publish it"
        ) from error
    rows: dict[str, tuple[Path, Path]] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        words = line.split()
        if len(words) != 2:
            raise InputError(f"{file}, line {number}: needs a sharp and a blurred path")
        sharp, blurred = (root / word for word in words)
        match = re.search(naming, sharp.as_posix())
        if match is None:
            raise InputError(
                f"{file}, line {number}: {words[0]} has no name: it is not of the form {naming}"
            )
        name = "/".join(match.groups())
        if name in rows:
            raise InputError(f"{file}, line {number}: lists {name} again; remove one")
        rows[name] = (sharp, blurred)
    if not rows:
        raise InputError(f"the list {file} is empty: put the authors' list there")
    return rows
