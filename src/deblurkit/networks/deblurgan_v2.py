"""The generator of DeblurGAN-v2: a feature pyramid over a trunk."""

from collections.abc import Callable, Sequence

import torch
from torch import nn
from torch.nn import functional

from deblurkit.contracts import Images
from deblurkit.networks.layout import InstanceNorm
from deblurkit.networks.parts.sides import require_multiple
from deblurkit.networks.parts.trunk import Map, Padding, Trunk


class Branch(nn.Module):
    """Two activated convolutions that turn a map of the pyramid into features of one width.

    Args:
        channels: Of the map.
        features: Of the answer.
    """

    def __init__(self, channels: int, features: int) -> None:
        super().__init__()
        self.block0 = nn.Conv2d(channels, features, 3, padding=1, bias=False)
        self.block1 = nn.Conv2d(features, features, 3, padding=1, bias=False)

    def forward(self, features: Map) -> Map:
        """Convolve a batch of maps; same sides out."""
        return functional.relu(self.block1(functional.relu(self.block0(features))))


class Generator(nn.Module):
    """Restores a picture by a correction that is drawn from all scales of a feature pyramid.

    The trunk's four coarse maps, brought to one width, are added up from coarse to fine, passed
    through a branch each, and joined at a quarter of the picture's size; the finest map joins at
    half of it. Submodules are named as in the authors' code.

    >>> from deblurkit.networks.mobilenet_v2 import MobileNetV2
    >>> trunk = MobileNetV2(width=0.125)
    >>> generator = Generator(trunk=trunk, channels=8, head=4, start=random_start)
    >>> generator(torch.rand(1, 3, 32, 64)).shape
    torch.Size([1, 3, 32, 64])

    Args:
        trunk: Answers five maps; trained with the rest, or held still by
            ``trunk.requires_grad_(False)``.
        channels: Of the pyramid's maps.
        head: Channels of each branch; twice those of the last features.
        start: Prepares the last convolution and returns it; ``zero_start`` makes the first
            answer the blurred picture itself, ``random_start`` is the authors' choice.

    Source: Kupyn et al., "DeblurGAN-v2: Deblurring (Orders-of-Magnitude) Faster and Better",
    ICCV 2019, arXiv:1908.03826, sec. 3.1; widths and paddings from the authors' code.
    Differs from the authors' code: instance instead of batch normalisation in the trunk, and no
    running statistics anywhere, so that training and evaluation give one picture; pictures that
    are too small for the trunk are padded and cropped here.
    """

    multiple = 32
    reach: int | None = None  # normalisation looks at the whole picture

    def __init__(
        self,
        *,
        trunk: Trunk,
        channels: int,
        head: int,
        start: Callable[[nn.Conv2d], nn.Conv2d],
    ) -> None:
        super().__init__()
        self.trunk = trunk
        self.td1, self.td2, self.td3 = (_normalised(channels, channels) for _ in range(3))
        widths = (head, channels, channels, channels, channels)
        self.lateral0, self.lateral1, self.lateral2, self.lateral3, self.lateral4 = (
            nn.Conv2d(channels_in, width, 1, bias=False)
            for channels_in, width in zip(trunk.channels, widths, strict=True)
        )
        self.head1, self.head2, self.head3, self.head4 = (Branch(channels, head) for _ in range(4))
        self.smooth = _normalised(4 * head, head)
        self.smooth2 = _normalised(head, head // 2)
        self.final = start(nn.Conv2d(head // 2, 3, 3, padding=1))

    @property
    def heads(self) -> Sequence[nn.Conv2d]:
        """The last convolution."""
        return (self.final,)

    def read(self, path: str) -> None:
        """Start the trunk from published weights; to be called when training starts.

        Raises:
            InputError: If the file cannot be read or belongs to another network.
        """
        self.trunk.read(path)

    def forward(self, blurred: Images) -> Images:
        """Restore a batch whose sides are divisible by 32; output in [0, 1].

        Raises:
            InputError: If a side is not divisible by 32.
        """
        require_multiple(blurred, self.multiple)
        height, width = blurred.shape[-2:]
        right, bottom = (max(0, self.trunk.smallest - side) for side in (width, height))
        roomy = functional.pad(blurred, (0, right, 0, bottom), mode="replicate")
        return (blurred + self._correction(roomy)[..., :height, :width]).clamp(0, 1)

    def _correction(self, blurred: Images) -> Images:
        signed = 2 * blurred - 1  # inside, this network works in [-1, 1]
        map0, map1, map2, map3, map4 = self._pyramid(signed)
        joined = torch.cat(
            [
                _enlarged(self.head4(map4), 8),
                _enlarged(self.head3(map3), 4),
                _enlarged(self.head2(map2), 2),
                self.head1(map1),
            ],
            dim=1,
        )
        features = self.smooth2(_enlarged(self.smooth(joined), 2) + map0)
        return torch.tanh(self.final(_enlarged(features, 2))) / 2

    def _pyramid(self, signed: Images) -> tuple[Map, Map, Map, Map, Map]:
        laterals = (self.lateral0, self.lateral1, self.lateral2, self.lateral3, self.lateral4)
        maps = zip(self.trunk(signed), laterals, self.trunk.paddings, strict=True)
        map0, side1, side2, side3, map4 = (
            _completed(lateral(features), padding) for features, lateral, padding in maps
        )
        map3 = self.td1(side3 + _enlarged(map4, 2))
        map2 = self.td2(side2 + _enlarged(map3, 2))
        map1 = self.td3(side1 + _enlarged(map2, 2))
        return map0, map1, map2, map3, map4


def random_start(convolution: nn.Conv2d) -> nn.Conv2d:
    """Leave a convolution as PyTorch starts it, and return it.

    >>> convolution = nn.Conv2d(4, 3, 3)
    >>> random_start(convolution) is convolution
    True
    """
    return convolution


def _normalised(channels: int, features: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, features, 3, padding=1),
        InstanceNorm(features),
        nn.ReLU(inplace=True),
    )


def _completed(features: Map, padding: Padding) -> Map:
    return functional.pad(features, padding, mode="reflect") if any(padding) else features


def _enlarged(features: Map, times: int) -> Map:
    return functional.interpolate(features, scale_factor=times, mode="nearest")
