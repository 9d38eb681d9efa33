"""Scenes of pictures in one folder: frames of a video and blurs of one photograph must not part.

Photographs and frames of a video are numbered alike, so their names alone do not tell which of the
two a folder holds; some neighbours are looked at.
"""

import os
import re
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from deblurkit.data.likeness import Thumbnail, contents, of_video, reduced, spread, warn_once
from deblurkit.data.sources.base import Source, natural_order
from deblurkit.data.sources.subsets import Chosen, groups_between, of_groups
from deblurkit.imaging.formats.files import eight_bit, read_image

BLOCKS = 20  # of all videos of a folder; a share of 5 % is one of them
_FEWEST = 6  # numbered pictures, below which neighbours are no rarer than others
_PROBES = 12  # pairs of neighbours that are looked at


class SceneShare(Chosen):
    """The pictures whose scenes lie between two fractions of a fixed shuffle of all scenes.

    As ``Share``, but what lies side by side in one folder does not part either if it shows the
    same: frames of a video are divided into blocks of frames that follow each other, and pictures
    whose sharp files are equal, such as several blurs of one photograph, are one scene.

    Args:
        source: What to divide.
        start: First fraction of the scenes, from 0.
        stop: Last fraction, up to 1.

    Raises:
        InputError: If the fractions are not in order or leave no scene.
        PictureError: If a picture that is looked at cannot be read.
    """

    def __init__(self, source: Source, start: float, stop: float) -> None:
        scenes = scenes_of(source)
        indices = of_groups(scenes, groups_between(scenes, start, stop))
        super().__init__(source, indices)
        self.groups = [scenes[index] for index in indices]


def scenes_of(source: Source) -> list[str]:
    """The scene of each picture.

    Pictures in folders of their own keep their groups; blocks of a video are said once.

    Raises:
        PictureError: If a picture that is looked at cannot be read.
    """
    scenes = _without_copies(source)
    pictures = {scene: index for index, scene in reversed(list(enumerate(scenes)))}
    flat = [scene for scene, index in pictures.items() if "/" not in source.names[index]]
    sequences = _numbered(flat)
    files = {scene: _shown(source, pictures[scene]) for scenes in sequences for scene in scenes}
    if not sequences or None in files.values() or not _is_video(_probes(sequences, files)):
        return scenes
    blocks = _blocks(sequences)
    warn_once(
        f"{files[sequences[0][0]]} and the pictures after it are frames of a video: they are "
        f"divided in {len(set(blocks.values()))} blocks of frames that follow each other, so that "
        "only those at the ends of a block have neighbours in another part; give each scene a "
        "folder of its own to divide by scenes"
    )
    return [blocks.get(scene, scene) for scene in scenes]


def _without_copies(source: Source) -> list[str]:
    """Groups, where pictures of equal files have the group of the first of them."""
    files = [_shown(source, index) for index in range(len(source))]
    if None in files:
        return list(source.groups)
    named: dict[tuple[object, ...], list[int]] = {}
    for index, key in enumerate(contents([file for file in files if file is not None])):
        named.setdefault(key, []).append(index)
    scenes = list(source.groups)
    for copies in named.values():
        names = [source.names[index] for index in copies]
        if len(copies) > 1 and all(source.groups[index] == source.names[index] for index in copies):
            # of letters, not of folders
            common = os.path.commonprefix(names).rstrip("_- ") or names[0]  # noqa: RUF071
            for index in copies:
                scenes[index] = common
    return scenes


def _shown(source: Source, index: int) -> Path | None:
    """The sharp file of a picture, or the blurred one where it has no other."""
    files = source.files(index)
    return files.get("sharp", files.get("blurred"))


def _numbered(names: list[str]) -> list[list[str]]:
    """Names that differ in their last number only, in its order."""
    sequences: dict[tuple[str, str], list[str]] = {}
    for name in sorted(names, key=natural_order):
        match = re.fullmatch(r"(.*?)\d+(\D*)", name)
        if match:
            sequences.setdefault((match[1], match[2]), []).append(name)
    return [sequence for sequence in sequences.values() if len(sequence) > 2]


def _probes(
    sequences: list[list[str]], files: dict[str, Path | None]
) -> tuple[tuple[Path, Path, Path], ...]:
    """Some files, each with its neighbour and with one far from it."""
    members = [name for sequence in sequences for name in sequence]
    if len(members) < _FEWEST:
        return ()
    far = {name: members[index - len(members) // 2] for index, name in enumerate(members)}
    neighbours = [pair for sequence in sequences for pair in pairwise(sequence)]
    chosen = [neighbours[index] for index in spread(len(neighbours), _PROBES)]
    triples = [(files[first], files[second], files[far[first]]) for first, second in chosen]
    return tuple((a, b, c) for a, b, c in triples if a and b and c)


@lru_cache(maxsize=16)  # training, validation and test ask the same
def _is_video(probes: tuple[tuple[Path, Path, Path], ...]) -> bool:
    """Whether neighbours are much nearer to each other than pictures far apart."""
    if not probes:
        return False
    return of_video([(_thumbnail(a), _thumbnail(b), _thumbnail(c)) for a, b, c in probes])


@lru_cache(maxsize=64)
def _thumbnail(file: Path) -> Thumbnail:
    return reduced(eight_bit(read_image(file)))


def _blocks(sequences: list[list[str]]) -> dict[str, str]:
    """The block of each frame; long sequences have more of them than short ones."""
    total = sum(map(len, sequences))
    blocks = {}
    for sequence in sequences:
        count = min(len(sequence), max(1, round(BLOCKS * len(sequence) / total)))
        for index, name in enumerate(sequence):
            block = index * count // len(sequence)
            blocks[name] = f"{sequence[-(-block * len(sequence) // count)]} and after it"
    return blocks
