"""DeblurGAN's published weights: a file of the generator, beside it perhaps one of the critic."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from deblurkit.published.resnet import critic_state, generator_state


class DeblurGAN:
    """``latest_net_G.pth``, and ``latest_net_D.pth`` where it lies in the same folder.

    Args:
        blocks: Residual blocks of the generator.
        strided: Convolutions of the critic that halve the picture.

    Source: the authors' code of Kupyn et al. (DeblurGAN), CVPR 2018, models/.
    """

    needs = ("latest_net_G.pth",)
    takes = ("latest_net_D.pth",)

    def __init__(self, *, blocks: int, strided: int) -> None:
        self.blocks, self.strided = blocks, strided

    def parts(self, files: Mapping[str, Any]) -> dict[str, dict[str, Tensor]]:
        """State of the generator, and of the critic where there is one.

        Raises:
            InputError: If a file holds another network.
        """
        generator, *critics = files
        state = generator_state(files[generator], file=generator, blocks=self.blocks)
        parts = {"generator": state}
        for critic in critics:
            parts["critic"] = critic_state(files[critic], file=critic, strided=self.strided)
        return parts
