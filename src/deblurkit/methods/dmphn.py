"""DMPHN: a hierarchy of patches, alone or stacked."""

from collections.abc import Mapping

from torch import nn

from deblurkit.contracts import Distance, Images, OptimizerFactory, Pools, Scalar, SchedulerFactory
from deblurkit.losses.weights import Weight
from deblurkit.methods.frame.automatic import AutomaticMethod
from deblurkit.processor import BFLOAT16_CHANNELS_LAST


class DMPHN(AutomaticMethod):
    r"""Every hierarchy of the stack is compared with the sharp picture; patches are not.

    With :math:`\hat{s}_k` the answer of hierarchy k, s sharp and d a distance:

    .. math:: L = \textstyle\sum_k d(\hat{s}_k, s)

    >>> method = deblurkit.build("dmphn", "hierarchies.channels=4")
    >>> method.restore(torch.rand(1, 3, 18, 30)).shape
    torch.Size([1, 3, 18, 30])

    Args:
        hierarchies: From a blurred batch to the answers of all hierarchies, the best one last.
        content: d; the mean squared error in the paper.
        weights: Of the term ``content``.
        optimizer: Makes the one optimiser of all levels.
        scheduler: Makes its learning-rate schedule; None keeps the rate.

    Source: Zhang et al., "Deep Stacked Hierarchical Multi-patch Network for Image Deblurring",
    CVPR 2019, arXiv:1904.03468, sec. 3.1 eq. 5 and sec. 3.2 eq. 6; means instead of halved sums
    as in the authors' code.
    """

    needs = frozenset({"paired"})
    restorer = "hierarchies"
    on_cpu = BFLOAT16_CHANNELS_LAST

    def __init__(
        self,
        *,
        hierarchies: nn.Module,
        content: Distance,
        weights: Mapping[str, Weight],
        optimizer: OptimizerFactory,
        scheduler: SchedulerFactory | None,
    ) -> None:
        super().__init__(weights=weights, optimizer=optimizer, scheduler=scheduler)
        self.hierarchies, self.content = hierarchies, content

    def forward(self, blurred: Images) -> Images:
        """Restore a batch: the last hierarchy's answer."""
        answers: list[Images] = self.hierarchies(blurred)
        return answers[-1]

    def terms(self, batch: Pools) -> dict[str, Scalar]:
        """L."""
        pairs = batch["paired"]
        answers: list[Images] = self.hierarchies(pairs["blurred"])
        first, *rest = (self.content(answer, pairs["sharp"]) for answer in answers)
        return {"content": sum(rest, first)}
