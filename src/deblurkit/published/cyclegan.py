"""CycleGAN's weights as its authors' code writes them: a file for each of four networks."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from deblurkit.errors import InputError
from deblurkit.published.resnet import critic_state, generator_state


class CycleGAN:
    """``latest_net_G_A.pth``; those of ``G_B``, ``D_A`` and ``D_B`` where they lie beside it.

    In that code ``G_A`` goes from the pictures called A to those called B, and ``D_A`` judges
    what it makes.

    Args:
        blurred: ``A`` or ``B``: what the code was told that the blurred pictures are.
        blocks: Residual blocks of the generators.
        strided: Convolutions of the critics that halve the picture.

    Raises:
        InputError: If ``blurred`` is neither.

    Source: the authors' code of Zhu et al. (CycleGAN), ICCV 2017, models/.
    """

    def __init__(self, *, blurred: str, blocks: int, strided: int) -> None:
        if blurred not in ("A", "B"):
            raise InputError(f"source.importer.blurred is A or B, not {blurred}")
        sharp = "B" if blurred == "A" else "A"
        self.blurrer = f"latest_net_G_{sharp}.pth"
        self.critics = {
            f"latest_net_D_{blurred}.pth": "critics.sharp",
            f"latest_net_D_{sharp}.pth": "critics.blurred",
        }
        self.needs = (f"latest_net_G_{blurred}.pth",)
        self.takes = (self.blurrer, *self.critics)
        self.blocks, self.strided = blocks, strided

    def parts(self, files: Mapping[str, Any]) -> dict[str, dict[str, Tensor]]:
        """States of the networks that there are.

        Raises:
            InputError: If a file holds another network.
        """
        deblurrer, *further = files
        state = generator_state(files[deblurrer], file=deblurrer, blocks=self.blocks)
        parts = {"generators.deblurrer": state}
        for file in further:
            if file == self.blurrer:
                state = generator_state(files[file], file=file, blocks=self.blocks)
                parts["generators.blurrer"] = state
            else:
                state = critic_state(files[file], file=file, strided=self.strided)
                parts[self.critics[file]] = state
        return parts
