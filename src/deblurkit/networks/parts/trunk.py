"""Trunks: what a feature pyramid takes its maps from, and what all of them share.

A trunk is trained as a part of its generator, but may start from weights that classify ImageNet.
"""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from deblurkit.contracts import Images
from deblurkit.errors import InputError
from deblurkit.networks import layout
from deblurkit.weight_files.safetensors_files import read_safetensors
from deblurkit.weight_files.torch_files import read_torch

Map = Float[Tensor, "batch _ _ _"]
Maps = tuple[Map, Map, Map, Map, Map]  # about 1/2, 1/4, 1/8, 1/16 and 1/32 of the picture's size
Padding = tuple[int, int, int, int]  # left, right, top, bottom
Paddings = tuple[Padding, Padding, Padding, Padding, Padding]


@runtime_checkable
class Trunk(Protocol):
    """A module that answers five maps of a picture, from fine to coarse.

    Attributes:
        channels: Of each map.
        paddings: What each map lacks on each side to have exactly 1/2 to 1/32 of the picture's
            size, the same for all sides divisible by 32 that are not below ``smallest``.
        smallest: Sides below it are too short for the trunk, pixels; divisible by 32.
    """

    channels: tuple[int, int, int, int, int]
    paddings: Paddings
    smallest: int

    def __call__(self, signed: Images, /) -> Maps:
        """Answer the maps of a batch in [-1, 1] whose sides are divisible by 32."""
        ...

    def read(self, path: str) -> None:
        """Start from published weights of the network that the trunk is a part of."""
        ...


class InstanceNorm(layout.InstanceNorm):
    """Normalises each channel of each picture on its own, then scales, shifts and activates.

    Takes the place of a trunk's batch normalisation, with its weights under its keys.

    Args:
        channels: Of the map.
        epsilon: Added to the variance.
        activation: Applied last; some trunks keep it inside their normalisation.

    Source: Ulyanov et al., "Instance Normalization", arXiv:1607.08022.
    Differs from batch normalisation: no running statistics. It is the same for a batch of one
    in training mode, which is how Kupyn et al. (DeblurGAN-v2, ICCV 2019) train and restore; here
    the answer for a picture is the same in both modes and whatever else is in its batch.
    """

    def __init__(self, channels: int, *, epsilon: float, activation: nn.Module) -> None:
        super().__init__(channels, eps=epsilon, affine=True)
        self.activation = activation

    def forward(self, features: Map) -> Map:
        """Normalise a batch of maps of at least two values per channel; same shape out."""
        return self.activation(super().forward(features))


def instance_normalised(network: nn.Module) -> nn.Module:
    """Replace, in place, every batch normalisation in a network; scale, shift and activation stay.

    Returns:
        The network.
    """
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.BatchNorm2d):
                # timm keeps the activation that follows inside its batch normalisation
                activation = getattr(child, "act", None) or nn.Identity()
                norm = InstanceNorm(child.num_features, epsilon=child.eps, activation=activation)
                norm.weight, norm.bias = child.weight, child.bias
                setattr(parent, name, norm)
    return network


def read_tensors(path: str) -> dict[str, Tensor]:
    """Tensors of a weight file by their names, without running anything in it.

    Args:
        path: A safetensors file, or what ``torch.save`` made of a state dict; the prefix of
            ``DataParallel`` is dropped from the names.

    Raises:
        InputError: If there is no such file, or it holds something else.
    """
    try:
        if path.endswith(".safetensors"):
            content: Any = read_safetensors(path).tensors
        else:
            content = read_torch(path)
            for wrapper in ("state_dict", "model"):
                content = content.get(wrapper, content)
        return {
            name.removeprefix("module."): value
            for name, value in content.items()
            if torch.is_tensor(value)
        }
    except FileNotFoundError as error:
        raise InputError(f"{path} is no file; give the path of downloaded weights") from error
    except Exception as error:  # whatever foreign or damaged bytes lead to
        raise InputError(
            f"{path} cannot be read as weights: it is neither a safetensors file nor a state dict "
            "of tensors alone"
        ) from error


def fill(network: nn.Module, tensors: Mapping[str, Tensor], *, origin: str) -> None:
    """Copy tensors into all parameters of a network by name; further tensors are ignored.

    Raises:
        InputError: If one is missing or has another shape; the network is then unchanged.
    """
    own = dict(network.named_parameters())
    wrong = [
        name
        for name, parameter in own.items()
        if name not in tensors or tensors[name].shape != parameter.shape
    ]
    if wrong:
        raise InputError(
            f"{origin} does not fit this {type(network).__name__}: {len(wrong)} of {len(own)} "
            f"tensors are missing or have another shape, such as {wrong[0]}; "
            "give weights of the same network"
        )
    with torch.no_grad():
        for name, parameter in own.items():
            parameter.copy_(tensors[name])
