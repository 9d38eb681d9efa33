"""What is known about a published data set, and where its files are on this disk."""

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from deblurkit.data.sources.base import group_of
from deblurkit.data.sources.folders import FolderPictures
from deblurkit.data.sources.listed import NAMING, listed_files
from deblurkit.errors import InputError

Files = dict[str, Path]  # by name
Parts = dict[str, dict[str, Files]]  # by part, then role


class Layout(NamedTuple):
    """One way in which a data set lies on disks.

    Args:
        says: What it is, a phrase.
        parts: Part, then role, to a pattern as of ``FolderPictures``, or to ``{list, column}``
            of a text file of pairs, with a ``naming`` where it is not RealBlur's.
        advice: What to do where the library's config of the data set does not read it.
        inside: Text that every path of a list must contain; another one is another variant.
    """

    says: str
    parts: Mapping[str, Mapping[str, Any]]
    advice: str | None = None
    inside: str = ""


class Expected(NamedTuple):
    """How much a part holds.

    Args:
        pictures: Of each role.
        groups: Sequences or scenes, where pictures have such.
        sequences: Pictures of each sequence that is known by name.
    """

    pictures: int
    groups: int | None = None
    sequences: Mapping[str, int] = {}


class Brighter(NamedTuple):
    """Two folders with pictures of equal names, one of which is brighter as a whole.

    Args:
        darker: Pattern of the darker pictures.
        brighter: Pattern of the brighter ones.
        says: What to do if it is the other way round.
    """

    darker: str
    brighter: str
    says: str


class AsBright(NamedTuple):
    """Blurred pictures that are as bright as their sharp partners on average.

    Args:
        role: Of the blurred pictures.
        most: How much brighter they may be on average, in grey levels of 8 bits.
        unless: A role that, where it is there, tells more by a comparison.
        says: What to do if they are brighter.
    """

    role: str
    most: float
    unless: str
    says: str


class KnownSet:
    """A published data set: its layouts in the wild, its counts and what is often exchanged.

    Args:
        title: Name of the data set.
        layouts: Ways in which it lies on disks, the published one first.
        expected: What each part holds; parts that it does not name are not counted.
        size: Height and width of every picture, in pixels, or None where they vary.
        sequence: Expression that finds the sequence or scene in a name, which then may be in one
            part only; None takes the folder part and lets parts use the same ones.
        partners: Role to an expression that finds in a name what partners have in common, where
            that is not the whole name. Then several pictures may share a partner.
        optional: Roles or parts that may be missing.
        brighter: Folders that are told apart by their brightness.
        as_bright: Roles that are told apart by their partners' brightness.
    """

    def __init__(
        self,
        *,
        title: str,
        layouts: Sequence[Mapping[str, Any]],
        expected: Mapping[str, Mapping[str, Any]],
        size: Sequence[int] | None = None,
        sequence: str | None = None,
        partners: Mapping[str, str] | None = None,
        optional: Collection[str] = (),
        brighter: Sequence[Mapping[str, str]] = (),
        as_bright: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        self.title, self.sequence, self.partners = title, sequence, dict(partners or {})
        self.layouts = [Layout(**layout) for layout in layouts]
        self.expected = {part: Expected(**facts) for part, facts in expected.items()}
        self.size = None if size is None else (size[0], size[1])
        self.optional = frozenset(optional)
        self.brighter = [Brighter(**rule) for rule in brighter]
        self.as_bright = [AsBright(**rule) for rule in as_bright]

    def group(self, name: str) -> str:
        """Sequence or scene of a picture."""
        match = re.search(self.sequence, name) if self.sequence is not None else None
        return match[0] if match else group_of(name)

    def partner(self, role: str, name: str) -> str:
        """What a picture's name has in common with those of its partners."""
        match = re.search(self.partners[role], name) if role in self.partners else None
        return match[0] if match else name

    def recognised(self, root: Path) -> tuple[Layout, Parts, list[str]]:
        """The layout of which most is there, its files, and what could not be read.

        Raises:
            InputError: If nothing of any layout is there.
        """
        if not root.is_dir():
            raise InputError(f"{root} is not a folder: data.root must be that of {self.title}")
        tried = [(layout, *_files(root, layout)) for layout in self.layouts]
        layout, parts, faults = max(tried, key=lambda answer: _share(answer[0], answer[1]))
        if not parts:
            raise InputError(self._elsewhere(root))
        return layout, parts, faults

    def _elsewhere(self, root: Path) -> str:
        for inner in sorted(path for path in root.iterdir() if path.is_dir()):
            if any(_files(inner, layout)[0] for layout in self.layouts):
                return f"{self.title} lies one folder deeper: set data.root={inner}"
        roles = next(iter(self.layouts[0].parts.values()))
        patterns = " or ".join(dict.fromkeys(map(files_words, roles.values())))
        content = ", ".join(sorted(path.name for path in root.iterdir())[:8]) or "nothing"
        return f"{root} is not {self.title}: it should hold {patterns} and holds {content}"


def files_of(root: Path, where: str | Mapping[str, Any]) -> Files:
    """Files by name of a pattern, or of a column of a list whether they exist or not.

    Args:
        root: Folder of the data set.
        where: A pattern as of ``FolderPictures``, or ``{list, column}``; column 0 is sharp. Beside
            them ``naming``, as of ``ListedPairs``.

    Raises:
        InputError: If nothing is there, or two files share a name.
    """
    if isinstance(where, str):
        source = FolderPictures(root, where, role="sharp")
        return {name: source.files(index)["sharp"] for index, name in enumerate(source.names)}
    rows = listed_files(root, where["list"], naming=where.get("naming", NAMING))
    return {name: row[where["column"]] for name, row in rows.items()}


def files_words(where: str | Mapping[str, Any]) -> str:
    """A pattern, or the name of a list, for a sentence."""
    return where if isinstance(where, str) else str(where["list"])


def _files(root: Path, layout: Layout) -> tuple[Parts, list[str]]:
    parts: Parts = {}
    faults = []
    for part, roles in layout.parts.items():
        for role, where in roles.items():
            try:
                parts.setdefault(part, {})[role] = files_of(root, where)
            except InputError as error:
                if "both named" in str(error) or "line " in str(error):
                    faults.append(str(error))
    return {part: roles for part, roles in parts.items() if roles}, faults


def _share(layout: Layout, parts: Parts) -> float:
    expected = sum(len(roles) for roles in layout.parts.values())
    return sum(len(roles) for roles in parts.values()) / expected
