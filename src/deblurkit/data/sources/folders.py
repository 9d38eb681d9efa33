"""Pictures in folders: a new set of pairs is two patterns in a YAML, not a class."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from deblurkit.data.likeness import spread, warn_once
from deblurkit.data.sources.base import Pictures, Source, file_stamp, group_of, natural_order
from deblurkit.data.sources.conditions import SUFFIX, read_condition
from deblurkit.errors import AbsentError, InputError, PictureError
from deblurkit.file_tree import visible_files_below
from deblurkit.imaging.formats.files import eight_bit, picture_size, read_image
from deblurkit.imaging.formats.stacks import page_count
from deblurkit.imaging.suffixes import READABLE, STACKS

_ASKED = 256  # TIFF files that are asked for their pages


class FolderSource(Source):
    """What pictures and pairs in folders have in common: everything once the files are known.

    Args:
        files: Role, then name, to file; every role has the names of the first.
    """

    def __init__(self, files: dict[str, dict[str, Path]]) -> None:
        self._files = files
        self.roles = frozenset(files)
        self.names = list(next(iter(files.values())))
        self.groups = [group_of(name) for name in self.names]
        for role, named in files.items():
            if role != "condition":
                say_pages(named.values())

    def files(self, index: int) -> dict[str, Path]:
        """File of each role."""
        return {role: named[self.names[index]] for role, named in self._files.items()}

    def read(self, index: int) -> Pictures:
        """Decode the picture or both of the pair, with 8 bits, and the class map.

        Raises:
            InputError: If the pictures of a pair, or a class map, differ in size.
            PictureError: If a file cannot be read.
        """
        files = self.files(index)
        pictures = {
            role: read_condition(file) if role == "condition" else eight_bit(read_image(file))
            for role, file in files.items()
        }
        first, *others = files
        height, width, _ = pictures[first].shape
        for role in others:
            if pictures[role].shape[:2] != (height, width):
                size = "{1}x{0}".format(*pictures[role].shape)
                raise InputError(
                    f"{files[role]} has {size} pixels and its partner {files[first]} "
                    f"{width}x{height}: pairs must be of one size"
                )
        return pictures

    def size(self, index: int) -> tuple[int, int]:
        """Height and width in pixels, from the header; of a pair the blurred picture's."""
        return picture_size(next(iter(self.files(index).values())))

    def stamp(self, index: int) -> str:
        """Path, size and time of change of the files."""
        return " ".join(file_stamp(file) for file in self.files(index).values())


class FolderPictures(FolderSource):
    """Pictures below a folder that have no partner.

    A picture's name is made of what the wildcards stand for and of its path below the matched
    folder, without suffix: with ``pictures="train/*/sharp"`` the file
    ``train/GOPR0372_07_00/sharp/000047.png`` is ``GOPR0372_07_00/000047``. Its group is the folder
    part of the name, if there is one. Folders are searched to the bottom; hidden files and files
    that are no pictures are ignored; the order is natural (2 before 10).

    Args:
        root: Folder of the data set.
        pictures: Pattern of folders or of files, relative to ``root``; ``*`` and ``?`` do not
            cross a ``/``. ``"."`` is ``root`` itself.
        role: What the pictures are, ``"blurred"`` or ``"sharp"``.
        condition: Pattern of their class maps, see ``read_condition``; names as of the pictures.

    Raises:
        InputError: If nothing matches, two files share a name or a picture has no class map.
    """

    def __init__(
        self, root: str | Path, pictures: str = ".", *, role: str, condition: str | None = None
    ) -> None:
        if role not in ("blurred", "sharp"):
            raise InputError(f"the role of pictures is 'blurred' or 'sharp', not {role!r}")
        files = {role: _files_by_name(Path(root), pictures, role)}
        super().__init__(files | _conditions(Path(root), condition, files[role]))


class FolderPairs(FolderSource):
    """Blurred and sharp pictures below a folder, matched by their names.

    Both patterns give names as in ``FolderPictures``, and equal names make a pair; the files may
    differ in suffix. GoPro is ``blurred="train/*/blur_gamma", sharp="train/*/sharp"``; RealBlur is
    ``blurred="*/blur/blur_*.png", sharp="*/gt/gt_*.png"``.

    Args:
        root: Folder of the data set.
        blurred: Pattern of the blurred pictures' folders or files, relative to ``root``.
        sharp: Pattern of the sharp ones.
        condition: Pattern of the pairs' class maps, see ``read_condition``; names as of the pairs.

    Raises:
        InputError: If nothing matches, two files share a name or a picture has no partner or no
            class map.
    """

    def __init__(
        self,
        root: str | Path,
        *,
        blurred: str = "blurred",
        sharp: str = "sharp",
        condition: str | None = None,
    ) -> None:
        patterns = {"blurred": blurred, "sharp": sharp}
        files = _both_roles(Path(root), patterns)
        for role, other in (("blurred", "sharp"), ("sharp", "blurred")):
            alone = [name for name in files[role] if name not in files[other]]
            if alone:
                raise InputError(
                    f"{files[role][alone[0]]} has no {other} partner named {alone[0]!r} in "
                    f"{Path(root) / patterns[other]} ({len(alone)} such files): "
                    f"add it or correct the patterns"
                )
        super().__init__(files | _conditions(Path(root), condition, files["blurred"]))


def say_pages(files: Iterable[Path]) -> None:
    """Warn of files of several pages, of which the first one is read; only TIFF files are asked."""
    stacks = [file for file in files if file.suffix.lower() in STACKS]
    looked = [stacks[index] for index in spread(len(stacks), _ASKED)]
    paged = [file for file in looked if _pages(file) > 1]
    if paged:
        warn_once(
            f"{len(paged)} of {len(looked)} TIFF files looked at hold several pages, {paged[0]} "
            f"has {_pages(paged[0])}: the first page of each is read, and the others are not"
        )


def _pages(file: Path) -> int:
    try:
        return page_count(file)
    except PictureError:  # whoever reads it will say so
        return 1


def _both_roles(root: Path, patterns: dict[str, str]) -> dict[str, dict[str, Path]]:
    """Files of both roles; where one of them is there, the other one is more than absent."""
    files: dict[str, dict[str, Path]] = {}
    absent: list[AbsentError] = []
    for role, pattern in patterns.items():
        try:
            files[role] = _files_by_name(root, pattern, role)
        except AbsentError as error:
            absent.append(error)
    if absent:
        raise InputError(str(absent[0])) if files else absent[0]
    return files


def _conditions(
    root: Path, pattern: str | None, pictures: dict[str, Path]
) -> dict[str, dict[str, Path]]:
    """The class maps of pictures as a further role, or none where no pattern is given."""
    if pattern is None:
        return {}
    files = _files_by_name(root, pattern, "condition")
    alone = [name for name in pictures if name not in files]
    if alone:
        raise InputError(
            f"{pictures[alone[0]]} has no class map named '{alone[0]}{SUFFIX}' in "
            f"{root / pattern} ({len(alone)} such pictures): add it or correct the pattern"
        )
    return {"condition": files}


def _files_by_name(root: Path, pattern: str, role: str) -> dict[str, Path]:
    """Files that a pattern of folders or files stands for, in natural order of names."""
    of_pictures = role != "condition"
    suffixes = READABLE if of_pictures else frozenset({SUFFIX})
    kind = f"{role} pictures" if of_pictures else f"class maps ({SUFFIX})"
    if "**" in pattern:
        raise InputError(f"{pattern!r}: '**' is not needed, folders are searched to the bottom")
    if not root.is_dir():
        raise AbsentError(f"{root} is not a folder: it should hold the {kind} in {pattern}")
    files: dict[str, Path] = {}
    for path in [root] if pattern == "." else root.glob(pattern):
        relative = path.relative_to(root)
        if any(part.startswith(".") for part in relative.parts):
            continue
        wildcards = _wildcard_parts(relative.as_posix(), pattern)
        for name, file in _files_below(path, wildcards, suffixes):
            if name in files:
                raise InputError(f"{files[name]} and {file} are both named {name!r}: remove one")
            files[name] = file
    if not files:
        raise AbsentError(f"no {kind} in {root / pattern}: {_content(root, pattern)}")
    return dict(sorted(files.items(), key=lambda entry: natural_order(entry[0])))


def _content(root: Path, pattern: str) -> str:
    """Content of the deepest folder on the pattern's way that exists."""
    parts = Path(pattern).parts
    ways = (root.joinpath(*parts[:depth]) for depth in range(len(parts), 0, -1))
    existing = (path for way in ways for path in sorted(root.glob(str(way.relative_to(root)))))
    folder = next((path for path in existing if path.is_dir()), root)
    children = sorted(child.name for child in folder.iterdir())
    return f"{folder} holds {', '.join(children[:8]) or 'nothing'}"


def _wildcard_parts(relative: str, pattern: str) -> list[str]:
    """What each run of wildcards of the pattern stands for in a path that it matched."""
    expression = re.sub(
        r"(?:\\\*|\\\?)+",
        lambda run: "(" + run[0].replace(r"\*", "[^/]*").replace(r"\?", "[^/]") + ")",
        re.escape(pattern.strip("/")),
    )
    match = re.fullmatch(expression, relative)
    return list(match.groups()) if match else []


def _files_below(
    path: Path, wildcards: list[str], suffixes: frozenset[str]
) -> Iterator[tuple[str, Path]]:
    """Names and files of such suffixes in a folder, or the one file that ``path`` is."""
    if path.is_file():
        if path.suffix.lower() in suffixes:
            # the last wildcard usually stands for the stem, maybe with the suffix
            yield "/".join(wildcards).removesuffix(path.suffix) or path.stem, path
        return
    for file in visible_files_below(path):
        if file.suffix.lower() in suffixes:
            stem = file.relative_to(path).with_suffix("").as_posix()
            yield "/".join([*wildcards, stem]), file
