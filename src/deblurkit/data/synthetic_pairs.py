"""Pairs that are made ahead of a training out of sharp pictures, each by its number."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from deblurkit.data.augment import crop_box, pad_up
from deblurkit.data.blur.synthesis import Synthesis
from deblurkit.data.mixed_pool_blur import trimmed
from deblurkit.data.sources.base import Pictures, Pixels, Source
from deblurkit.data.sources.cache import Cached
from deblurkit.data.stream import number
from deblurkit.errors import InputError
from deblurkit.imaging.formats.files import as_pixels, as_tensor
from deblurkit.storage import replacing

_APART = 1 << 32  # draws of the blur from one seed to the next
_LAYOUT = 1  # of what is drawn for a pair; a change makes every pool anew


class SyntheticPairs(Source):
    """Crops of sharp pictures and what a synthesis makes of them.

    Pair n is a pure function of the pictures, the settings and n: the same on every machine of
    one kind, whoever asks and when. What is dear to make, such as simulated exposures, is kept
    by ``stored``. Every picture is taken once before any is taken again.

    Args:
        source: Sharp pictures; those smaller than a crop are reflected at their edges.
        synthesis: Blurs them; it may have one seed for all pairs, each seed here has its own draws.
        side: Of the pairs, in pixels.
        count: How many pairs.
        seed: Of the choice of pictures, of crops and of blur; from 0 on.
        tries: Crops that are drawn for each pair; the one with most detail is taken.

    Raises:
        InputError: If the pictures are not sharp ones, or a number is not positive.

    Attributes:
        settings: All that decides what is made: numbers of the synthesis, SHA-256 of each
            picture's pixels.
    """

    def __init__(
        self, *, source: Source, synthesis: Synthesis, side: int, count: int, seed: int, tries: int
    ) -> None:
        if "sharp" not in source.roles:
            raise InputError(f"pairs are made of sharp pictures, got {sorted(source.roles)}")
        if min(side, count, tries) < 1 or seed < 0:
            raise InputError(
                f"side, count and tries must be positive and seed not negative, got {side}, "
                f"{count}, {tries} and {seed}"
            )
        self.source, self.synthesis = source, synthesis
        self.side, self.seed, self.tries = side, seed, tries
        rounds = range(-(-count // len(source)))
        self._pictures = [index for cycle in rounds for index in self._order(cycle)][:count]
        self.names = [f"{pair:06d}" for pair in range(count)]
        self.groups = [source.groups[index] for index in self._pictures]
        self.roles = frozenset({"blurred", "sharp"})
        self.settings = {
            "layout": _LAYOUT,
            "seed": seed,
            "side": side,
            "tries": tries,
            "synthesis": settings_of(synthesis),
            "pictures": {
                name: _hash(source.read(index)["sharp"]) for index, name in enumerate(source.names)
            },
        }
        self._digest = hashlib.sha256(json.dumps(self.settings).encode()).hexdigest()

    def read(self, index: int) -> Pictures:
        """Make the pair."""
        margin = self.synthesis.margin
        crop = self._crop(index, self.side + 2 * margin)
        sharp = as_tensor(crop)[None]
        blurred = self.synthesis(sharp, [_APART * self.seed + index]).blurred
        return {
            role: np.ascontiguousarray(as_pixels(trimmed(pictures, margin)[0]), dtype=np.uint8)
            for role, pictures in (("blurred", blurred), ("sharp", sharp))
        }

    def size(self, index: int) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.side, self.side

    def stamp(self, index: int) -> str:
        """Hash of all that decides what is made, and the number."""
        return f"{self._digest} {index}"

    def _order(self, cycle: int) -> list[int]:
        generator = np.random.default_rng(number(self.seed, "pictures", cycle))
        return [int(index) for index in generator.permutation(len(self.source))]

    def _crop(self, index: int, side: int) -> Pixels:
        """The crop with most detail."""
        picture = self._pictures[index]
        height, width = self.source.size(picture)
        crops = []
        for attempt in range(self.tries):
            top, left = crop_box(height, width, side, number(self.seed, "crop", index, attempt))
            crop = self.source.crop(picture, top=top, left=left, side=side)
            crops.append(pad_up({"sharp": crop["sharp"]}, side)["sharp"])
        return max(crops, key=_detail)


def stored(pairs: SyntheticPairs, folder: str | Path) -> Cached:
    """The pairs in a memory-mapped file, made once.

    What is interrupted goes on where it was. ``pool.json`` beside the file says what it was made
    of.

    Args:
        pairs: What to make.
        folder: Where the file lies; one folder for each seed.
    """
    pool = Cached(pairs, folder)
    with replacing(Path(folder) / "pool.json") as file:
        file.write(json.dumps({"count": len(pairs), **pairs.settings}, indent=1).encode())
    return pool


def settings_of(value: Any) -> Any:
    """Plain values of an object and all that it holds, but for what begins with ``_``."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Tensor):
        return value.tolist()
    if isinstance(value, Mapping):
        return {str(key): settings_of(part) for key, part in value.items()}
    if isinstance(value, Sequence):
        return [settings_of(part) for part in value]
    parts = {key: part for key, part in vars(value).items() if not key.startswith("_")}
    return {"class": type(value).__qualname__, **settings_of(parts)}


def _detail(pixels: Pixels) -> float:
    """Mean difference of neighbours, in grey levels."""
    levels = pixels.astype(np.int16)
    return float(sum(np.abs(np.diff(levels, axis=axis)).mean() for axis in (0, 1)))


def _hash(pixels: Pixels) -> str:
    return hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).hexdigest()
