"""What knows the files of one source of published weights, and what all of them share."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from deblurkit.errors import InputError

STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


@runtime_checkable
class Importer(Protocol):
    """Where the tensors of one source belong.

    Attributes:
        needs: Names of the files without which nothing can be restored.
        takes: Names of further files that are read where they lie in the same folder.
    """

    needs: Sequence[str]
    takes: Sequence[str]

    def parts(self, files: Mapping[str, Any]) -> dict[str, dict[str, Tensor]]:
        """States of our networks.

        Args:
            files: Content of each file by its name; those of ``needs`` come first, and a single
                one may have another name.

        Returns:
            A state dict for each network that the files hold, by its place in the method.

        Raises:
            InputError: If a file holds something else.
        """
        ...


def tensors_of(content: Any, *, file: str) -> dict[str, Tensor]:
    """Tensors of a state dict by name, without the prefix of ``DataParallel``.

    Raises:
        InputError: If the content is no state dict.
    """
    plain = isinstance(content, Mapping) and bool(content)
    if not plain or not all(map(torch.is_tensor, content.values())):
        raise InputError(
            f"{file} holds no tensors by name; give the file of a network's weights, not that of "
            "a whole training or of another program"
        )
    return {str(name).removeprefix("module."): tensor for name, tensor in content.items()}


def without_statistics(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same, without running statistics: our normalisations look at the picture alone."""
    return {
        name: tensor for name, tensor in tensors.items() if name.split(".")[-1] not in STATISTICS
    }


def placed(
    tensors: Mapping[str, Tensor], names: Mapping[str, str], *, file: str
) -> dict[str, Tensor]:
    """Tensors under our names.

    Args:
        tensors: By the names of their authors, such as ``model.1.weight``.
        names: Our name of each layer of theirs.
        file: Where they come from.

    Raises:
        InputError: If a tensor belongs to no layer that is known.
    """
    state: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        layer, _, leaf = name.rpartition(".")
        if layer not in names or f"{names[layer]}.{leaf}" in state:
            raise InputError(f"{file} holds {name}, which this network does not have")
        state[f"{names[layer]}.{leaf}"] = tensor
    return state
