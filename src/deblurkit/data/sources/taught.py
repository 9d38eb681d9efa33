"""Blurred pictures with a teacher's answers as their partners, made once and stored."""

import hashlib
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol, cast, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from deblurkit.data.sources.base import Pictures, Source, window
from deblurkit.data.sources.cache import locked
from deblurkit.data.sources.sequences import scenes_of
from deblurkit.errors import InputError, PictureError
from deblurkit.imaging.formats.files import eight_bit
from deblurkit.storage import replacing

_log = logging.getLogger(__name__)

_HASHES = "pictures.json"  # stamp of each picture's file -> hash of its pixels
_NOTE = "README.txt"


@runtime_checkable
class PictureAnswers(Protocol):
    """Whoever answers whole pictures."""

    def key(self) -> str:
        """Hexadecimal digits that change whenever answers would."""
        ...

    def __call__(self, blurred: NDArray[np.uint8], name: str) -> NDArray[np.uint16]:
        """The restored picture, of the same size."""
        ...


class TaughtPictures(Source):
    """Blurred pictures without a partner; what a teacher makes of each stands in its place.

    The answer to the whole picture is stored as 16-bit numbers, in a file of its own that is
    named by the picture's pixels, in a folder that is named by the teacher's key: a renamed
    picture, a moved folder or a second run ask nobody again, another teacher or other weights
    do. Whatever interrupts the making, what is stored stays. Of several processes one makes the
    answers, the others wait. Frames of a video and copies of a picture are of one group.

    Args:
        source: Gives ``blurred``.
        teacher: Answers whole pictures; asked for those that are not stored yet.
        folder: Where answers of all teachers are stored; 6 bytes for each pixel.

    Raises:
        InputError: If the source gives no blurred pictures, the teacher has no answer to one, or
            the disk refuses.
        PictureError: If a picture cannot be read.
    """

    def __init__(self, source: Source, *, teacher: PictureAnswers, folder: str | Path) -> None:
        if "blurred" not in source.roles:
            raise InputError(
                f"a teacher answers blurred pictures; these are {sorted(source.roles)}"
            )
        self.source, self.names, self.groups = source, source.names, scenes_of(source)
        self.roles = source.roles | {"sharp"}
        self.teacher_key = teacher.key()
        self.folder = Path(folder) / self.teacher_key[:16]
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with locked(self.folder / "lock"):
                self._files = self._answered(teacher)
        except PictureError:
            raise
        except OSError as error:
            raise InputError(
                f"answers of the teacher cannot be stored in {self.folder}: "
                f"{error.strerror or error}; choose another data.cache"
            ) from error

    def read(self, index: int) -> Pictures:
        """The blurred picture with 8 bits and, as ``sharp``, the answer with 16."""
        return self.source.read(index) | {"sharp": np.array(self._answer(index))}

    def size(self, index: int) -> tuple[int, int]:
        """As the source."""
        return self.source.size(index)

    def stamp(self, index: int) -> str:
        """As the source, and the teacher."""
        return f"{self.source.stamp(index)} {self.teacher_key}"

    def crop(self, index: int, *, top: int, left: int, side: int) -> Pictures:
        """As of every source; reads nothing but the crop of the answer."""
        answer = window(self._answer(index), top=top, left=left, side=side)
        return self.source.crop(index, top=top, left=left, side=side) | {"sharp": answer}

    def _answer(self, index: int) -> NDArray[np.uint16]:
        mapped: NDArray[np.uint16] = np.load(self._files[index], "r", allow_pickle=False)
        return mapped

    def _answered(self, teacher: PictureAnswers) -> list[Path]:
        """The file of every answer, made where it is missing."""
        hashes = self._hashes()
        files = [self._stored(hashes.get(self.source.stamp(i)), i) for i in range(len(self.names))]
        missing = [index for index, file in enumerate(files) if file is None]
        if missing:
            note = (
                f"Answers of {self.teacher_key}: 16-bit pictures as NumPy arrays. May be deleted.\n"
            )
            with replacing(self.folder / _NOTE) as stream:
                stream.write(note.encode())
        try:
            for index in _announced(missing, len(self.names)):
                files[index], hashes[self.source.stamp(index)] = self._answer_of(teacher, index)
        finally:  # a killed process loses no answer, only what tells them without decoding
            if missing:
                with replacing(self.folder / _HASHES) as stream:
                    stream.write(json.dumps(hashes).encode())
        return cast("list[Path]", files)

    def _answer_of(self, teacher: PictureAnswers, index: int) -> tuple[Path, str]:
        """The file of a picture's answer, which another name's may be, and the pixels' hash."""
        blurred = eight_bit(self.source.read(index)["blurred"])
        digest = hashlib.sha256(repr(blurred.shape).encode() + blurred.tobytes()).hexdigest()
        if self._stored(digest, index) is None:
            answer = teacher(blurred, self.names[index])
            with replacing(self._file(digest)) as stream:
                np.save(stream, answer, allow_pickle=False)
        return self._file(digest), digest

    def _file(self, digest: str) -> Path:
        return self.folder / f"{digest[:32]}.npy"

    def _stored(self, digest: str | None, index: int) -> Path | None:
        """The file of an answer, if it is whole and of this picture's size."""
        if digest is None or not (file := self._file(digest)).is_file():
            return None
        try:
            answer = np.load(file, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError):
            answer = np.empty(0)
        if answer.dtype == np.uint16 and answer.shape == (*self.source.size(index), 3):
            return file
        _log.warning("%s is damaged and is made again", file)
        return None

    def _hashes(self) -> dict[str, str]:
        try:
            hashes: Any = json.loads((self.folder / _HASHES).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        sound = isinstance(hashes, dict) and all(isinstance(v, str) for v in hashes.values())
        return hashes if sound else {}


def _announced(missing: list[int], count: int) -> Iterator[int]:
    """The same positions, with a line before the first and a bar or lines on the way."""
    if not missing:
        return
    stored = count - len(missing)
    _log.info(
        "the teacher answers %d pictures%s; its answers are stored. Scores against them say how "
        "near a student comes to the teacher, not to the truth",
        len(missing),
        f" ({stored} were answered before)" if stored else "",
    )
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    if console.is_terminal:
        yield from track(missing, "answers of the teacher", console=console)
        return
    every = max(len(missing) // 10, 1)
    for done, index in enumerate(missing):
        yield index
        if (done + 1) % every == 0:
            _log.info("%d of %d answers are stored", done + 1, len(missing))
