"""Networks that score how real pictures look."""

from itertools import count, pairwise

from torch import nn

from deblurkit.contracts import Images, Scores
from deblurkit.errors import InputError
from deblurkit.networks.layout import InstanceNorm
from deblurkit.networks.parts.resnet import normal_start

KERNEL = 4  # pixels


class PatchCritic(nn.Module):
    """Scores every patch of a picture; each picture of a batch for itself.

    The answer is linear: nothing squeezes a score into a probability.

    >>> critic = PatchCritic(channels=4, strided=1, padding=1)
    >>> critic(torch.rand(2, 3, 16, 16)).shape
    torch.Size([2, 1, 6, 6])

    Args:
        channels: Feature maps of the first convolution; doubled by each of the next, at most
            three times.
        strided: Convolutions that halve the picture, at least one; two more follow that do not.
            Three see patches of 70 x 70 pixels, five of 286 x 286.
        padding: Zeros around the input of each convolution, in pixels: 1 as in CycleGAN, 2 as in
            DeblurGAN.

    Source: Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks"
    (PatchGAN), CVPR 2017, arXiv:1611.07004, sec. 3.2.2 and 6.1.2, unconditional and with instance
    normalisation as in Zhu et al., ICCV 2017, arXiv:1703.10593, sec. 7.2.
    """

    multiple = 1
    reach: int | None = None  # instance normalisation looks at the whole picture

    def __init__(self, *, channels: int, strided: int, padding: int) -> None:
        super().__init__()
        if strided < 1 or padding not in (1, 2):
            raise InputError(
                "a critic needs at least one strided convolution and a padding of 1 or 2 pixels, "
                f"got strided={strided} and padding={padding}"
            )
        strides = [2] * strided + [1, 1]
        doublings = [min(stage, 3) for stage in range(len(strides) - 1)]
        widths = [3, *(channels * 2**doubling for doubling in doublings), 1]
        convolutions = [
            normal_start(nn.Conv2d(before, after, KERNEL, stride=stride, padding=padding))
            for (before, after), stride in zip(pairwise(widths), strides, strict=True)
        ]
        first, *inner, last = convolutions
        self.layers = nn.Sequential(first, nn.LeakyReLU(0.2, inplace=True))
        for convolution in inner:
            norm = InstanceNorm(convolution.out_channels)
            self.layers.extend([convolution, norm, nn.LeakyReLU(0.2, inplace=True)])
        self.layers.append(last)
        self.smallest = next(side for side in count(1) if _fits(side, strides, padding=padding))

    def forward(self, pictures: Images) -> Scores:
        """Score a batch in [0, 1], of any size from the smallest on; no unit.

        Raises:
            InputError: If a side is too short, with the shortest that is not.
        """
        height, width = pictures.shape[-2:]
        if min(height, width) < self.smallest:
            raise InputError(
                f"this critic needs pictures of at least {self.smallest} x {self.smallest} pixels, "
                f"got {height} x {width}; train on larger crops or take fewer strided convolutions"
            )
        return self.layers(2 * pictures - 1)  # inside, this network works in [-1, 1]


def _fits(side: int, strides: list[int], *, padding: int) -> bool:
    """Whether a side leaves something to normalise, and in the end something to score."""
    sides = []
    for stride in strides:
        side = (side + 2 * padding - KERNEL) // stride + 1
        sides.append(side)
    return min(sides[1:-1]) > 1 and min(sides) > 0
