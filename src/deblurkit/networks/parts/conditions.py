"""What is seen where in a picture: class probabilities for networks with SFT layers."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from deblurkit.contracts import Conditions, Images, Scalar
from deblurkit.errors import InputError
from deblurkit.networks.parts.windows import box_mean, deviation, median

Segmenter = Callable[[Images], Float[Tensor, "batch found rows columns"]]


class ConditionProvider(nn.Module, ABC):
    """Answers maps of class probabilities: at least 0, with sum 1 over the classes.

    Attributes:
        classes: How many there are.
        takes: Optional keys of a batch that the maps come from, instead of the pictures.

    >>> Uniform(classes=4)(torch.rand(1, 3, 8, 8)).unique()
    tensor([0.2500])
    """

    classes: int
    takes: frozenset[str] = frozenset()

    @abstractmethod
    def forward(self, pictures: Images) -> Conditions:
        """Look at a batch in [0, 1]; maps of its height and width.

        Without gradient to the pictures, unless the provider is trained.
        """


class Uniform(ConditionProvider):
    """The same probability for all classes everywhere: shows what a prior is worth.

    An SFT layer becomes one scale and one shift per feature map.

    Args:
        classes: How many there are.
    """

    def __init__(self, *, classes: int) -> None:
        super().__init__()
        self.classes = classes

    def forward(self, pictures: Images) -> Conditions:
        """Answer ``1 / classes``; only the size of the pictures matters."""
        count, _, height, width = pictures.shape
        return pictures.new_full((count, self.classes, height, width), 1 / self.classes)


class Given(ConditionProvider):
    """The maps are made elsewhere and come with the batch, under the key ``condition``.

    Args:
        classes: How many the maps have.
    """

    takes = frozenset({"condition"})

    def __init__(self, *, classes: int) -> None:
        super().__init__()
        self.classes = classes

    def forward(self, pictures: Images) -> Conditions:
        """Never answers: whoever gets here has not handed on the maps of the batch.

        Raises:
            InputError: Always.
        """
        raise InputError(
            "this generator's condition maps come with the batch, under the key condition, and "
            f"this one has none: choose data that reads maps of {self.classes} classes, or other "
            "conditions such as deblurkit.networks.parts.conditions.EdgeTexture"
        )


class EdgeTexture(ConditionProvider):
    r"""Eight classes that follow from edges, texture and brightness: no weights, no training.

    The classes are edges that run along 0, 45, 90 and 135 degrees (counted from the horizontal,
    counter-clockwise), fine texture, coarse texture, flat, bright. Each but "flat" is measured
    in intensity units at every pixel of the mean of the colours: the root of the mean square of a
    Sobel response over the fine window, the standard deviation over either window, the mean
    over the fine window. It is divided by its median over the picture, those of the four
    directions by the mean of their medians; "flat" is 1. Softmax of these scores over
    ``temperature`` makes probabilities. A blurred picture's map tells of its blur: strong edges
    are where it runs along them. No class means an object.

    >>> maps = EdgeTexture(fine=3, coarse=5, temperature=0.5)(torch.rand(1, 3, 8, 8))
    >>> maps.shape, torch.allclose(maps.sum(dim=1), torch.ones(1, 8, 8))
    (torch.Size([1, 8, 8, 8]), True)

    Args:
        fine: Side of the fine window, odd, pixels.
        coarse: Side of the coarse window, odd, pixels.
        temperature: Of the softmax; small ones decide for one class.

    Source: ours.
    """

    classes = 8
    directions: Tensor

    def __init__(self, *, fine: int, coarse: int, temperature: float) -> None:
        super().__init__()
        if not (fine % 2 and coarse % 2 and 0 < fine < coarse and temperature > 0):
            raise InputError(
                "EdgeTexture needs two odd windows, the fine one smaller, and a positive "
                f"temperature, got fine={fine}, coarse={coarse}, temperature={temperature}"
            )
        self.fine, self.coarse, self.temperature = fine, coarse, temperature
        along = torch.tensor([[1.0, 2, 1], [0, 0, 0], [-1, -2, -1]]) / 8
        falling = torch.tensor([[0.0, 1, 2], [-1, 0, 1], [-2, -1, 0]]) / 8
        sobel = torch.stack([along, falling.flip(1), along.T, falling])[:, None]
        self.register_buffer("directions", sobel, persistent=False)

    @torch.no_grad()
    def forward(self, pictures: Images) -> Conditions:
        """Look at a batch in [0, 1] of any size; no gradient to the pictures."""
        with torch.autocast(pictures.device.type, enabled=False):
            precise = torch.promote_types(pictures.dtype, torch.float32)  # variances need digits
            gray = pictures.to(precise).mean(dim=1, keepdim=True)
            padded = functional.pad(gray, (1, 1, 1, 1), mode="replicate")
            edges = functional.conv2d(padded, self.directions.to(precise))
            measures = torch.cat(
                [
                    box_mean(edges.square(), side=self.fine).sqrt(),
                    deviation(gray, side=self.fine),
                    deviation(gray, side=self.coarse),
                    box_mean(gray, side=self.fine),
                ],
                dim=1,
            )
            typical = median(measures)
            common = typical[:, :4].mean(dim=1, keepdim=True).expand(-1, 4, -1, -1)
            typical = torch.cat([common, typical[:, 4:]], dim=1)  # directions are compared
            scores = measures / (typical + 1 / 255)  # a grey level: less is noise
            scores = torch.cat([scores[:, :6], torch.ones_like(gray), scores[:, 6:]], dim=1)
            return (scores / self.temperature).softmax(dim=1).to(pictures.dtype)


class TinySegmenter(ConditionProvider):
    """A small U-Net whose classes mean what helps the generator: it is trained along with it.

    Nothing in the generator's objective keeps the classes apart; `indecision` does.

    Args:
        classes: How many there are.
        channels: Feature maps at full resolution; doubled by each halving.
        levels: Resolutions, the full one included.

    Source: ours, after Ronneberger et al., "U-Net: Convolutional Networks for Biomedical Image
    Segmentation", MICCAI 2015, arXiv:1505.04597.
    """

    def __init__(self, *, classes: int, channels: int, levels: int) -> None:
        super().__init__()
        self.classes = classes
        widths = [channels * 2**level for level in range(levels)]
        self.entry = _twice(3, channels)
        self.down = nn.ModuleList(
            _twice(before, after, stride=2) for before, after in pairwise(widths)
        )
        self.up = nn.ModuleList(_twice(before + after, after) for after, before in pairwise(widths))
        self.head = nn.Conv2d(channels, classes, 1)

    def forward(self, pictures: Images) -> Conditions:
        """Look at a batch in [0, 1] of any size; gradients flow to weights and pictures."""
        skips = [self.entry(2 * pictures - 1)]
        for down in self.down:
            skips.append(down(skips[-1]))
        features = skips.pop()
        for up in reversed(self.up):
            skip = skips.pop()
            # Halving rounds an odd side up, so the size follows the features of the way down.
            larger = functional.interpolate(features, size=skip.shape[-2:], mode="nearest")
            features = up(torch.cat([larger, skip], dim=1))
        return self.head(features).to(pictures.dtype).softmax(dim=1)

    def indecision(self, conditions: Conditions) -> Scalar:
        r"""Regulariser of its maps: every pixel decides, and all classes are used.

        .. math:: \frac{1}{N} \sum_i H(p_i) - H\Bigl(\frac{1}{N} \sum_i p_i\Bigr)

        with the entropy H, over all pixels i of the batch. A method computes the maps once, hands
        them to the generator as its ``condition``, and minimises this as one more term.

        Args:
            conditions: What this provider answered.

        Returns:
            Scalar, nats, from ``-log(classes)`` (each pixel of one class, all equally often) to 0
            (all pixels alike).

        Source: Krause et al., "Discriminative Clustering by Regularized Information
        Maximization", NeurIPS 2010, sec. 3.
        """
        precise = torch.promote_types(conditions.dtype, torch.float32)
        chances = conditions.to(precise).movedim(1, -1).flatten(0, -2)
        return entropy(chances).mean() - entropy(chances.mean(dim=0, keepdim=True)).mean()


class External(ConditionProvider):
    """A segmenter that exists already, its classes folded into fewer.

    Its weights are in no checkpoint, so restoring needs its files as training did. It is opened at
    the first use, and moved to the pictures' device if it is a module.

    Args:
        factory: Makes the segmenter: anything that turns pictures in [0, 1] into probabilities
            of shape (batch, its classes, rows, columns); maps of another size are interpolated.
            In the YAML a node with ``_partial_: true``.
        class_map: For each class of the segmenter the number of ours, from 0.
        classes: How many of ours there are.

    Raises:
        InputError: If the map names a class that is none of ours.
    """

    def __init__(
        self, *, factory: Callable[[], Segmenter], class_map: Sequence[int], classes: int
    ) -> None:
        super().__init__()
        if not class_map or min(class_map) < 0 or max(class_map) >= classes:
            raise InputError(
                f"class_map must name classes from 0 to {classes - 1} for every class of the "
                f"segmenter, got {list(class_map)}"
            )
        self.factory, self.class_map, self.classes = factory, list(class_map), classes
        self.opened: list[Segmenter] = []  # in a list: no submodule, so in no checkpoint

    def forward(self, pictures: Images) -> Conditions:
        """Segment a batch in [0, 1]; no gradient to the pictures.

        Raises:
            InputError: If the segmenter's first answer does not fit its description.
        """
        with torch.no_grad():
            first = not self.opened
            maps = self._open(pictures.device)(pictures)
            if first:
                self._require_probabilities(maps, pictures)
            height, width = pictures.shape[-2:]
            if maps.shape[-2:] != (height, width):
                maps = functional.interpolate(maps, size=(height, width), mode="bilinear")
            folded = maps.new_zeros((len(pictures), self.classes, height, width))
            index = torch.tensor(self.class_map, device=maps.device)
            return folded.index_add(1, index, maps).to(pictures.dtype)

    def _open(self, device: torch.device) -> Segmenter:
        if not self.opened:
            with torch.inference_mode(False), torch.random.fork_rng():
                segmenter = self.factory()
            if isinstance(segmenter, nn.Module):
                segmenter.eval().requires_grad_(False)
            self.opened.append(segmenter)
        (segmenter,) = self.opened
        if isinstance(segmenter, nn.Module):
            with torch.inference_mode(False):
                segmenter.to(device)
        return segmenter

    def _require_probabilities(self, maps: Tensor, pictures: Images) -> None:
        shape = (len(pictures), len(self.class_map))
        if maps.ndim != 4 or maps.shape[:2] != shape:
            raise InputError(
                f"class_map has {len(self.class_map)} classes, so the segmenter must answer the "
                f"shape (pictures, {len(self.class_map)}, rows, columns), got {tuple(maps.shape)}"
            )
        sums = maps.float().sum(dim=1)
        if maps.min() < 0 or not torch.allclose(sums, torch.ones_like(sums), atol=1e-2):
            raise InputError(
                "the segmenter must answer probabilities, at least 0 and with sum 1 over the "
                "classes: let its factory add a softmax"
            )


def entropy(chances: Float[Tensor, "places classes"]) -> Float[Tensor, " places"]:
    """Entropy of each distribution, nats."""
    smallest = torch.finfo(chances.dtype).tiny  # an infinite slope times no chance is no number
    return -(chances * chances.clamp(min=smallest).log()).sum(dim=1)


def _twice(channels: int, features: int, *, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, features, 3, stride=stride, padding=1),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(features, features, 3, padding=1),
        nn.LeakyReLU(0.2, inplace=True),
    )
