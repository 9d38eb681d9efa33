"""SRN: squared errors at three scales, of gray or of colour pictures."""

from collections.abc import Callable, Mapping

from jaxtyping import Float
from torch import Tensor, nn

from deblurkit.contracts import Images, OptimizerFactory, Pools, Scalar, SchedulerFactory
from deblurkit.losses.weights import Weight
from deblurkit.methods.frame.automatic import AutomaticMethod
from deblurkit.methods.frame.scale_recurrent import Scales, squared_errors
from deblurkit.processor import BFLOAT16_CHANNELS_LAST

GrayImages = Float[Tensor, "batch 1 height width"]  # luma, in [0, 1]


class SRN(AutomaticMethod):
    r"""A network that restores from coarse to fine, judged at every scale.

    .. math::
        L = \sum_i \frac{\kappa_i}{N_i} \lVert F_i(B) - S_i \rVert_2^2

    with B blurred, S sharp and N the number of values of a batch at scale i.

    >>> small = ["channels=4", "blocks=1", "kernel=3", "recurrence.channels=16"]
    >>> method = deblurkit.build("srn", *(f"deblurrer.{size}" for size in small))
    >>> method.restore(torch.rand(1, 3, 18, 30)).shape
    torch.Size([1, 3, 18, 30])

    Args:
        deblurrer: F; answers pictures by the names ``coarse``, ``middle`` and ``fine``.
        view: What a training sees of its pictures: `luma` for networks that restore each channel
            by itself, `rgb` for others.
        weights: The kappa of each of these scales; 1 in the paper.
        optimizer: Makes the optimiser.
        scheduler: Makes its learning-rate schedule; None keeps the rate.

    Source: Tao et al., "Scale-recurrent Network for Deep Image Deblurring", CVPR 2018,
    arXiv:1802.01770, sec. 3; the view as in the authors' code.
    Differs from the authors' code: in evaluation restored intensities are rounded to 8 bits, not
    cut off, and pictures are padded to the next multiple of 16, not to 720 x 1280.
    """

    needs = frozenset({"paired"})
    restorer = "deblurrer"
    on_cpu = BFLOAT16_CHANNELS_LAST

    def __init__(
        self,
        *,
        deblurrer: nn.Module,
        view: Callable[[Images], Tensor],
        weights: Mapping[str, Weight],
        optimizer: OptimizerFactory,
        scheduler: SchedulerFactory | None,
    ) -> None:
        super().__init__(weights=weights, optimizer=optimizer, scheduler=scheduler)
        self.deblurrer, self.view = deblurrer, view

    def forward(self, blurred: Images) -> Images:
        """Restore a batch: the finest picture."""
        restored: Scales = self.deblurrer(blurred)
        return restored.fine

    def terms(self, batch: Pools) -> dict[str, Scalar]:
        """A term per scale."""
        blurred, sharp = (self.view(batch["paired"][role]) for role in ("blurred", "sharp"))
        return squared_errors(self.objective, self.deblurrer(blurred), sharp)


def luma(pictures: Images) -> GrayImages:
    """Gray pictures as the authors' training makes them from RGB in [0, 1].

    >>> luma(torch.ones(1, 3, 4, 4)).unique()
    tensor([0.9999])

    Source: ITU-R BT.601 as TensorFlow rounds it; the weights sum to 0.9999.
    """
    red, green, blue = pictures.split(1, dim=1)
    return 0.2989 * red + 0.5870 * green + 0.1140 * blue


def rgb(pictures: Images) -> Images:
    """Pictures as they are.

    >>> picture = torch.rand(1, 3, 4, 4)
    >>> rgb(picture) is picture
    True
    """
    return pictures
