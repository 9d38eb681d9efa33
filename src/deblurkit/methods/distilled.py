"""Distillation: a network learns from ground truth, from a teacher's answers, or from both."""

from collections.abc import Mapping

from torch import nn

from deblurkit.contracts import Distance, Images, OptimizerFactory, Pools, Scalar, SchedulerFactory
from deblurkit.losses.frozen import Frozen
from deblurkit.losses.weights import Weight
from deblurkit.methods.frame.automatic import AutomaticMethod


class Distilled(AutomaticMethod):
    r"""A student that is shown sharp pictures where there are some, and a teacher's where not.

    With pairs (b, s), blurred pictures b' without a partner, a student G, a teacher g and its
    features :math:`\phi`:

    .. math:: L = \lambda_s\, d(G(b), s) + \lambda_t\, d(G(b'), g(b'))
        + \lambda_f \sum_l e(\phi_l(G(b')), \phi_l(g(b')))

    >>> small = ["channels=4", "encoder_blocks=[1]", "decoder_blocks=[1]"]
    >>> method = deblurkit.build("distilled", *(f"student.{size}" for size in small))
    >>> sorted(method.needs), method.restore(torch.rand(1, 3, 9, 14)).shape
    (['taught'], torch.Size([1, 3, 9, 14]))

    The teacher's answer :math:`g(b')` is that to the whole picture; it is made once and stored,
    and crops are cut from it as from a sharp partner
    (`deblurkit.data.sources.taught.TaughtPictures`, the pool ``taught``). A teacher errs, so a
    student that is shown nothing else learns its errors, too.

    Args:
        student: G, from blurred to restored.
        content: d.
        teacher: The distance of features, with e inside; asked for the term ``features`` only.
        weights: Of the terms ``sharp``, ``taught`` and ``features``. Pools follow from them:
            ``paired`` for the first, ``taught`` for the others.
        optimizer: Makes the optimiser.
        scheduler: Makes its learning-rate schedule; None keeps the rate.

    Source: Chi, "Weakly-supervising the Deep Priors for Blind Deconvolution", project proposal,
    University of Toronto, eqs. 4 to 6, for networks in place of single pictures; Hinton et al.,
    "Distilling the Knowledge in a Neural Network", 2015, arXiv:1503.02531.
    Differs from the proposal: a network is trained, so g(b') is the target of eq. 5 over many
    pictures; eq. 6 compares features of the student's answer and of the teacher's.
    """

    restorer = "student"

    def __init__(
        self,
        *,
        student: nn.Module,
        content: Distance,
        teacher: Frozen,
        weights: Mapping[str, Weight],
        optimizer: OptimizerFactory,
        scheduler: SchedulerFactory | None,
    ) -> None:
        super().__init__(weights=weights, optimizer=optimizer, scheduler=scheduler)
        self.student, self.content, self.teacher = student, content, teacher
        pools = {"sharp": "paired", "taught": "taught", "features": "taught"}
        self.needs = frozenset(pools[name] for name, weight in weights.items() if weight != 0)

    def forward(self, blurred: Images) -> Images:
        """Restore a batch: G."""
        restored: Images = self.student(blurred)
        return restored

    def terms(self, batch: Pools) -> dict[str, Scalar]:
        """L."""
        terms: dict[str, Scalar] = {}
        if self.objective.wants("sharp"):
            pairs = batch["paired"]
            terms["sharp"] = self.content(self(pairs["blurred"]), pairs["sharp"])
        if self.objective.wants("taught", "features"):
            taught = batch["taught"]
            restored, answer = self(taught["blurred"]), taught["sharp"]
            terms |= self.objective.wanted(
                taught=lambda: self.content(restored, answer),
                features=lambda: self.teacher(restored, answer),
            )
        return terms
