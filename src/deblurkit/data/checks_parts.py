"""Do training, validation and test show different things? Asked before any training.

A score of a picture that was trained on, or of its neighbour in a video, says nothing about new
pictures, and nothing in the score shows it.
"""

import logging
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from deblurkit.data.checks import check_pairs
from deblurkit.data.likeness import (
    Thumbnail,
    equal_files,
    of_video,
    same_scene,
    spread,
    thumbnail,
)
from deblurkit.data.sources.base import Source, natural_order
from deblurkit.errors import InputError

_FILES = 256  # pictures whose files are compared, which costs next to nothing
_PICTURES = 24  # pictures that are decoded
_OTHERS = 48  # pictures of each source that all of them are compared with
_PROBES = 12  # pairs of neighbours

_log = logging.getLogger(__name__)


class Overlap(NamedTuple):
    """Pictures of one part that are in another one as well.

    Attributes:
        looked: How many were looked at.
        names: Of those found, each with that of its double.
    """

    looked: int
    names: dict[str, str]

    @property
    def share(self) -> float:
        """Of the pictures looked at, from 0 to 1."""
        return len(self.names) / self.looked


def check_parts(
    trained: Sequence[Source], val: Source | None, test: Source | None, *, strict: bool
) -> None:
    """Look at what validates and tests: pairs that belong together, pictures not trained on.

    Raises:
        InputError: If ``strict`` and half of the test pictures are trained on; if the sizes of a
            pair differ.
        PictureError: If a file cannot be read.
    """
    for part, evaluated in (("validation", val), ("test", test)):
        if evaluated is not None and evaluated.roles >= {"blurred", "sharp"}:
            check_pairs(evaluated, strict=False)
        if evaluated is not None and trained:
            check_unseen(trained, "training", evaluated, part, strict=strict and part == "test")
    if trained and val is not None and test is not None:
        check_unseen([val], "validation", test, "test", strict=False)


def check_unseen(
    sources: Sequence[Source], known: str, evaluated: Source, part: str, *, strict: bool
) -> None:
    """Refuse or report pictures that are scored and were trained on or chosen by.

    Args:
        sources: What is trained on or chosen by.
        known: What these are, in a word, such as ``training``.
        evaluated: What is scored.
        part: What this is, such as ``test``.
        strict: Whether it is an error if half of the pictures are the same; else it is only said.

    Raises:
        InputError: If ``strict`` and half of the pictures looked at are the same.
        PictureError: If a file cannot be read.
    """
    message, share = seen_words(sources, known, evaluated, part)
    if message and strict and share >= 0.5:
        raise InputError(f"{message}; data.check=warn goes on nevertheless")
    if message:
        _log.warning(message)


def seen_words(
    sources: Sequence[Source], known: str, evaluated: Source, part: str
) -> tuple[str, float]:
    """What is wrong with scoring these pictures, if anything, and the share that is the same.

    Arguments and errors as of ``check_unseen``.
    """
    equal = with_equal_files(sources, evaluated)
    if equal.share < 0.5 and (pair := neighbours_in_video(sources, evaluated)):
        return neighbour_words(pair, known, part), 0.0
    alike = equal if equal.share >= 0.5 else _alike(sources, evaluated)
    repeated = max(equal, alike, key=lambda overlap: overlap.share)
    return (repeated_words(repeated, known, part) if repeated.names else ""), repeated.share


def repeated_words(repeated: Overlap, known: str, part: str) -> str:
    """A sentence about pictures that are in two parts."""
    name, double = next(iter(repeated.names.items()))
    return (
        f"{len(repeated.names)} of {repeated.looked} {part} pictures looked at are {known} "
        f"pictures too, {name} is {double} for one: their scores say nothing about new pictures, "
        f"give other ones to the {part}"
    )


def neighbour_words(pair: tuple[str, str], known: str, part: str) -> str:
    """A sentence about neighbours that are in two parts."""
    return (
        f"{part} pictures are neighbours of {known} pictures in a video, {pair[0]} of {pair[1]} "
        "for one: their scores say little about new scenes; divide by scenes, in a folder each, or "
        "in blocks, by deblurkit.data.sources.sequences.SceneShare"
    )


def neighbours_in_video(sources: Sequence[Source], evaluated: Source) -> tuple[str, str] | None:
    """A picture and its neighbour in a source, if most pictures have one and it is a video's.

    Raises:
        PictureError: If a file cannot be read.
    """
    for source in sources:
        neighbours = list(_neighbours(source, evaluated))
        if 2 * len(neighbours) < len(evaluated) or len(source) < 3:
            continue
        chosen = [neighbours[index] for index in spread(len(neighbours), _PROBES)]
        triples = [
            (
                thumbnail(evaluated, index),
                thumbnail(source, other),
                thumbnail(source, (other + len(source) // 2) % len(source)),
            )
            for index, other in chosen
        ]
        if of_video(triples):
            index, other = chosen[0]
            return evaluated.names[index], source.names[other]
    return None


def with_equal_files(sources: Sequence[Source], evaluated: Source) -> Overlap:
    """Pictures one of whose files is, byte by byte, one of the sources'; nothing is decoded."""
    chosen = spread(len(evaluated), _FILES)
    names = {file: evaluated.names[at] for at in chosen for file in _picture_files(evaluated, at)}
    known = {
        file: source.names[index]
        for source in sources
        for index in range(len(source))
        for file in _picture_files(source, index)
    }
    doubles: dict[str, str] = {}
    for file, double in equal_files(list(names), list(known)).items():
        doubles.setdefault(
            names[file], known[double]
        )  # blurred files first: sharp ones may be shared
    return Overlap(len(chosen), doubles)


def _picture_files(source: Source, index: int) -> list[Path]:
    return [file for role, file in source.files(index).items() if role != "condition"]


def _alike(sources: Sequence[Source], evaluated: Source) -> Overlap:
    looked = [
        {index: thumbnail(source, index) for index in spread(len(source), _OTHERS)}
        for source in sources
    ]
    positions = [{name: index for index, name in enumerate(source.names)} for source in sources]
    chosen = spread(len(evaluated), _PICTURES)
    names: dict[str, str] = {}
    for index in chosen:
        name, picture = evaluated.names[index], thumbnail(evaluated, index)
        for source, thumbnails, named in zip(sources, looked, positions, strict=True):
            if name in named and named[name] not in thumbnails:
                thumbnails[named[name]] = thumbnail(source, named[name])
            if (double := _double(picture, thumbnails)) is not None:
                names[name] = source.names[double]
    return Overlap(len(chosen), names)


def _double(picture: Thumbnail, thumbnails: dict[int, Thumbnail]) -> int | None:
    alike = (index for index, other in thumbnails.items() if same_scene(picture, other))
    return next(alike, None)


def _neighbours(source: Source, evaluated: Source) -> Iterator[tuple[int, int]]:
    """Positions of scored pictures whose name comes just before or after one of the source.

    Pictures of one name are copies or have nothing to do with each other.
    """
    copies = {*source.names} & {*evaluated.names}
    sequences: dict[tuple[str, str], list[tuple[str, int | None, int]]] = {}
    for owner in (source, evaluated):
        for index, name in enumerate(owner.names):
            if match := re.fullmatch(r"(.*?)\d+(\D*)", name):
                own = (name, None, index) if owner is evaluated else (name, index, -1)
                sequences.setdefault((match[1], match[2]), []).append(own)
    for frames in sequences.values():
        frames.sort(key=lambda frame: natural_order(frame[0]))
        for position, (_, other, index) in enumerate(frames):
            around = frames[max(position - 1, 0) : position + 2]
            trained = [near for _, near, _ in around if near is not None]
            if other is None and trained and evaluated.names[index] not in copies:
                yield index, trained[0]
