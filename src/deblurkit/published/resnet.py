"""The generator and the critic whose code DeblurGAN took from CycleGAN."""

from typing import Any

from torch import Tensor

from deblurkit.errors import InputError
from deblurkit.published.importer import placed, tensors_of, without_statistics


def generator_state(content: Any, *, file: str, blocks: int) -> dict[str, Tensor]:
    """State of a generator with a ``Body`` of `deblurkit.networks.parts.resnet_body`.

    Args:
        content: State dict of theirs, made with or without dropout; running statistics, which
            older versions kept, are left out.
        file: Where it comes from.
        blocks: Residual blocks.

    Raises:
        InputError: If it is of another network.

    Source: the authors' code of Zhu et al. (CycleGAN), ICCV 2017, and of Kupyn et al.
    (DeblurGAN), CVPR 2018, models/networks.py.
    """
    tensors = without_statistics(tensors_of(content, file=file))
    names = {"model.1": "encoder.0", "model.4": "encoder.2", "model.7": "encoder.4"}
    for block in range(blocks):
        theirs, ours = f"model.{10 + block}.conv_block", f"blocks.{block}.correction"
        names[f"{theirs}.1"] = f"{ours}.0"
        names[f"{theirs}.5"] = f"{ours}.4"
        names[f"{theirs}.6"] = f"{ours}.4"  # behind a dropout
    up = 10 + blocks
    names |= {
        f"model.{up}": "decoder.1",
        f"model.{up + 3}": "decoder.3",
        f"model.{up + 7}": "head",
    }
    state = placed(tensors, names, file=file)
    if not any(name.startswith("blocks.0.correction.4") for name in state):
        raise InputError(
            f"the blocks in {file} have one convolution, which DeblurGAN's code made by mistake "
            "from 2019 on; the paper's network has two"
        )
    return {f"body.{name}": tensor for name, tensor in state.items()}


def critic_state(content: Any, *, file: str, strided: int) -> dict[str, Tensor]:
    """State of `deblurkit.networks.parts.critics.PatchCritic`.

    Args:
        content: State dict of theirs.
        file: Where it comes from.
        strided: Convolutions that halve the picture.

    Raises:
        InputError: If it is of another network.

    Source: as for `generator_state`.
    """
    tensors = without_statistics(tensors_of(content, file=file))
    numbers = (0, *range(2, 3 * strided + 3, 3))
    return placed(tensors, {f"model.{n}": f"layers.{n}" for n in numbers}, file=file)
