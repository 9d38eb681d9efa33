"""DeblurGAN: a generator that pleases a critic and keeps the sharp picture's content."""

from collections.abc import Mapping

from torch import nn

from deblurkit.contracts import (
    Distance,
    Images,
    OptimizerFactory,
    Pools,
    Scalar,
    SchedulerFactory,
)
from deblurkit.losses.adversarial import Adversarial
from deblurkit.losses.frozen import Frozen
from deblurkit.losses.penalties import Constraint, Penalty
from deblurkit.losses.weights import Weight
from deblurkit.methods.frame.manual import ManualMethod
from deblurkit.processor import BFLOAT16_CHANNELS_LAST


class DeblurGAN(ManualMethod):
    r"""A generator and a Wasserstein critic, with a perceptual distance as content.

    With b blurred, s sharp and phi the features of VGG-19 at conv3_3:

    .. math::
        L_G = -D(G(b)) + \lambda \, \mathrm{mean}\,(\phi(s) - \phi(G(b)))^2
    .. math::
        L_D = D(G(b)) - D(s) + \lambda_{gp} \, \mathrm{penalty}(D)

    A batch is one restored picture, ``critic_steps`` steps of the critic on it, then one of the
    generator: the order of the authors' code.

    >>> small = ["generator.channels=4", "generator.blocks=1", "critic.channels=4"]
    >>> method = deblurkit.build("deblurgan", *small)
    >>> blurred = torch.rand(1, 3, 18, 30)
    >>> method.restore(blurred).equal(blurred)  # until it is trained
    True

    Args:
        generator: From blurred to restored.
        critic: From a picture to the realness of its patches; sees one picture at a time.
        adversarial: What the two fight over.
        content: Perceptual distance of a restored to its sharp picture.
        pixel: Another distance, of pixels; weight 0 in the paper.
        penalty: Keeps the critic's gradient near 1; None if the critic is kept in bounds by
            ``constraint`` alone.
        constraint: Changes the critic after each of its steps (clipping of weights).
        critic_steps: Steps of the critic per step of the generator.
        weights: Of the generator's terms ``adversarial``, ``content``, ``pixel``, and of the
            critic's ``adversarial``, ``penalty``. While a schedule keeps the generator's
            ``adversarial`` at 0 the critic still learns.
        optimizers: Of ``generator`` and ``critic``.
        schedulers: Of both, in epochs.

    Source: Kupyn et al., CVPR 2018, arXiv:1711.07064, sec. 3 and 5; order of steps and the mean
    over C*H*W (the paper divides by W*H, its weight of 100 belongs to the mean) as in the
    authors' code.
    """

    needs = frozenset({"paired"})
    restorer = "generator"
    on_cpu = BFLOAT16_CHANNELS_LAST

    def __init__(
        self,
        *,
        generator: nn.Module,
        critic: nn.Module,
        adversarial: Adversarial,
        content: Frozen,
        pixel: Distance,
        penalty: Penalty | None,
        constraint: Constraint | None,
        critic_steps: int,
        weights: Mapping[str, Mapping[str, Weight]],
        optimizers: Mapping[str, OptimizerFactory],
        schedulers: Mapping[str, SchedulerFactory] | None = None,
    ) -> None:
        super().__init__(weights=weights, optimizers=optimizers, schedulers=schedulers)
        self.generator, self.critic = generator, critic
        self.adversarial, self.penalty, self.constraint = adversarial, penalty, constraint
        self.content, self.pixel = content, pixel
        self.critic_steps = critic_steps

    def forward(self, blurred: Images) -> Images:
        """Restore a batch: G."""
        restored: Images = self.generator(blurred)
        return restored

    def turns(self, batch: Pools) -> None:
        """Let the critic catch up, then move the generator."""
        pairs = batch["paired"]
        sharp, restored = pairs["sharp"], self(pairs["blurred"])
        for _ in range(self.critic_steps):
            with self.turn("critic") as descend:
                descend(self.critic_terms(sharp, restored.detach()))
            if self.constraint is not None:
                self.constraint(self.critic)
        with self.turn("generator") as descend:
            descend(self.generator_terms(sharp, restored))

    def critic_terms(self, sharp: Images, restored: Images) -> dict[str, Scalar]:
        """L_D; for the Wasserstein distance ``adversarial`` is minus the gap of the scores."""
        terms = {"adversarial": self.adversarial.critic(self.critic, sharp, restored)}
        if self.penalty is not None and self.objectives["critic"].wants("penalty"):
            terms["penalty"] = self.penalty(self.critic, sharp, restored)
        return terms

    def generator_terms(self, sharp: Images, restored: Images) -> dict[str, Scalar]:
        """L_G."""
        return self.objectives["generator"].wanted(
            adversarial=lambda: self.adversarial.generator(self.critic, sharp, restored),
            content=lambda: self.content(restored, sharp),
            pixel=lambda: self.pixel(restored, sharp),
        )
