"""Whether a teacher takes a picture for the same: three readings of one equation.

Chi prints E(g(x), g(x')) with x the "generated degraded image" and x' the surrogate that the
teacher g made of the blurred picture. What g should take alike are the blurred picture and the
generated one: ``Reblurred`` compares what g makes of them, ``Tapped`` what it sees on the way, and
``Literal`` takes the symbols as the earlier equations define them.

Source: Chi, "Weakly-supervising the Deep Priors for Blind Deconvolution", project proposal,
University of Toronto, eq. 6.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from deblurkit.contracts import Distance, Images, Scalar
from deblurkit.errors import InputError
from deblurkit.losses.frozen import Frozen

SHOWN = 12  # names of layers in a message


class Consistency(ABC):
    """One reading: a target that is made once per picture, and a distance to it.

    >>> isinstance(Reblurred(torch.nn.functional.l1_loss), Consistency)
    True

    Args:
        distance: What is called E.
    """

    def __init__(self, distance: Distance) -> None:
        self.distance = distance

    @abstractmethod
    def target(
        self, teacher: Frozen, blurred: Images, *, guide: Images, **known: Any
    ) -> list[Tensor]:
        """What the teacher makes of the blurred picture; without gradients.

        Args:
            teacher: Restores pictures of one channel.
            blurred: The picture, luminance in [0, 1].
            guide: The teacher's answer to it.
            **known: What else the teacher is told of the blur.
        """

    @abstractmethod
    def answers(
        self, teacher: Frozen, restored: Images, *, reblurred: Images, **known: Any
    ) -> list[Tensor]:
        """What the teacher makes of an iteration's pictures; differentiable.

        Args:
            teacher: The same.
            restored: The picture as restored now, size of the blurred one.
            reblurred: The same under the kernel of now.
            **known: As for the target.
        """

    def __call__(
        self,
        teacher: Frozen,
        restored: Images,
        *,
        reblurred: Images,
        target: Sequence[Tensor],
        **known: Any,
    ) -> Scalar:
        """Sum of the distances to the target; gradients reach pictures, never the teacher."""
        answers = self.answers(teacher, restored, reblurred=reblurred, **known)
        pairs = zip(answers, target, strict=True)
        return torch.stack([self.distance(answer, wanted) for answer, wanted in pairs]).sum()


class Reblurred(Consistency):
    """Compares the teacher's answer to the re-blurred picture with that to the blurred one.

    >>> teacher, consistency = Frozen(nn.Identity), Reblurred(nn.functional.l1_loss)
    >>> blurred, guide = torch.zeros(1, 1, 8, 8), torch.ones(1, 1, 8, 8)
    >>> target = consistency.target(teacher, blurred, guide=guide)
    >>> consistency(teacher, guide, reblurred=blurred, target=target)
    tensor(1.)
    """

    def target(
        self, teacher: Frozen, blurred: Images, *, guide: Images, **known: Any
    ) -> list[Tensor]:
        """The guide itself."""
        return [guide]

    def answers(
        self, teacher: Frozen, restored: Images, *, reblurred: Images, **known: Any
    ) -> list[Tensor]:
        """The teacher's answer to the re-blurred picture."""
        return [teacher(reblurred, **known)]


class Literal(Consistency):
    """Compares the teacher's answer to the restored picture with that to its own guide.

    Both are sharp already, so little is asked of the teacher; as the equation is printed.

    >>> teacher, consistency = Frozen(nn.Identity), Literal(nn.functional.l1_loss)
    >>> blurred, guide = torch.zeros(1, 1, 8, 8), torch.ones(1, 1, 8, 8)
    >>> target = consistency.target(teacher, blurred, guide=guide)
    >>> consistency(teacher, guide, reblurred=blurred, target=target)
    tensor(0.)
    """

    def target(
        self, teacher: Frozen, blurred: Images, *, guide: Images, **known: Any
    ) -> list[Tensor]:
        """The teacher's answer to its own answer."""
        return [teacher(guide, **known)]

    def answers(
        self, teacher: Frozen, restored: Images, *, reblurred: Images, **known: Any
    ) -> list[Tensor]:
        """The teacher's answer to the restored picture."""
        return [teacher(restored, **known)]


class Tapped(Consistency):
    """Compares features of the teacher for the re-blurred picture with those for the blurred one.

    >>> teacher = Frozen(lambda: nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU()))
    >>> consistency = Tapped(nn.functional.l1_loss, layers=["0"])
    >>> blurred = torch.zeros(1, 1, 8, 8)
    >>> [features.shape for features in consistency.target(teacher, blurred, guide=blurred)]
    [torch.Size([1, 4, 6, 6])]

    Args:
        distance: Of the features of one layer; the layers' distances are added.
        layers: Modules within the teacher, by their dotted names; those of a method's network
            begin with ``method.``.
    """

    def __init__(self, distance: Distance, *, layers: Sequence[str]) -> None:
        super().__init__(distance)
        if not layers:
            raise InputError("features of a teacher need at least one layer")
        self.layers = list(layers)

    def target(
        self, teacher: Frozen, blurred: Images, *, guide: Images, **known: Any
    ) -> list[Tensor]:
        """Features for the blurred picture."""
        return self._features(teacher, blurred, **known)

    def answers(
        self, teacher: Frozen, restored: Images, *, reblurred: Images, **known: Any
    ) -> list[Tensor]:
        """Features for the re-blurred picture."""
        return self._features(teacher, reblurred, **known)

    def _features(self, teacher: Frozen, pictures: Images, **known: Any) -> list[Tensor]:
        with tapped(teacher.open(), self.layers) as features:
            teacher(pictures, **known)
        return [features[layer] for layer in self.layers]


@contextmanager
def tapped(network: nn.Module, layers: Sequence[str]) -> Iterator[dict[str, Tensor]]:
    """Collect what modules of a network answer while it runs; of several runs the last.

    Args:
        network: Left as it was afterwards.
        layers: Dotted names of modules within it.

    Raises:
        InputError: If there is no such module, or one of them answers no tensor.
    """
    features: dict[str, Any] = {}
    modules = {name: module for name, module in network.named_modules() if name}
    with ExitStack() as hooks:
        for layer in layers:
            if layer not in modules:
                raise InputError(f"the teacher has no layer {layer!r}; {_choice(modules)}")
            hook = partial(_keep, features, layer)
            hooks.callback(modules[layer].register_forward_hook(hook).remove)
        yield features
    for layer in layers:
        if not isinstance(features.get(layer), Tensor):
            raise InputError(
                f"the layer {layer!r} of the teacher answers no features; {_choice(modules)}"
            )


def _keep(features: dict[str, Any], layer: str, *hooked: Any) -> None:
    *_, features[layer] = hooked  # the module, what it was given, what it answered


def _choice(modules: dict[str, nn.Module]) -> str:
    inner = [name for name, module in modules.items() if not list(module.children())]
    return f"among others it has {', '.join(inner[:SHOWN])}" if inner else "it has none"
