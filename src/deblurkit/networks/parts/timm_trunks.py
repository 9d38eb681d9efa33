"""Trunks out of timm (Wightman et al., "PyTorch Image Models"), which this package can do without.

timm offers its own pyramids, but takes their maps at other places than DeblurGAN-v2.
"""

from typing import Any

from torch import nn

from deblurkit.contracts import Images
from deblurkit.errors import InputError, sentence
from deblurkit.networks.parts.trunk import (
    Maps,
    Padding,
    Paddings,
    fill,
    instance_normalised,
    read_tensors,
)

NONE: Padding = (0, 0, 0, 0)
EVENLY: Padding = (1, 1, 1, 1)


class InceptionResNetV2(nn.Module):
    """The layers of Inception-ResNet-v2 that DeblurGAN-v2 looks at; those behind are dropped.

    >>> InceptionResNetV2.channels  # of its five maps; to make one, timm has to be installed
    (32, 64, 192, 1088, 2080)

    Source: Szegedy et al., "Inception-v4, Inception-ResNet and the Impact of Residual Connections
    on Learning", AAAI 2017, arXiv:1602.07261; maps as in the code of Kupyn et al.,
    "DeblurGAN-v2", ICCV 2019, arXiv:1908.03826.
    Differs from both: instance instead of batch normalisation, see `InstanceNorm`.

    Raises:
        InputError: If timm is missing or cannot be imported.
    """

    channels = (32, 64, 192, 1088, 2080)
    paddings: Paddings = ((0, 1, 0, 1), EVENLY, (1, 2, 1, 2), EVENLY, EVENLY)
    smallest = 128  # below, the last map has one pixel or none, and cannot be mirrored

    def __init__(self) -> None:
        super().__init__()
        network = _classifier("inception_resnet_v2")
        self.conv2d_1a = network.conv2d_1a
        self.conv2d_2a, self.conv2d_2b = network.conv2d_2a, network.conv2d_2b
        self.maxpool_3a = network.maxpool_3a
        self.conv2d_3b, self.conv2d_4a = network.conv2d_3b, network.conv2d_4a
        self.maxpool_5a = network.maxpool_5a
        self.mixed_5b, self.repeat = network.mixed_5b, network.repeat
        self.mixed_6a, self.repeat_1 = network.mixed_6a, network.repeat_1
        self.mixed_7a = network.mixed_7a
        instance_normalised(self)

    def forward(self, signed: Images) -> Maps:
        """Answer the maps of a batch in [-1, 1]; each lacks its padding."""
        first = self.conv2d_1a(signed)
        second = self.maxpool_3a(self.conv2d_2b(self.conv2d_2a(first)))
        third = self.maxpool_5a(self.conv2d_4a(self.conv2d_3b(second)))
        fourth = self.mixed_6a(self.repeat(self.mixed_5b(third)))
        return first, second, third, fourth, self.mixed_7a(self.repeat_1(fourth))

    def read(self, path: str) -> None:
        """Start from published weights that classify ImageNet.

        Args:
            path: Weights of timm's ``inception_resnet_v2``, or of the package it was taken from;
                a safetensors file or a state dict. Running statistics and the dropped layers are
                ignored.

        Raises:
            InputError: If the file cannot be read or has another layout.
        """
        fill(self, read_tensors(path), origin=path)


class MobileNetV2(nn.Module):
    """The same layers as `deblurkit.networks.mobilenet_v2.MobileNetV2`, made by timm.

    Source: as there.
    Differs from the paper: instance instead of batch normalisation, see `InstanceNorm`.

    Raises:
        InputError: If timm is missing or cannot be imported.
    """

    channels = (16, 24, 32, 64, 160)
    paddings: Paddings = (NONE, NONE, NONE, NONE, NONE)
    smallest = 64  # at 32 the last map has one pixel, which instance normalisation empties

    def __init__(self) -> None:
        super().__init__()
        network = _classifier("mobilenetv2_100")
        self.conv_stem, self.bn1 = network.conv_stem, network.bn1
        self.blocks = network.blocks[:6]
        self.blocks[5] = self.blocks[5][:2]
        instance_normalised(self)

    def forward(self, signed: Images) -> Maps:
        """Answer the maps of a batch in [-1, 1]; their sides are 1/2 to 1/32, rounded up."""
        first = self.blocks[0](self.bn1(self.conv_stem(signed)))
        second = self.blocks[1](first)
        third = self.blocks[2](second)
        fourth = self.blocks[3](third)
        return first, second, third, fourth, self.blocks[5](self.blocks[4](fourth))

    def read(self, path: str) -> None:
        """Start from weights of timm's ``mobilenetv2_100``; later layers are ignored.

        Raises:
            InputError: If the file cannot be read or has another layout.
        """
        fill(self, read_tensors(path), origin=path)


def _classifier(name: str) -> Any:
    try:
        import timm  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except Exception as error:  # beside a torchvision that does not fit, it is a RuntimeError
        raise InputError(
            "this trunk is taken from timm, which cannot be imported "
            f"({type(error).__name__}: {sentence(error)}); install timm and the torchvision that "
            "fits your torch, or take deblurkit.networks.mobilenet_v2.MobileNetV2 instead"
        ) from error
    return timm.create_model(name, pretrained=False)
