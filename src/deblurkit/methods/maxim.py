"""MAXIM: every stage is compared with the sharp picture at three sizes, pixels and spectra."""

from collections.abc import Mapping

from torch import Tensor, nn
from torch.nn import functional

from deblurkit.contracts import Distance, Images, OptimizerFactory, Pools, Scalar, SchedulerFactory
from deblurkit.losses.weights import Weight
from deblurkit.methods.frame.automatic import AutomaticMethod


class MAXIM(AutomaticMethod):
    r"""Two distances, of pixels and of spectra, summed over stages and sizes.

    With :math:`\hat{s}_{k,n}` the answer of stage k at size n, :math:`s_n` the sharp picture
    shrunk linearly, d a distance of pixels and f one of spectra:

    .. math:: L = \textstyle\sum_k \sum_n d(\hat{s}_{k,n}, s_n) + \lambda f(\hat{s}_{k,n}, s_n)

    >>> method = deblurkit.build("maxim_1s", "backbone.channels=4", "backbone.sides=[4,4,2,2]")
    >>> method.restore(torch.rand(1, 3, 18, 30)).shape
    torch.Size([1, 3, 18, 30])

    Args:
        backbone: From a blurred batch to the answers of all stages at all sizes; the largest of
            the last stage is the best.
        content: d.
        frequency: f.
        weights: Of the terms ``content`` and ``frequency``, :math:`\lambda`.
        optimizer: Makes the optimiser.
        scheduler: Makes its learning-rate schedule; None keeps the rate.

    Source: Tu et al., "MAXIM: Multi-Axis MLP for Image Processing", CVPR 2022, arXiv:2201.02973,
    sec. 3.5. The authors publish no code that trains.
    Differs from the paper: means instead of norms, so that sizes count alike and the terms are
    those of Cho et al., ICCV 2021, whose weight it takes.
    """

    needs = frozenset({"paired"})
    restorer = "backbone"

    def __init__(
        self,
        *,
        backbone: nn.Module,
        content: Distance,
        frequency: Distance,
        weights: Mapping[str, Weight],
        optimizer: OptimizerFactory,
        scheduler: SchedulerFactory | None,
    ) -> None:
        super().__init__(weights=weights, optimizer=optimizer, scheduler=scheduler)
        self.backbone, self.content, self.frequency = backbone, content, frequency

    def forward(self, blurred: Images) -> Images:
        """Restore a batch: the last stage's answer at full size."""
        answers: list[list[Images]] = self.backbone(blurred)
        return answers[-1][0]

    def terms(self, batch: Pools) -> dict[str, Scalar]:
        """L."""
        pairs = batch["paired"]
        answers: list[list[Tensor]] = self.backbone(pairs["blurred"])

        def summed(distance: Distance) -> Scalar:
            sizes = zip(*answers, strict=True)  # of one size the answers of all stages
            first, *rest = (
                distance(answer, shrunk_to(pairs["sharp"], answer))
                for stages in sizes
                for answer in stages
            )
            return sum(rest, first)

        return self.objective.wanted(
            content=lambda: summed(self.content), frequency=lambda: summed(self.frequency)
        )


def shrunk_to(sharp: Images, answer: Tensor) -> Tensor:
    """The sharp picture at the size of an answer: linear between pixels, smoothed before."""
    size = answer.shape[-2:]
    if sharp.shape[-2:] == size:
        return sharp
    return functional.interpolate(sharp.float(), size, mode="bilinear", antialias=True)
