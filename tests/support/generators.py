"""Small generators of every kind, for the tests."""

from functools import partial

from torch import nn

from deblurkit.networks import as_cyclegan, cyclegan, deblurgan
from deblurkit.networks.parts.conditions import ConditionProvider, Uniform
from deblurkit.networks.parts.residual import zero_start
from deblurkit.networks.parts.resnet import (
    PostActivationBlock,
    PreActivationBlock,
    Transposed,
    normal_start,
)
from deblurkit.networks.parts.sft import ConditionNetwork, GuidedBlock

POST = partial(PostActivationBlock, dropout=0.5)
PRE = partial(PreActivationBlock, dropout=0.5)


def blind(channels: int = 4, blocks: int = 2, **changes) -> deblurgan.Generator:
    """DeblurGAN's, as its authors have it."""
    parts = {"dropout": 0.5, "upsampling": Transposed, "start": normal_start}
    return deblurgan.Generator(channels=channels, blocks=blocks, **(parts | changes))


def cycle(channels: int = 4, blocks: int = 2) -> cyclegan.Generator:
    """CycleGAN's."""
    return cyclegan.Generator(channels=channels, blocks=blocks)


def asymmetric(channels: int = 4, blocks: int = 2, **changes) -> as_cyclegan.Generator:
    """AS-CycleGAN's first row unless something else is given."""
    parts = {"block": POST, "upsampling": Transposed, "start": zero_start}
    parts |= {"conditions": None, "condition_network": None}
    return as_cyclegan.Generator(channels=channels, blocks=blocks, **(parts | changes))


def pre_activation(channels: int = 4, blocks: int = 2, **changes) -> as_cyclegan.Generator:
    """AS-CycleGAN's second row."""
    return asymmetric(channels, blocks, **({"block": PRE} | changes))


def guided(
    channels: int = 4,
    blocks: int = 2,
    *,
    conditions: ConditionProvider | None = None,
    guides: int = 32,
    hidden: int = 128,
    **changes,
) -> as_cyclegan.Generator:
    """AS-CycleGAN's third row, told nothing unless conditions are given."""
    provider = conditions or Uniform(classes=8)
    parts = {
        "block": partial(GuidedBlock, guides=guides, slope=0.1, dropout=0.5),
        "conditions": provider,
        "condition_network": ConditionNetwork(
            classes=provider.classes, hidden=hidden, guides=guides, slope=0.1
        ),
    }
    return asymmetric(channels, blocks, **(parts | changes))


GENERATORS = {
    "deblurgan": blind,
    "cyclegan": cycle,
    "as_cyclegan post-activation": partial(asymmetric, start=normal_start),
    "as_cyclegan pre-activation": partial(pre_activation, start=normal_start),
    "as_cyclegan guided": partial(guided, start=normal_start),
}


def count(network: nn.Module) -> int:
    """Numbers that it learns."""
    return sum(parameter.numel() for parameter in network.parameters())
