"""Which file of a folder was made of what, so that no command replaces what another one made."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from deblurkit.errors import InputError
from deblurkit.storage import as_bytes

NOTES = ".deblurkit"  # hidden folder beside results


class Owners:
    """Notes on what each file in a folder of results is made of, a line per file.

    They are written before the files are: whoever is killed in between finds files of its own. A
    file that is there without a note is somebody else's.

    Args:
        folder: Of the results; paths in the notes are below it, so that it may be moved.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.file = self.folder / NOTES / "made_of.jsonl"
        self._owners: dict[str, str] = {}
        self._claimed: dict[str, str] = {}  # by this command
        for file in sorted(self.file.parent.glob("finished_*.jsonl")):
            self._owners |= {self._key(Path(path)): owner for path, owner in _of_journal(file)}
        self._owners |= _of_notes(self.file)

    def belongs(self, path: Path, owner: object) -> bool:
        """Whether a file was made of this owner."""
        return self._owners.get(self._key(path)) == _name(owner)

    def may_write(self, path: Path, owner: object) -> bool:
        """Whether nothing of anybody else is lost if this owner's file is written here."""
        return not os.path.lexists(path) or self.belongs(path, owner)

    def claim(self, files: Mapping[Path, object]) -> None:
        """Note what files will be made of, before they are written.

        A disk that refuses notes will say so of the files; without a note a file is not replaced.

        Args:
            files: With the owner of each, such as the file of a picture.
        """
        new = {self._key(path): _name(owner) for path, owner in files.items()}
        lines = [json.dumps(entry) for entry in new.items() if entry not in self._owners.items()]
        self._owners |= new
        self._claimed |= new
        if lines:
            with suppress(OSError):
                self.file.parent.mkdir(parents=True, exist_ok=True)
                with self.file.open("ab", buffering=0) as stream:  # in one piece: of all devices
                    # The line break comes first: what a kill left of a note spoils no other one.
                    stream.write(as_bytes("\n" + "\n".join(lines)))

    def own(self, path: Path, owner: object) -> Path:
        """The path, numbered where the file of somebody else lies; it is claimed."""
        number, wanted = 2, path
        while not self.may_write(path, owner) or self._promised(path, owner):
            path = wanted.with_stem(f"{wanted.stem}_{number}")
            number += 1
        self.claim({path: owner})
        return path

    def require_own(self, path: Path, owner: object) -> None:
        """Refuse to write over what somebody else made.

        Raises:
            InputError: With what to do.
        """
        if not self.may_write(path, owner):
            raise InputError(
                f"{path} is there already and was not made from {owner}, so that it stays as it "
                "is: choose another output=, or move it away"
            )

    def _promised(self, path: Path, owner: object) -> bool:
        """Whether this command will write something else there."""
        return self._claimed.get(self._key(path), _name(owner)) != _name(owner)

    def _key(self, path: Path) -> str:
        """Of a path, below the folder where it lies there; a link itself is not followed."""
        whole = path.parent.resolve() / path.name
        below = whole.is_relative_to(self.folder)
        return whole.relative_to(self.folder).as_posix() if below else str(whole)


def _name(owner: object) -> str:
    """Of an owner: the whole path of a file."""
    return str(owner.resolve()) if isinstance(owner, Path) else str(owner)


def _of_notes(file: Path) -> dict[str, str]:
    pairs = (entry for entry in _lines(file) if isinstance(entry, list) and len(entry) == 2)
    return {str(path): str(owner) for path, owner in pairs}


def _of_journal(file: Path) -> Iterator[tuple[str, str]]:
    """Sources and results of files that an earlier version finished, see ``Journal``."""
    for entry in _lines(file):
        if isinstance(entry, list) and len(entry) == 5:
            yield str(entry[4]), str(entry[1])


def _lines(file: Path) -> Iterator[object]:
    with suppress(OSError):
        for line in file.read_text("utf-8").splitlines():
            with suppress(ValueError):  # an empty line, or one that a kill has cut
                yield json.loads(line)
