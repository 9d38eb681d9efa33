"""DeblurGAN-v2's published weights: one file of the generator."""

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from deblurkit.errors import InputError
from deblurkit.published.importer import tensors_of, without_statistics

NAMES = (("fpn.inception.", "trunk."), ("fpn.features.", "trunk.features."), ("fpn.", ""))
# Second names of the trunk's layers, and those of its layers that the generator does not use.
UNUSED = re.compile(
    r"fpn\.(enc\d|features\.1[678]|inception\.(repeat_2|block8|conv2d_7b|last_linear))\."
)


class DeblurGANv2:
    """A file such as ``fpn_mobilenet.h5`` or ``fpn_inception.h5``; it is no HDF5.

    Running statistics are left out, see `deblurkit.networks.parts.trunk.InstanceNorm`.

    Source: the authors' code of Kupyn et al. (DeblurGAN-v2), ICCV 2019, models/ and predict.py.
    """

    needs = ("best_fpn.h5",)
    takes = ()

    def parts(self, files: Mapping[str, Any]) -> dict[str, dict[str, Tensor]]:
        """State of the generator.

        Raises:
            InputError: If the file holds something else.
        """
        ((file, content),) = files.items()
        if not isinstance(content, Mapping) or "model" not in content:
            raise InputError(f"{file} holds no generator under the name model")
        tensors = without_statistics(tensors_of(content["model"], file=file))
        used = {name: tensor for name, tensor in tensors.items() if not UNUSED.match(name)}
        return {"generator": {_ours(name): tensor for name, tensor in used.items()}}


def _ours(name: str) -> str:
    for theirs, ours in NAMES:
        if name.startswith(theirs):
            return ours + name.removeprefix(theirs)
    return name
