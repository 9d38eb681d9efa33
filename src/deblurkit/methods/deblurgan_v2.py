"""DeblurGAN-v2: a feature-pyramid generator and two relativistic critics."""

from collections.abc import Callable, Mapping
from typing import Protocol, cast, runtime_checkable

import torch
from torch import nn

from deblurkit.contracts import (
    Distance,
    Images,
    OptimizerFactory,
    Pools,
    Scalar,
    SchedulerFactory,
)
from deblurkit.errors import InputError
from deblurkit.losses.adversarial import Adversarial
from deblurkit.losses.frozen import Frozen
from deblurkit.losses.weights import Weight
from deblurkit.methods.frame.manual import ManualMethod


@runtime_checkable
class Trunked(Protocol):
    """A generator whose trunk may start from weights for classification."""

    trunk: nn.Module

    def read(self, path: str) -> None:
        """Read the trunk's weights."""
        ...


class DeblurGANv2(ManualMethod):
    r"""A generator on a pretrained trunk against a critic of patches and one of whole crops.

    .. math:: L_G = w_p \, \mathrm{pixel} + w_X L_X + w_a \, \overline{L_{adv}}

    with the mean of the adversarial terms over the critics, and each critic's own objective; 0.5,
    0.006 and 0.01 in the paper.

    >>> small = ["generator.trunk.width=0.125", "generator.channels=8", "generator.head=4"]
    >>> method = deblurkit.build("deblurgan_v2", *small, "critics.full.channels=4")
    >>> blurred = torch.rand(1, 3, 18, 30)
    >>> method.restore(blurred).equal(blurred)  # until it is trained
    True

    Args:
        generator: From blurred to restored; its ``trunk`` may be read from a file.
        critics: From a picture to the realness of its patches, by name.
        adversarial: Makes what generator and one critic fight over; each critic gets its own.
        content: Perceptual distance of a restored to its sharp picture.
        pixel: Distance of pixels.
        trunk_weights: File with the trunk's first weights, read when a training starts, unless it
            goes on from weights of a whole method; None trains the trunk from its random ones.
        frozen_epochs: Epochs during which the trunk stands still.
        weights: Of the generator's terms ``adversarial``, ``content``, ``pixel``, and of the
            critics' ``adversarial``.
        optimizers: Of ``generator`` and ``critics``.
        schedulers: Of both, in epochs.

    Source: Kupyn et al., "DeblurGAN-v2", ICCV 2019, arXiv:1908.03826, sec. 3.
    Differs from the authors' code: the trunk is released within the same optimiser, which leaves
    the schedules as they are (theirs begins the generator's anew); all pictures of a batch count
    in the content (theirs reads the first one); the critics' loss has weight 1, not that of the
    generator's term, which Adam hardly notices.
    """

    needs = frozenset({"paired"})
    restorer = "generator"

    def __init__(
        self,
        *,
        generator: nn.Module,
        critics: Mapping[str, nn.Module],
        adversarial: Callable[[], Adversarial],
        content: Frozen,
        pixel: Distance,
        trunk_weights: str | None,
        frozen_epochs: int,
        weights: Mapping[str, Mapping[str, Weight]],
        optimizers: Mapping[str, OptimizerFactory],
        schedulers: Mapping[str, SchedulerFactory] | None = None,
    ) -> None:
        super().__init__(weights=weights, optimizers=optimizers, schedulers=schedulers)
        self.generator, self.critics = generator, nn.ModuleDict(critics)
        self.fights = {name: adversarial() for name in critics}
        remembering = [fight for fight in self.fights.values() if isinstance(fight, nn.Module)]
        self.memories = nn.ModuleList(remembering)  # found there by checkpoints
        self.content, self.pixel = content, pixel
        self.trunk_weights, self.frozen_epochs = trunk_weights, frozen_epochs
        self.register_load_state_dict_post_hook(with_own_trunk)

    def forward(self, blurred: Images) -> Images:
        """Restore a batch."""
        restored: Images = self.generator(blurred)
        return restored

    def setup(self, stage: str) -> None:
        """Read the trunk's weights before a training that begins; a resumed one has its own.

        Raises:
            InputError: If the file is missing or of another network.
        """
        super().setup(stage)
        if stage != "fit" or self.trunk_weights is None or self.trainer.ckpt_path is not None:
            return
        try:
            cast("Trunked", self.generator).read(self.trunk_weights)
        except InputError as error:
            raise InputError(
                f"{error}; the path is model.trunk_weights, null trains the trunk from nothing"
            ) from error

    def turns(self, batch: Pools) -> None:
        """Both critics, then the generator."""
        self.release()
        pairs = batch["paired"]
        sharp, restored = pairs["sharp"], self(pairs["blurred"])
        with self.turn("critics") as descend:
            descend({"adversarial": self.criticism(sharp, restored.detach())})
        with self.turn("generator") as descend:
            descend(self.generator_terms(sharp, restored))

    def release(self) -> None:
        """Hold the trunk still at first, and let it move from ``frozen_epochs`` on."""
        moves = self.current_epoch >= self.frozen_epochs
        for parameter in self.get_submodule("generator.trunk").parameters():
            parameter.requires_grad_(moves)

    def criticism(self, sharp: Images, restored: Images) -> Scalar:
        """Mean over the critics of what they minimise."""
        losses = [self.fights[n].critic(c, sharp, restored) for n, c in self.critics.items()]
        return torch.stack(losses).mean()

    def generator_terms(self, sharp: Images, restored: Images) -> dict[str, Scalar]:
        """L_G."""
        return self.objectives["generator"].wanted(
            adversarial=lambda: self.praise(sharp, restored),
            content=lambda: self.content(restored, sharp),
            pixel=lambda: self.pixel(restored, sharp),
        )

    def praise(self, sharp: Images, restored: Images) -> Scalar:
        """Mean over the critics of what the generator minimises."""
        losses = [self.fights[n].generator(c, sharp, restored) for n, c in self.critics.items()]
        return torch.stack(losses).mean()


def with_own_trunk(method: nn.Module, _: object) -> None:
    """Loaded weights hold a trunk: none is read over it."""
    cast("DeblurGANv2", method).trunk_weights = None
