"""DCLNet: a network that deblurs, and two that close its loops."""

from typing import Protocol, runtime_checkable

from torch import nn
from torch.nn import functional

from deblurkit.contracts import Images, OptimizerFactory, Pools, Scalar, SchedulerFactory
from deblurkit.errors import InputError
from deblurkit.losses.pixel import l1
from deblurkit.methods.frame.automatic import AutomaticMethod
from deblurkit.processor import BFLOAT16_CHANNELS_LAST


@runtime_checkable
class ReducedScales(Protocol):
    """Pictures at half and at quarter size."""

    half: Images
    quarter: Images


@runtime_checkable
class BackboneOutputs(ReducedScales, Protocol):
    """What the backbone answers: the restored picture, and its own idea of the smaller ones."""

    full: Images


class DCLNet(AutomaticMethod):
    r"""A backbone whose answer must blur back to its input and agree with itself across scales.

    With x blurred, y sharp, and L1 the mean absolute error (methods below, in the same order):

    .. math::
        G: X \to Y, \quad I: Y \to X, \quad Au^j: Y \to Y^j, \ j = 1, 2 \tag{1}
    .. math::
        L_{paired} = L_G + \lambda_1 L_I + \lambda_2 L_{Au} \tag{2}
    .. math::
        L_G = L_1(G(x), y) + c \, L_1(I(G(x)), x) \tag{3}
    .. math::
        L_I = L_1(I(y), x) + L_1(G(I(y)), y) \tag{4}
    .. math::
        L_{Au} = \textstyle\sum_j L_1(Au^j(G(x)), D_j(x)) \tag{5}
    .. math::
        L_{ext} = k_1 L_{paired} + k_2 (L'_G + L_{Au}) + k_3 (L'_I + L'_{Au}) \tag{6}
    .. math::
        L'_{Au} = \textstyle\sum_j L_1(D_j(I(y)), Au^j(y)) \tag{7}

    where :math:`D_j` is the picture of size :math:`1/2^j` that the backbone draws on its way, and
    :math:`L'_G`, :math:`L'_I` are the second terms of (3) and (4). A pool whose k is zero is not
    needed, and a term of weight zero costs no forward pass.

    >>> method = deblurkit.build("dclnet", "backbone.channels=4", "backbone.blocks=1")
    >>> pairs = {"blurred": torch.rand(1, 3, 16, 16), "sharp": torch.rand(1, 3, 16, 16)}
    >>> sorted(method.terms({"paired": pairs | {"name": ["crop"]}}))
    ['anchor', 'auxiliary', 'blurred_cycle', 'content', 'inverse', 'sharp_cycle']

    Args:
        backbone: G; answers pictures by the names ``full``, ``half`` and ``quarter``.
        inverse: I, from a sharp picture to its blurred counterpart, of the same size.
        auxiliary: Au; answers pictures by the names ``half`` and ``quarter``.
        lambda1: Weight of (4) among pairs.
        lambda2: Weight of (5) among pairs.
        cycle: Weight c of the second term of (3), relative to the first; 1 in the paper. While I
            is still near the identity this term pulls G(x) back to x.
        anchor: Weight of the smaller pictures' distance to the sharp one among pairs; 0 in the
            paper.
        k1: Weight of all terms of pairs.
        k2: Weight of the terms of blurred pictures without a partner.
        k3: Weight of the terms of sharp pictures without a partner.
        optimizer: Makes the one optimiser of the three networks.
        scheduler: Makes its learning-rate schedule; None keeps the rate.

    Raises:
        InputError: If a number is negative or k1, k2 and k3 are all zero.

    Source: Liu et al., "Double Closed-Loop Network for Image Deblurring", ICIP 2021, eqs. 1-7.
    Differs from the paper: sums over pictures are means; ``anchor`` ties the smaller pictures of
    pairs to the area-averaged sharp one, as DRN does (Guo et al., "Closed-loop Matters", CVPR
    2020, arXiv:2003.07018), since (5) and (7) alone are met by any constant picture.
    """

    restorer = "backbone"
    on_cpu = BFLOAT16_CHANNELS_LAST

    def __init__(
        self,
        *,
        backbone: nn.Module,
        inverse: nn.Module,
        auxiliary: nn.Module,
        lambda1: float,
        lambda2: float,
        cycle: float,
        anchor: float,
        k1: float,
        k2: float,
        k3: float,
        optimizer: OptimizerFactory,
        scheduler: SchedulerFactory | None,
    ) -> None:
        if min(lambda1, lambda2, cycle, anchor, k1, k2, k3) < 0 or not k1 + k2 + k3:
            raise InputError(
                "the weights of DCLNet must not be negative, and of k1 (pairs), k2 (blurred "
                f"pictures) and k3 (sharp pictures) one must be positive, got k1={k1}, k2={k2}, "
                f"k3={k3}, lambda1={lambda1}, lambda2={lambda2}, cycle={cycle}, anchor={anchor}"
            )
        weights = {  # (6), with (2) and (3) multiplied out
            "content": k1,
            "blurred_cycle": k1 * cycle,
            "inverse": k1 * lambda1,
            "sharp_cycle": k1 * lambda1,
            "auxiliary": k1 * lambda2,
            "anchor": k1 * anchor,
            "unpaired_blurred_cycle": k2,
            "unpaired_blurred_auxiliary": k2,  # (6) has no lambda here
            "unpaired_sharp_cycle": k3,
            "unpaired_sharp_auxiliary": k3,
        }
        super().__init__(weights=weights, optimizer=optimizer, scheduler=scheduler)
        pools = {"paired": k1, "blurred": k2, "sharp": k3}
        self.needs = frozenset(pool for pool, k in pools.items() if k > 0)
        self.backbone, self.inverse, self.auxiliary = backbone, inverse, auxiliary

    def forward(self, blurred: Images) -> Images:
        """Restore a batch: G of (1), its full-size picture."""
        restored: BackboneOutputs = self.backbone(blurred)
        return restored.full

    def terms(self, batch: Pools) -> dict[str, Scalar]:
        """(6): the three brackets, each on its own pictures."""
        terms: dict[str, Scalar] = {}
        if "paired" in self.needs:
            terms |= self.paired_terms(batch["paired"]["blurred"], batch["paired"]["sharp"])
        if "blurred" in self.needs:
            terms |= self.unpaired_blurred_terms(batch["blurred"]["blurred"])
        if "sharp" in self.needs:
            terms |= self.unpaired_sharp_terms(batch["sharp"]["sharp"])
        return terms

    def paired_terms(self, blurred: Images, sharp: Images) -> dict[str, Scalar]:
        """(2), first bracket of (6): everything that a pair can teach."""
        restored: BackboneOutputs = self.backbone(blurred)
        self.watch("paired", restored)
        terms = self.generator_terms(restored, blurred, sharp) | self.inverse_terms(blurred, sharp)
        if self.objective.wants("auxiliary"):
            terms["auxiliary"] = self.auxiliary_loop(restored)
        if self.objective.wants("anchor"):
            terms["anchor"] = anchor_distance(restored, sharp)
        return terms

    def generator_terms(
        self, restored: BackboneOutputs, blurred: Images, sharp: Images
    ) -> dict[str, Scalar]:
        """(3): G(x) looks like y, and blurs back to x."""
        terms = {"content": l1(restored.full, sharp)}
        if self.objective.wants("blurred_cycle"):
            terms["blurred_cycle"] = self.blurred_cycle(restored, blurred)
        return terms

    def inverse_terms(self, blurred: Images, sharp: Images) -> dict[str, Scalar]:
        """(4): I(y) looks like x, and is restored to y."""
        if not self.objective.wants("inverse", "sharp_cycle"):
            return {}
        reblurred: Images = self.inverse(sharp)
        return {
            "inverse": l1(reblurred, blurred),
            "sharp_cycle": self.sharp_cycle(self.backbone(reblurred), sharp),
        }

    def unpaired_blurred_terms(self, blurred: Images) -> dict[str, Scalar]:
        """Second bracket of (6), L'_G + L_Au: what a blurred picture alone can teach."""
        restored: BackboneOutputs = self.backbone(blurred)
        self.watch("blurred", restored)
        return {
            "unpaired_blurred_cycle": self.blurred_cycle(restored, blurred),
            "unpaired_blurred_auxiliary": self.auxiliary_loop(restored),
        }

    def unpaired_sharp_terms(self, sharp: Images) -> dict[str, Scalar]:
        """Third bracket of (6), L'_I + L'_Au: what a sharp picture alone can teach."""
        restored: BackboneOutputs = self.backbone(self.inverse(sharp))
        return {
            "unpaired_sharp_cycle": self.sharp_cycle(restored, sharp),
            "unpaired_sharp_auxiliary": disagreement(self.auxiliary(sharp), restored),  # (7)
        }

    def blurred_cycle(self, restored: BackboneOutputs, blurred: Images) -> Scalar:
        """Second term of (3), and L'_G: from x to G(x), and by I back to x."""
        return l1(self.inverse(restored.full), blurred)

    def sharp_cycle(self, restored: BackboneOutputs, sharp: Images) -> Scalar:
        """Second term of (4), and L'_I: from y to I(y), and by G back to y."""
        return l1(restored.full, sharp)

    def auxiliary_loop(self, restored: BackboneOutputs) -> Scalar:
        """(5): what Au makes of G(x) agrees with what the backbone drew on its way there."""
        return disagreement(self.auxiliary(restored.full), restored)

    def watch(self, pool: str, restored: BackboneOutputs) -> None:
        """Log how much the smaller pictures vary, in intensity units: near 0 they collapsed."""
        if self.logs_now:  # terms work without a trainer, too
            scales = {"half": restored.half, "quarter": restored.quarter}
            self.report({f"{pool}_{name}_std": s.detach().std() for name, s in scales.items()})


def disagreement(drawn: ReducedScales, restored: ReducedScales) -> Scalar:
    """Sum over j of (5) and (7); gradients flow to both, each supervises the other."""
    return l1(drawn.half, restored.half) + l1(drawn.quarter, restored.quarter)


def anchor_distance(restored: ReducedScales, sharp: Images) -> Scalar:
    """Distance of the smaller pictures to the area-averaged sharp one; not in the paper."""
    half = l1(restored.half, functional.avg_pool2d(sharp, 2))
    return half + l1(restored.quarter, functional.avg_pool2d(sharp, 4))
