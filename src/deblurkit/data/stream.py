"""The endless stream of training draws, and the position in it.

Draw n of a pool is a pure function of (seed, pool, n): which picture, which crop, which flips and
which blur. So the number of workers changes nothing, an epoch never repeats another, and a run
that is resumed needs one integer to go on exactly where it was.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from deblurkit.data.augment import crop_box, pad_up
from deblurkit.data.sources.base import Pictures, Source
from deblurkit.imaging.formats.files import as_tensor
from deblurkit.storage import as_bytes

Augmentation = Callable[[Pictures, int], Pictures]
Draw = dict[str, Any]  # role to uint8 tensor (3, H, W), "name" and "seed"


def number(*words: int | str) -> int:
    """A 32-bit number that depends on all words and on nothing else."""
    entropy = [w if isinstance(w, int) else int.from_bytes(as_bytes(w), "big") for w in words]
    return int(np.random.SeedSequence(entropy).generate_state(1)[0])


class Stream(Dataset[dict[str, Draw]]):
    """Random crops out of several pools; item n holds draw n of each pool.

    Args:
        pools: Source of each pool.
        sides: Side of each pool's crops, pixels.
        seed: Of all draws.
        augmentation: Changes the crops of a draw; gets the draw's own seed.
    """

    def __init__(
        self,
        pools: Mapping[str, Source],
        *,
        sides: Mapping[str, int],
        seed: int,
        augmentation: Augmentation | None = None,
    ) -> None:
        self.pools, self.sides, self.seed = dict(pools), dict(sides), seed
        self.augmentation = augmentation
        self._order = lru_cache(maxsize=2 * len(self.pools) + 2)(self._shuffled)

    def __getitem__(self, draw: int) -> dict[str, Draw]:
        """Draw number ``draw`` of every pool."""
        return {pool: self._draw(pool, draw) for pool in self.pools}

    def _draw(self, pool: str, draw: int) -> Draw:
        source = self.pools[pool]
        cycle, position = divmod(draw, len(source))
        index = int(self._order(pool, cycle)[position])
        seed = number(self.seed, pool, draw)
        side = self.sides[pool]
        top, left = crop_box(*source.size(index), side, seed)
        pictures = pad_up(source.crop(index, top=top, left=left, side=side), side)
        if self.augmentation is not None:
            pictures = self.augmentation(pictures, seed)
        return {**as_tensors(pictures), "name": source.names[index], "seed": draw}

    def _shuffled(self, pool: str, cycle: int) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Every picture once per cycle, each cycle in another order."""
        generator = np.random.default_rng(number(self.seed, pool, "order", cycle))
        return generator.permutation(len(self.pools[pool]))

    def __getstate__(self) -> dict[str, Any]:
        """Without the cache, for workers that are spawned."""
        return {key: value for key, value in self.__dict__.items() if key != "_order"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._order = lru_cache(maxsize=2 * len(self.pools) + 2)(self._shuffled)


def as_tensors(pictures: Pictures) -> dict[str, torch.Tensor]:
    """Channels first, still 8 bit: a quarter of the bytes to move to the device.

    Pictures of 16 bits, which a teacher answers, come as float32 in [0, 1].
    """
    return {
        role: torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))
        if pixels.dtype == np.uint8
        else as_tensor(pixels)
        for role, pixels in pictures.items()
    }


class Position:
    """Where in the stream the training is; the loader takes it as its batch sampler.

    Args:
        batch_size: Draws per batch of one device.
        batches: Batches per epoch of one device.
        rank: This device.
        ranks: Devices; device r takes every ``ranks``-th batch, so all of them together draw
            what one would.
    """

    def __init__(self, *, batch_size: int, batches: int, rank: int = 0, ranks: int = 1) -> None:
        self.batch_size, self.batches = batch_size, batches
        self.rank, self.ranks = rank, ranks
        self.drawn = 0  # by all devices together; counted when a batch is used, not when prefetched

    def __iter__(self) -> Iterator[list[int]]:
        """One epoch of batches from here on."""
        start = self.drawn + self.rank * self.batch_size  # prefetching must not see it move
        for batch in range(self.batches):
            first = start + batch * self.batch_size * self.ranks
            yield list(range(first, first + self.batch_size))

    def __len__(self) -> int:
        """Batches per epoch."""
        return self.batches

    def advance(self) -> None:
        """Count one used batch of every device."""
        self.drawn += self.batch_size * self.ranks


class StreamLoader(DataLoader[dict[str, Draw]]):
    """A loader that resumes: its position is kept by the data module.

    The empty state tells the trainer so; without it, it warns that the loader would start anew.
    """

    def state_dict(self) -> dict[str, Any]:
        """Nothing: the data module holds the position."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Nothing to do."""


def collate(draws: list[dict[str, Draw]]) -> dict[str, dict[str, Any]]:
    """Stack the draws of every pool; names and seeds stay lists of plain values.

    Some draws of a mixture have no ``blurred``: it is stacked from those that have it, and
    ``comes_blurred`` says which.
    """
    batch: dict[str, dict[str, Any]] = {}
    for pool in draws[0]:
        rows = [draw[pool] for draw in draws]
        columns = {
            key: [row[key] for row in rows if key in row]
            for key in dict.fromkeys(key for row in rows for key in row)
        }
        batch[pool] = {
            key: torch.stack(column) if isinstance(column[0], torch.Tensor) else column
            for key, column in columns.items()
        }
        batch[pool]["comes_blurred"] = ["blurred" in row for row in rows]
    return batch
