"""CycleGAN: two generators that undo each other, between domains without pairs."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from torch import nn

from deblurkit.contracts import Images, OptimizerFactory, Pools, Scalar, SchedulerFactory
from deblurkit.imaging.psnr import psnr
from deblurkit.losses.adversarial import Adversarial
from deblurkit.losses.pixel import l1
from deblurkit.losses.weights import Weight
from deblurkit.methods.frame.manual import ManualMethod
from deblurkit.processor import BFLOAT16


class Cycle(NamedTuple):
    """What both generators made of one batch."""

    restored: Images  # of blurred pictures
    reblurred: Images  # of sharp pictures
    blurred_again: Images  # from restored
    sharp_again: Images  # from reblurred


class CycleGAN(ManualMethod):
    r"""Pictures go to the other domain and back; critics judge them there.

    With x blurred, y sharp, G deblurring and F blurring:

    .. math::
        L = L_{GAN}(G) + L_{GAN}(F) + \lambda \, (|F(G(x)) - x|_1 + |G(F(y)) - y|_1)
            + \lambda_{idt} \, (|G(y) - y|_1 + |F(x) - x|_1)

    >>> small = [f"{name}.channels=4" for name in ("deblurrer", "blurrer", "sharp_critic")]
    >>> method = deblurkit.build("cyclegan", *small, "deblurrer.blocks=1")
    >>> method.restore(torch.rand(1, 3, 18, 30)).shape, sorted(method.needs)
    (torch.Size([1, 3, 18, 30]), ['blurred', 'sharp'])

    Args:
        deblurrer: G.
        blurrer: F.
        sharp_critic: Judges sharp pictures and what G makes.
        blurred_critic: Judges blurred pictures and what F makes.
        adversarial: Makes what a generator and its critic fight over.
        pool: Makes the memory of made pictures from which a critic is shown some.
        weights: Of the generators' terms ``adversarial``, ``cycle``, ``identity`` (in [0, 1], so
            20 and 10 are the paper's 10 and 0.5 of it in [-1, 1]), and of the critics'
            ``adversarial``.
        optimizers: Of ``generators`` and ``critics``.
        schedulers: Of both, in epochs.

    Source: Zhu et al., "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial
    Networks", ICCV 2017, arXiv:1703.10593, sec. 3-4; order of steps as in the authors' code.
    """

    needs = frozenset({"blurred", "sharp"})
    restorer = "generators.deblurrer"
    on_cpu = BFLOAT16

    def __init__(
        self,
        *,
        deblurrer: nn.Module,
        blurrer: nn.Module,
        sharp_critic: nn.Module,
        blurred_critic: nn.Module,
        adversarial: Callable[[], Adversarial],
        pool: Callable[[], nn.Module],
        weights: Mapping[str, Mapping[str, Weight]],
        optimizers: Mapping[str, OptimizerFactory],
        schedulers: Mapping[str, SchedulerFactory] | None = None,
    ) -> None:
        super().__init__(weights=weights, optimizers=optimizers, schedulers=schedulers)
        self.generators = nn.ModuleDict({"deblurrer": deblurrer, "blurrer": blurrer})
        self.critics = nn.ModuleDict({"sharp": sharp_critic, "blurred": blurred_critic})
        self.sharp_fight, self.blurred_fight = adversarial(), adversarial()
        self.restored_pool, self.reblurred_pool = pool(), pool()

    def forward(self, blurred: Images) -> Images:
        """Restore a batch: G."""
        restored: Images = self.generators["deblurrer"](blurred)
        return restored

    def turns(self, batch: Pools) -> None:
        """Both generators, then both critics on what the pools show."""
        blurred, sharp = batch["blurred"]["blurred"], batch["sharp"]["sharp"]
        with self.turn("generators") as descend:
            cycle = self.cycle(blurred, sharp)
            descend(self.generator_terms(blurred, sharp, cycle))
        restored = self.restored_pool(cycle.restored.detach())
        reblurred = self.reblurred_pool(cycle.reblurred.detach())
        with self.turn("critics") as descend:
            descend(self.critic_terms(blurred, sharp, restored, reblurred))
        self.watch(blurred, cycle)

    def cycle(self, blurred: Images, sharp: Images) -> Cycle:
        """There and back, from both domains."""
        restored = self.generators["deblurrer"](blurred)
        reblurred = self.generators["blurrer"](sharp)
        blurred_again = self.generators["blurrer"](restored)
        sharp_again = self.generators["deblurrer"](reblurred)
        return Cycle(restored, reblurred, blurred_again, sharp_again)

    def generator_terms(self, blurred: Images, sharp: Images, cycle: Cycle) -> dict[str, Scalar]:
        """L, both directions added up term by term."""
        return self.objectives["generators"].wanted(
            adversarial=lambda: (
                self.sharp_fight.generator(self.critics["sharp"], sharp, cycle.restored)
                + self.blurred_fight.generator(self.critics["blurred"], blurred, cycle.reblurred)
            ),
            cycle=lambda: l1(cycle.blurred_again, blurred) + l1(cycle.sharp_again, sharp),
            identity=lambda: (
                l1(self.generators["deblurrer"](sharp), sharp)
                + l1(self.generators["blurrer"](blurred), blurred)
            ),
        )

    def critic_terms(
        self, blurred: Images, sharp: Images, restored: Images, reblurred: Images
    ) -> dict[str, Scalar]:
        """Each critic against pictures of its own domain that were made."""
        return {
            "adversarial": self.sharp_fight.critic(self.critics["sharp"], sharp, restored)
            + self.blurred_fight.critic(self.critics["blurred"], blurred, reblurred)
        }

    def watch(self, blurred: Images, cycle: Cycle) -> None:
        """Log how far G moves pictures, in dB: above 40 it does nothing that one can see."""
        if self.logs_now:
            self.report({"psnr_to_blurred": psnr(cycle.restored.detach(), blurred)})
