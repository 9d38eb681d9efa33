"""The first layers of VGG-19, whose features perceptual losses compare."""

from collections.abc import Callable, Iterator
from functools import partial

from jaxtyping import Float
from torch import Tensor, nn

from deblurkit.contracts import Images
from deblurkit.errors import InputError
from deblurkit.networks.parts.trunk import fill, read_tensors

BLOCKS = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))  # channels, convolutions

Features = Float[Tensor, "batch features rows columns"]


class VGG19(nn.Module):
    """Features of pictures behind one layer of VGG-19.

    Weights start random and mean nothing until they are read. Keys are those of torchvision's
    classifier, ``features.N.weight`` and ``features.N.bias``; what lies behind the layer is not
    built.

    >>> VGG19(layer="conv2_1")(torch.rand(1, 3, 8, 8)).shape
    torch.Size([1, 128, 4, 4])

    Args:
        layer: ``conv<block>_<number>``, before the ReLU, or ``relu<block>_<number>``, after it,
            both counted from 1; ``conv3_3`` is the seventh convolution, 256 features at a quarter
            of the picture's size.

    Raises:
        InputError: If VGG-19 has no such layer.

    Source: Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image
    Recognition", ICLR 2015, arXiv:1409.1556, table 1, column E.
    """

    def __init__(self, *, layer: str) -> None:
        super().__init__()
        names = [name for name, _ in _layers() if not name.startswith("pool")]
        if layer not in names:
            raise InputError(f"VGG-19 has no layer {layer!r}; choose one of {', '.join(names)}")
        self.features = nn.Sequential()
        for name, module in _layers():
            self.features.append(module())
            if name == layer:
                break
        self.smallest = 2 ** sum(isinstance(part, nn.MaxPool2d) for part in self.features)

    def read(self, path: str) -> None:
        """Take over published weights.

        Args:
            path: A safetensors file or a state dict that torch.save wrote, with torchvision's
                keys, such as torchvision's own file of ``VGG19_Weights.IMAGENET1K_V1``; later
                layers in it are ignored. Files that were trained elsewhere fit too if they have
                these keys, but their features may have another scale.

        Raises:
            InputError: If the file is missing, unreadable or of another network.
        """
        try:
            fill(self, read_tensors(path), origin=path)
        except InputError as error:
            *_, last = (name for name, _ in self.named_parameters())
            raise InputError(
                f"{error}; VGG-19 takes the weights that torchvision publishes for vgg19, with the "
                f"keys features.0.weight to {last}"
            ) from error

    def forward(self, pictures: Images) -> Features:
        """Features of a batch that is normalised as the weights want it.

        Args:
            pictures: RGB; torchvision's weights want ImageNet's mean and standard deviation
                taken out.

        Raises:
            InputError: If a side is too short to be halved so often.
        """
        height, width = pictures.shape[-2:]
        if min(height, width) < self.smallest:
            raise InputError(
                f"this layer of VGG-19 needs pictures of at least {self.smallest} x "
                f"{self.smallest} pixels, got {height} x {width}; train on larger crops"
            )
        return self.features(pictures)


def _layers() -> Iterator[tuple[str, Callable[[], nn.Module]]]:
    """Names and makers of all layers, in the order of torchvision's numbers."""
    before = 3
    for block, (channels, convolutions) in enumerate(BLOCKS, start=1):
        for number in range(1, convolutions + 1):
            yield f"conv{block}_{number}", partial(nn.Conv2d, before, channels, 3, padding=1)
            yield f"relu{block}_{number}", partial(nn.ReLU, inplace=True)
            before = channels
        yield f"pool{block}", partial(nn.MaxPool2d, 2)
