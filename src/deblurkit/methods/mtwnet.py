"""The multi-scale two-way network: squared errors at three scales, the finest one first."""

from collections.abc import Mapping

from torch import nn

from deblurkit.contracts import Images, OptimizerFactory, Pools, Scalar, SchedulerFactory
from deblurkit.losses.weights import Weight
from deblurkit.methods.frame.automatic import AutomaticMethod
from deblurkit.methods.frame.scale_recurrent import Scales, squared_errors
from deblurkit.processor import BFLOAT16_CHANNELS_LAST


class MTWNet(AutomaticMethod):
    r"""A network whose sum of two drawn pictures is the sharp one, at each of three scales.

    .. math::
        L = \sum_i \frac{\alpha_i}{T_i} \lVert F_i(B_i; \theta) - S_i \rVert_2^2 \tag{2}

    with B blurred, S sharp and T the number of values of a batch at scale i. The two pictures
    have no targets of their own.

    >>> method = deblurkit.build("mtwnet", "deblurrer.channels=4", "deblurrer.blocks=1")
    >>> pairs = {"blurred": torch.rand(1, 3, 16, 16), "sharp": torch.rand(1, 3, 16, 16)}
    >>> sorted(method.terms({"paired": pairs | {"name": ["crop"]}}))
    ['coarse', 'fine', 'middle']

    Args:
        deblurrer: F; answers pictures by the names ``coarse``, ``middle`` and ``fine``.
        alpha: Weight of each of these scales; 1, 1 and 5 in the paper.
        optimizer: Makes the optimiser.
        scheduler: Makes its learning-rate schedule; None keeps the rate.

    Source: Cheng et al., "Multi-scale Two-Way Deblurring Network for Non-uniform
    Single Image Deblurring", doi:10.1007/978-3-030-89814-4_43, eq. 2.
    Differs from the paper: T counts channels, too, so that the term is a plain mean.
    """

    needs = frozenset({"paired"})
    restorer = "deblurrer"
    on_cpu = BFLOAT16_CHANNELS_LAST

    def __init__(
        self,
        *,
        deblurrer: nn.Module,
        alpha: Mapping[str, Weight],
        optimizer: OptimizerFactory,
        scheduler: SchedulerFactory | None,
    ) -> None:
        super().__init__(weights=alpha, optimizer=optimizer, scheduler=scheduler)
        self.deblurrer = deblurrer

    def forward(self, blurred: Images) -> Images:
        """Restore a batch: the finest picture."""
        restored: Scales = self.deblurrer(blurred)
        return restored.fine

    def terms(self, batch: Pools) -> dict[str, Scalar]:
        """(2), a term per scale."""
        pairs = batch["paired"]
        return squared_errors(self.objective, self.deblurrer(pairs["blurred"]), pairs["sharp"])
