"""NAFNet: a network without activation functions, trained on the score itself."""

from collections.abc import Mapping

from torch import nn

from deblurkit.contracts import Distance, Images, OptimizerFactory, Pools, Scalar, SchedulerFactory
from deblurkit.losses.weights import Weight
from deblurkit.methods.frame.automatic import AutomaticMethod
from deblurkit.processor import BFLOAT16_CHANNELS_LAST, FLOAT32_CHANNELS_LAST


class NAFNet(AutomaticMethod):
    r"""One network and one distance, by default the negative PSNR of every picture.

    With b blurred, s sharp and d a distance:

    .. math:: L = d(G(b), s)

    >>> small = ["channels=4", "encoder_blocks=[1]", "decoder_blocks=[1]"]
    >>> method = deblurkit.build("nafnet", *(f"backbone.{size}" for size in small))
    >>> method.restore(torch.rand(1, 3, 17, 30)).shape
    torch.Size([1, 3, 17, 30])

    Args:
        backbone: G, from blurred to restored.
        content: d.
        weights: Of the term ``content``.
        optimizer: Makes the optimiser.
        scheduler: Makes its learning-rate schedule; None keeps the rate.

    Source: Chen et al., "Simple Baselines for Image Restoration", ECCV 2022, arXiv:2204.04676,
    sec. 5.1; the distance as in the authors' code.
    """

    needs = frozenset({"paired"})
    restorer = "backbone"
    on_cpu = BFLOAT16_CHANNELS_LAST
    on_cpu_without_bf16 = FLOAT32_CHANNELS_LAST  # layer normalisation has a kernel for it

    def __init__(
        self,
        *,
        backbone: nn.Module,
        content: Distance,
        weights: Mapping[str, Weight],
        optimizer: OptimizerFactory,
        scheduler: SchedulerFactory | None,
    ) -> None:
        super().__init__(weights=weights, optimizer=optimizer, scheduler=scheduler)
        self.backbone, self.content = backbone, content

    def forward(self, blurred: Images) -> Images:
        """Restore a batch: G."""
        restored: Images = self.backbone(blurred)
        return restored

    def terms(self, batch: Pools) -> dict[str, Scalar]:
        """L."""
        pairs = batch["paired"]
        return {"content": self.content(self(pairs["blurred"]), pairs["sharp"])}
