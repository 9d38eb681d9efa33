"""DMPHN's published weights: a file for each encoder and decoder."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from torch import Tensor

from deblurkit.errors import InputError
from deblurkit.published.importer import placed, tensors_of

LAYERS = {  # the authors' numbers, in our order
    "encoder": (1, 2, 3, 5, 6, 7, 9, 10, 11),
    "decoder": (13, 14, 16, 17, 18, 20, 21, 22, 24),
}


class DMPHN:
    """Files such as ``encoder_lv1.pkl``; of stacks ``encoder_s1_lv1.pkl``.

    Only those of the model are read: the authors' folder of three stacks also holds files of a
    fourth one, which is not that of their four stacks.

    Args:
        levels: Of each hierarchy.
        stacks: How many hierarchies there are.

    Source: the authors' code of Zhang et al. (DMPHN), CVPR 2019, models.py and checkpoints/.
    """

    def __init__(self, *, levels: int, stacks: int) -> None:
        self.levels, self.stacks = levels, stacks
        self.needs = [file for file, _, _ in self._files()]
        # Of a hierarchy with more levels: looked for to be refused.
        self.takes = [_file(part, levels, stack=0, stacks=stacks) for part in LAYERS]

    def parts(self, files: Mapping[str, Any]) -> dict[str, dict[str, Tensor]]:
        """State of all hierarchies.

        Raises:
            InputError: If a file holds another network, or one of a further level is there.
        """
        deeper = [file for file in self.takes if file in files]
        if deeper:
            raise InputError(
                f"beside the files of {self.levels} levels lies {deeper[0]}: these are the weights "
                "of a deeper hierarchy, choose its model="
            )
        state: dict[str, Tensor] = {}
        for file, part, prefix in self._files():
            names = dict(_names(part, prefix))
            state |= placed(tensors_of(files[file], file=file), names, file=file)
        return {"hierarchies": state}

    def _files(self) -> Iterator[tuple[str, str, str]]:
        """Each file, whether it is an encoder or a decoder, and its place in our network."""
        for stack, level in product(range(self.stacks), range(self.levels)):
            for part in LAYERS:
                file = _file(part, level, stack=stack, stacks=self.stacks)
                yield file, part, f"stacks.{stack}.levels.{level}.{part}"


def _file(part: str, level: int, *, stack: int, stacks: int) -> str:
    return f"{part}_" + (f"s{stack + 1}_" if stacks > 1 else "") + f"lv{level + 1}.pkl"


def _names(part: str, prefix: str) -> Iterator[tuple[str, str]]:
    """Our name of every layer of theirs, alone or in a residual pair."""
    for number, layer in enumerate(LAYERS[part]):
        yield f"layer{layer}", f"{prefix}.{number}"
        for inner in (0, 2):
            yield f"layer{layer}.{inner}", f"{prefix}.{number}.body.{inner}"
