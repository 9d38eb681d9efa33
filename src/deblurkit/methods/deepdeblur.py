"""DeepDeblur: a pyramid restored from coarse to fine, with or without a critic."""

from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from deblurkit.contracts import Distance, Images, OptimizerFactory, Pools, Scalar, SchedulerFactory
from deblurkit.imaging.blur.pyramid import gaussian_pyramid
from deblurkit.losses.adversarial import Adversarial
from deblurkit.losses.weights import Weight
from deblurkit.methods.frame.automatic import AutomaticMethod
from deblurkit.methods.frame.manual import ManualMethod


class DeepDeblur(AutomaticMethod):
    r"""Every scale is compared with the sharp picture of its size.

    With :math:`G_k` the answer at scale k, :math:`s_k` the sharp picture's pyramid, d a distance:

    .. math:: L = \textstyle\sum_k d(G_k(b), s_k)

    >>> method = deblurkit.build("deepdeblur", "generator.channels=4", "generator.blocks=1")
    >>> method.restore(torch.rand(1, 3, 18, 30)).shape
    torch.Size([1, 3, 18, 30])

    Args:
        generator: From a blurred batch to all scales, the finest first.
        content: d; the authors' PyTorch code has L1, the paper the mean squared error.
        weights: Of the term ``content``.
        optimizer: Makes the optimiser.
        scheduler: Makes its learning-rate schedule; None keeps the rate.

    Source: Nah et al., CVPR 2017, arXiv:1612.02177, sec. 3.2, eq. 4; without the paper's factor
    1/(2K), as in the authors' code.
    """

    needs = frozenset({"paired"})
    restorer = "generator"

    def __init__(
        self,
        *,
        generator: nn.Module,
        content: Distance,
        weights: Mapping[str, Weight],
        optimizer: OptimizerFactory,
        scheduler: SchedulerFactory | None,
    ) -> None:
        super().__init__(weights=weights, optimizer=optimizer, scheduler=scheduler)
        self.generator, self.content = generator, content

    def forward(self, blurred: Images) -> Images:
        """Restore a batch: the finest scale."""
        scales: list[Images] = self.generator(blurred)
        return scales[0]

    def terms(self, batch: Pools) -> dict[str, Scalar]:
        """L."""
        pairs = batch["paired"]
        scales: list[Tensor] = self.generator(pairs["blurred"])
        return {"content": pyramid_distance(scales, pairs["sharp"], self.content)}


class AdversarialDeepDeblur(ManualMethod):
    """As `DeepDeblur`, and a critic judges the finest scale.

    A batch is one restored pyramid, one step of the critic on it, then one of the generator.

    >>> small = ["generator.channels=4", "generator.blocks=1", "critic.channels=4"]
    >>> method = deblurkit.build("deepdeblur_adversarial", *small)
    >>> {player: sorted(objective.weights) for player, objective in method.objectives.items()}
    {'generator': ['adversarial', 'content'], 'critic': ['adversarial']}

    Args:
        generator: From a blurred batch to all scales, the finest first.
        critic: From a picture to the log-odds of being real.
        adversarial: What the two fight over.
        content: Distance at each scale.
        weights: Of the generator's terms ``content`` and ``adversarial``, and of the critic's
            ``adversarial``.
        optimizers: Of ``generator`` and ``critic``.
        schedulers: Of both, in epochs.

    Source: Nah et al., CVPR 2017, arXiv:1612.02177, sec. 3.2, eqs. 5 and 6; order of steps as in
    the authors' PyTorch code.
    """

    needs = frozenset({"paired"})
    restorer = "generator"
    config = "deepdeblur_adversarial"

    def __init__(
        self,
        *,
        generator: nn.Module,
        critic: nn.Module,
        adversarial: Adversarial,
        content: Distance,
        weights: Mapping[str, Mapping[str, Weight]],
        optimizers: Mapping[str, OptimizerFactory],
        schedulers: Mapping[str, SchedulerFactory] | None = None,
    ) -> None:
        super().__init__(weights=weights, optimizers=optimizers, schedulers=schedulers)
        self.generator, self.critic = generator, critic
        self.adversarial, self.content = adversarial, content

    def forward(self, blurred: Images) -> Images:
        """Restore a batch: the finest scale."""
        scales: list[Images] = self.generator(blurred)
        return scales[0]

    def turns(self, batch: Pools) -> None:
        """The critic moves first."""
        pairs = batch["paired"]
        sharp, scales = pairs["sharp"], self.generator(pairs["blurred"])
        with self.turn("critic") as descend:
            descend(self.critic_terms(sharp, scales[0].detach()))
        with self.turn("generator") as descend:
            descend(self.generator_terms(sharp, scales))

    def critic_terms(self, sharp: Images, restored: Images) -> dict[str, Scalar]:
        """How well the critic tells the finest scale from sharp pictures."""
        return {"adversarial": self.adversarial.critic(self.critic, sharp, restored)}

    def generator_terms(self, sharp: Images, scales: Sequence[Tensor]) -> dict[str, Scalar]:
        """Distances of all scales, and what the critic says of the finest."""
        return self.objectives["generator"].wanted(
            content=lambda: pyramid_distance(scales, sharp, self.content),
            adversarial=lambda: self.adversarial.generator(self.critic, sharp, scales[0]),
        )


def pyramid_distance(scales: Sequence[Tensor], sharp: Images, distance: Distance) -> Scalar:
    """Sum of the distances at all scales; each is a mean, so that small pictures count alike."""
    targets = gaussian_pyramid(sharp, levels=len(scales))
    first, *rest = (distance(scale, target) for scale, target in zip(scales, targets, strict=True))
    return sum(rest, first)
