"""Kernels by number: draw n always gets the same kernel, whoever asks for it and when."""

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

import torch

from deblurkit.data.blur.parts.family import KernelBatch, KernelFamily
from deblurkit.data.blur.parts.seeding import seeded
from deblurkit.errors import InputError

REMEMBERED = 2  # a batch may lie across the border of two blocks
_LOCK = Lock()  # of the blocks of all banks: caches are made by several threads


class KernelBank:
    """Random kernels addressed by draw, made in blocks because single ones are dear.

    Kernel n is entry ``n % block`` of block ``n // block``. It is a pure function of seed and
    draw: always made on the CPU, by a generator seeded with the seed and the block.

    Args:
        family: Distribution of the kernels.
        seed: Any integer.
        block: Kernels made at once.
    """

    def __init__(self, family: KernelFamily, seed: int, *, block: int = 512) -> None:
        if block < 1:
            raise InputError(f"a block must hold at least one kernel, got {block}.")
        self.family, self.seed, self.block = family, seed, block
        self._blocks: OrderedDict[int, KernelBatch] = OrderedDict()

    def at(self, draws: Sequence[int], device: torch.device | str = "cpu") -> KernelBatch:
        """Give the kernels of some draws, in their order.

        Raises:
            InputError: If there is no draw, or a negative one.
        """
        if not draws or min(draws) < 0:
            raise InputError(f"draws must be numbers from 0 on, got {list(draws)}.")
        addresses = [divmod(draw, self.block) for draw in draws]
        with _LOCK:
            blocks = {number: self._get(number) for number, _ in addresses}
        kernels = torch.stack([blocks[number].kernels[entry] for number, entry in addresses])
        parameters = {
            name: torch.stack([blocks[n].parameters[name][entry] for n, entry in addresses])
            for name in blocks[addresses[0][0]].parameters
        }
        return KernelBatch(kernels.to(device), parameters)

    def _get(self, number: int) -> KernelBatch:
        if number not in self._blocks:
            generator = seeded("kernels", self.seed, number)
            self._blocks[number] = self.family.draw(self.block, generator)
            while len(self._blocks) > REMEMBERED:
                self._blocks.popitem(last=False)
        self._blocks.move_to_end(number)
        return self._blocks[number]
