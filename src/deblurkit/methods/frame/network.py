"""Methods that restore with one forward pass of a trained network."""

from abc import abstractmethod
from typing import Literal

from torch import nn

from deblurkit.contracts import BlurredBatch, Images, Restoration
from deblurkit.errors import InputError
from deblurkit.imaging.tiling.padding import cropped_to, pad_to_multiple
from deblurkit.methods.frame.base import RestorationMethod


class NetworkMethod(RestorationMethod):
    """One forward restores; padding and cropping live here, once.

    Attributes:
        restorer: Attribute with the network that restores: an average follows it, compilation
            compiles it, export ships it. Critics and inverse networks are never meant.

    >>> class Restored(NetworkMethod):
    ...     restorer = "deblurrer"
    ...     def forward(self, blurred): return self.deblurrer(blurred)
    >>> method = Restored()
    >>> method.deblurrer = nn.Conv2d(3, 3, 3, padding=1)
    >>> method.restore(torch.rand(1, 3, 9, 7)).shape, method.multiple
    (torch.Size([1, 3, 9, 7]), 1)
    """

    restorer: str

    @abstractmethod
    def forward(self, blurred: Images) -> Images:
        """Restore a batch whose sides suit the network; differentiable, not clamped."""

    @property
    def network(self) -> nn.Module:
        """The network that restores."""
        return self.get_submodule(self.restorer)

    @property
    def multiple(self) -> int:  # type: ignore[override]
        """Height and width that ``forward`` takes are divisible by this, pixels."""
        return int(getattr(self.network, "multiple", 1))

    @property
    def reach(self) -> int | None:  # type: ignore[override]
        """How far a pixel's result looks, averages over the whole picture apart; pixels.

        None where nobody knows, or where it is of the size of pictures.
        """
        reach: int | None = getattr(self.network, "reach", None)
        return reach

    def setup(self, stage: str) -> None:
        """Refuse training crops that the network would refuse: only evaluation pads.

        Raises:
            InputError: If their side is not divisible by ``multiple``.
        """
        super().setup(stage)
        crop = getattr(getattr(self.trainer, "datamodule", None), "crop", None)
        if stage == "fit" and isinstance(crop, int) and crop % self.multiple:
            fitting = (crop // self.multiple + 1) * self.multiple
            raise InputError(
                f"{type(self).__name__} trains on crops whose side is divisible by "
                f"{self.multiple}, got data.crop={crop}: set data.crop={fitting}"
            )

    def restoration(self, batch: BlurredBatch) -> Restoration:
        """Pad, restore, crop; maps of the picture that the method takes are padded alike."""
        blurred = batch["blurred"]
        height, width = blurred.shape[-2:]
        maps = {key: pad_to_multiple(batch[key], self.multiple) for key in self._maps(batch)}
        restored = self(pad_to_multiple(blurred, self.multiple), **maps)
        return {"restored": cropped_to(restored, (height, width))}

    def _maps(self, batch: BlurredBatch) -> list[Literal["condition"]]:
        return ["condition"] if "condition" in self.takes and "condition" in batch else []
