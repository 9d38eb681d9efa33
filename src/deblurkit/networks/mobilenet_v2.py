"""MobileNet-v2 as a trunk of feature pyramids."""

from collections.abc import Iterator

from torch import nn

from deblurkit.contracts import Images
from deblurkit.networks.parts.trunk import (
    InstanceNorm,
    Map,
    Maps,
    Padding,
    Paddings,
    fill,
    read_tensors,
)

STEM = 32
STAGES = (  # expansion, channels, units, stride of the first unit
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 2, 2),  # classifiers have a third unit here
)
NONE: Padding = (0, 0, 0, 0)
TAPS = (2, 4, 7, 11, 16)  # a map is taken before the layer of this number


class InvertedResidual(nn.Module):
    """Widens a map, filters each channel on its own, and narrows it again.

    The narrow map is not activated; where shapes allow, the input is added to it.

    Args:
        channels: Of the input.
        features: Of the answer.
        stride: Of the filter.
        expansion: How many times wider the filtered map is; 1 leaves out the widening.

    Source: Sandler et al., "MobileNetV2", CVPR 2018, arXiv:1801.04381, sec. 3.3.
    """

    def __init__(self, *, channels: int, features: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = expansion * channels
        self.conv = nn.Sequential(
            *(_activated(channels, wide, kernel=1) if expansion > 1 else ()),
            *_activated(wide, wide, kernel=3, stride=stride, groups=wide),
            nn.Conv2d(wide, features, 1, bias=False),
            _norm(features, activation=nn.Identity()),
        )
        self.adds = stride == 1 and channels == features

    def forward(self, features: Map) -> Map:
        """Filter a batch of maps; a stride of 2 halves its sides and rounds up."""
        filtered = self.conv(features)
        return features + filtered if self.adds else filtered


class MobileNetV2(nn.Module):
    """The layers of MobileNet-v2 that DeblurGAN-v2 looks at; those behind are not built.

    >>> trunk = MobileNetV2(width=0.125)
    >>> [tuple(features.shape) for features in trunk(torch.rand(1, 3, 64, 64))]
    [(1, 2, 32, 32), (1, 3, 16, 16), (1, 4, 8, 8), (1, 8, 4, 4), (1, 20, 2, 2)]

    Args:
        width: Multiplies all channels; published weights have 1.

    Source: Sandler et al., "MobileNetV2", CVPR 2018, arXiv:1801.04381, table 2; maps as in the
    code of Kupyn et al., "DeblurGAN-v2", ICCV 2019, arXiv:1908.03826.
    Differs from both: instance instead of batch normalisation, see `InstanceNorm`.
    """

    paddings: Paddings = (NONE, NONE, NONE, NONE, NONE)
    smallest = 64  # at 32 the last map has one pixel, which instance normalisation empties

    def __init__(self, *, width: float) -> None:
        super().__init__()
        channels = int(width * STEM)
        layers: list[nn.Module] = [nn.Sequential(*_activated(3, channels, kernel=3, stride=2))]
        widths = []
        for expansion, stage, units, stride in STAGES:
            for unit in range(units):
                layers.append(
                    InvertedResidual(
                        channels=channels,
                        features=int(width * stage),
                        stride=stride if unit == 0 else 1,
                        expansion=expansion,
                    )
                )
                channels = int(width * stage)
                widths.append(channels)
        self.features = nn.Sequential(*layers)
        first, second, third, fourth, fifth = (widths[tap - 2] for tap in TAPS)
        self.channels = first, second, third, fourth, fifth
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")

    def forward(self, signed: Images) -> Maps:
        """Answer the maps of a batch in [-1, 1]; their sides are 1/2 to 1/32, rounded up."""
        maps = []
        for number, layer in enumerate(self.features, start=1):
            signed = layer(signed)
            if number in TAPS:
                maps.append(signed)
        first, second, third, fourth, fifth = maps
        return first, second, third, fourth, fifth

    def read(self, path: str) -> None:
        """Start from published weights that classify ImageNet.

        Args:
            path: Weights of torchvision's ``mobilenet_v2``, of timm's ``mobilenetv2_100``, or in
                the layout that the authors of DeblurGAN-v2 took them from; a safetensors file or
                a state dict. Running statistics and later layers are ignored.

        Raises:
            InputError: If the file cannot be read or has another layout.
        """
        tensors = read_tensors(path)
        own, *published = zip(*self._names(), strict=True)
        for names in published:
            if all(f"{name}.weight" in tensors for name in names):
                ours = dict(zip(names, own, strict=True))
                parts = ((name.rpartition("."), value) for name, value in tensors.items())
                tensors = {
                    f"{ours[layer]}.{leaf}": value
                    for (layer, _, leaf), value in parts
                    if layer in ours
                }
                break
        fill(self, tensors, origin=path)

    def _names(self) -> Iterator[tuple[str, str, str]]:
        """Convolutions and normalisations in order: name here, in torchvision, in timm."""
        yield "features.0.0", "features.0.0", "conv_stem"
        yield "features.0.1", "features.0.1", "bn1"
        number = 0
        for stage, (expansion, _, units, _) in enumerate(STAGES):
            deep = ("conv_pw", "conv_dw", "conv_pwl") if expansion > 1 else ("conv_dw", "conv_pw")
            for unit in range(units):
                number += 1
                own, timm = f"features.{number}.conv", f"blocks.{stage}.{unit}"
                for index, convolution in enumerate(deep):
                    last = index == len(deep) - 1
                    tails = (f"{index}", f"{index + 1}") if last else (f"{index}.0", f"{index}.1")
                    yield f"{own}.{3 * index}", f"{own}.{tails[0]}", f"{timm}.{convolution}"
                    yield f"{own}.{3 * index + 1}", f"{own}.{tails[1]}", f"{timm}.bn{index + 1}"


def _norm(channels: int, *, activation: nn.Module) -> InstanceNorm:
    return InstanceNorm(channels, epsilon=1e-5, activation=activation)


def _activated(
    channels: int, features: int, *, kernel: int, stride: int = 1, groups: int = 1
) -> tuple[nn.Conv2d, InstanceNorm, nn.Module]:
    convolution = nn.Conv2d(
        channels,
        features,
        kernel,
        stride=stride,
        padding=kernel // 2,
        groups=groups,
        bias=False,
    )
    return convolution, _norm(features, activation=nn.Identity()), nn.ReLU6(inplace=True)
