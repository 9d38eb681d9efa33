"""AS-CycleGAN: cycles that are compared by their features, on unpaired asymmetric samples."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import nn

from deblurkit.contracts import (
    BlurredBatch,
    Conditions,
    Images,
    OptimizerFactory,
    Pools,
    Scalar,
    SchedulerFactory,
    SharpBatch,
)
from deblurkit.errors import InputError
from deblurkit.imaging.psnr import psnr
from deblurkit.losses.adversarial import Adversarial
from deblurkit.losses.frozen import Frozen
from deblurkit.losses.penalties import Penalty
from deblurkit.losses.pixel import l1
from deblurkit.losses.weights import Weight
from deblurkit.methods.frame.manual import ManualMethod


class CycleOutputs(NamedTuple):
    """The pictures of sec. 2.1, which the paper calls by one symbol.

    Args:
        restored: G_A(b).
        blurred_again: G_B(G_A(b)).
        reblurred: G_B(s).
        sharp_again: G_A(G_B(s)).
    """

    restored: Images
    blurred_again: Images
    reblurred: Images
    sharp_again: Images


class ASCycleGAN(ManualMethod):
    r"""Two generators and two critics; cycles end where the features of their start were.

    With b blurred and s sharp, of which no pair exists, and phi the features of VGG-19 at conv3_3
    (the paper's seventh convolution):

    .. math::
        L = L_{GAN}(G_A, D_A) + L_{GAN}(G_B, D_B)
            + \lambda_1 L_{cyc} + \lambda_2 L_{idt} \tag{1}
    .. math::
        G_A^*, G_B^* = \arg\min_G \max_D L \tag{2}
    .. math::
        L_{GAN}(G_A, D_A) = D_A(s) - D_A(G_A(b)) \tag{3}
    .. math::
        L_{GAN}(G_B, D_B) = D_B(b) - D_B(G_B(s)) \tag{4}
    .. math::
        L_{cyc} = \mathrm{mean}\,(\phi(G_B(G_A(b))) - \phi(b))^2
            + \mathrm{mean}\,(\phi(G_A(G_B(s))) - \phi(s))^2 \tag{5}
    .. math::
        L_{idt} = |G_A(s) - s|_1 + |G_B(b) - b|_1 \tag{6}

    (3) and (4) are the Wasserstein reading, ``losses.adversarial.Wasserstein`` with a gradient
    penalty (``model=as_cyclegan_wgan``); sec. 2.3 and 3 replace them by RaGAN-LS, the default of
    the YAML.

    >>> small = [f"{name}.channels=4" for name in ("deblurrer", "blurrer", "sharp_critic")]
    >>> method = deblurkit.build("as_cyclegan_resnetv2", *small, "deblurrer.blocks=1")
    >>> method.restore(torch.rand(1, 3, 18, 30)).shape, sorted(method.needs)
    (torch.Size([1, 3, 18, 30]), ['blurred', 'sharp'])

    Args:
        deblurrer: G_A. If its ``takes`` names ``condition``, it is given the class maps that come
            with a batch; otherwise it makes its own from its input, or needs none.
        blurrer: G_B, likewise.
        sharp_critic: D_A.
        blurred_critic: D_B.
        adversarial: Makes what a generator and its critic fight over.
        penalty: Of the critics, for the Wasserstein form; None without.
        critic_steps: Steps of the critics per step of the generators.
        content: Perceptual distance of (5).
        pool: Makes the memory of made pictures from which a critic is shown some.
        weights: Of the generators' terms ``adversarial``, ``cycle`` (lambda1), ``identity``
            (lambda2, absolute), ``indecision`` (of condition providers that are trained along),
            and of the critics' ``adversarial``, ``penalty``.
        optimizers: Of ``generators`` and ``critics``.
        schedulers: Of both, in epochs.

    Raises:
        InputError: If ``indecision`` has a weight and no provider can answer it.

    Source: Zhu X. et al., "Motion Image Deblurring using AS-Cycle Generative Adversarial
    Network", eqs. 1-6.
    Differs from the paper: blurred is X and sharp is Y, as (3)-(6) need it, the text exchanges
    them; the L1 of (6) is a mean.
    """

    needs = frozenset({"blurred", "sharp"})
    restorer = "generators.deblurrer"

    def __init__(
        self,
        *,
        deblurrer: nn.Module,
        blurrer: nn.Module,
        sharp_critic: nn.Module,
        blurred_critic: nn.Module,
        adversarial: Callable[[], Adversarial],
        penalty: Penalty | None,
        critic_steps: int,
        content: Frozen,
        pool: Callable[[], nn.Module],
        weights: Mapping[str, Mapping[str, Weight]],
        optimizers: Mapping[str, OptimizerFactory],
        schedulers: Mapping[str, SchedulerFactory] | None = None,
    ) -> None:
        super().__init__(weights=weights, optimizers=optimizers, schedulers=schedulers)
        self.takes = getattr(deblurrer, "takes", frozenset())
        self.generators = nn.ModuleDict({"deblurrer": deblurrer, "blurrer": blurrer})
        self.critics = nn.ModuleDict({"sharp": sharp_critic, "blurred": blurred_critic})
        self.sharp_fight, self.blurred_fight = adversarial(), adversarial()
        self.restored_pool, self.reblurred_pool = pool(), pool()
        self.penalty, self.content, self.critic_steps = penalty, content, critic_steps
        provider = getattr(deblurrer, "conditions", None)
        if weights["generators"].get("indecision") and not hasattr(provider, "indecision"):
            raise InputError(
                "only a condition provider that is trained along can be asked to decide: set "
                "weights.generators.indecision=0 or choose TinySegmenter"
            )

    def forward(self, blurred: Images, condition: Conditions | None = None) -> Images:
        """Restore a batch: G_A."""
        restored: Images = self.generators["deblurrer"](blurred, condition)
        return restored

    def turns(self, batch: Pools) -> None:
        """Both generators, then both critics on what the pools show."""
        blurred, sharp = batch["blurred"], batch["sharp"]
        with self.turn("generators") as descend:
            outputs = self.cycle(blurred, sharp)
            descend(self.generator_terms(blurred, sharp, outputs))
        restored = self.restored_pool(outputs.restored.detach())
        reblurred = self.reblurred_pool(outputs.reblurred.detach())
        for _ in range(self.critic_steps):
            with self.turn("critics") as descend:
                descend(self.critic_terms(blurred["blurred"], sharp["sharp"], restored, reblurred))
        if self.logs_now:  # above 40 dB it does nothing that one can see
            likeness = psnr(outputs.restored.detach(), blurred["blurred"])
            self.report({"psnr_to_blurred": likeness})

    def cycle(self, blurred: BlurredBatch, sharp: SharpBatch) -> CycleOutputs:
        """There and back, from both domains; given class maps belong to the scene."""
        to_sharp, to_blurred = self.generators["deblurrer"], self.generators["blurrer"]
        blurred_maps, sharp_maps = self.class_maps(blurred), self.class_maps(sharp)
        restored = to_sharp(blurred["blurred"], blurred_maps)
        reblurred = to_blurred(sharp["sharp"], sharp_maps)
        return CycleOutputs(
            restored, to_blurred(restored, blurred_maps), reblurred, to_sharp(reblurred, sharp_maps)
        )

    def class_maps(self, batch: BlurredBatch | SharpBatch) -> Conditions | None:
        """The class maps that came with a batch, if the generators want them."""
        return batch.get("condition") if "condition" in self.takes else None

    def generator_terms(
        self, blurred: BlurredBatch, sharp: SharpBatch, outputs: CycleOutputs
    ) -> dict[str, Scalar]:
        """(1), each term with both directions added up."""
        return self.objectives["generators"].wanted(
            adversarial=lambda: self.praise(blurred["blurred"], sharp["sharp"], outputs),
            cycle=lambda: self.cycles(blurred["blurred"], sharp["sharp"], outputs),
            identity=lambda: self.identities(blurred, sharp),
            indecision=lambda: self.indecision(blurred["blurred"], sharp["sharp"]),
        )

    def praise(self, blurred: Images, sharp: Images, outputs: CycleOutputs) -> Scalar:
        """The generators' side of (3) and (4)."""
        restoring = self.sharp_fight.generator(self.critics["sharp"], sharp, outputs.restored)
        return restoring + self.blurred_fight.generator(
            self.critics["blurred"], blurred, outputs.reblurred
        )

    def cycles(self, blurred: Images, sharp: Images, outputs: CycleOutputs) -> Scalar:
        """(5)."""
        from_blurred: Scalar = self.content(outputs.blurred_again, blurred)
        from_sharp: Scalar = self.content(outputs.sharp_again, sharp)
        return from_blurred + from_sharp

    def identities(self, blurred: BlurredBatch, sharp: SharpBatch) -> Scalar:
        """(6): what is sharp stays as it is under G_A, what is blurred under G_B."""
        of_sharp = self.generators["deblurrer"](sharp["sharp"], self.class_maps(sharp))
        of_blurred = self.generators["blurrer"](blurred["blurred"], self.class_maps(blurred))
        return l1(of_sharp, sharp["sharp"]) + l1(of_blurred, blurred["blurred"])

    def indecision(self, blurred: Images, sharp: Images) -> Scalar:
        """What trained condition providers ask for; not in the paper."""
        total = torch.zeros((), device=blurred.device)
        for name, pictures in (("deblurrer", blurred), ("blurrer", sharp)):
            provider: Any = self.get_submodule(f"generators.{name}.conditions")
            total = total + provider.indecision(provider(pictures))
        return total

    def critic_terms(
        self, blurred: Images, sharp: Images, restored: Images, reblurred: Images
    ) -> dict[str, Scalar]:
        """The critics' side of (3) and (4); their domains' own pictures against made ones."""
        of_sharp, of_blurred = self.critics["sharp"], self.critics["blurred"]
        terms = {
            "adversarial": self.sharp_fight.critic(of_sharp, sharp, restored)
            + self.blurred_fight.critic(of_blurred, blurred, reblurred)
        }
        if self.penalty is not None and self.objectives["critics"].wants("penalty"):
            terms["penalty"] = self.penalty(of_sharp, sharp, restored) + self.penalty(
                of_blurred, blurred, reblurred
            )
        return terms
