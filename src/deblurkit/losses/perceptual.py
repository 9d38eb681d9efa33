"""Distances between pictures in the space of a network's features or of its input."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from deblurkit.contracts import Distance, Images, Scalar
from deblurkit.errors import InputError
from deblurkit.losses.consistency import tapped
from deblurkit.losses.pixel import widened
from deblurkit.networks.parts.vgg import VGG19, Features


@runtime_checkable
class Extractor(Protocol):
    """A module that answers features of pictures, with weights out of a file."""

    def __call__(self, pictures: Images, /) -> Features:
        """Features of a normalised batch."""
        ...

    def read(self, path: str) -> None:
        """Take over published weights."""
        ...


class FeatureDistance(nn.Module):
    r"""Mean squared distance between features of pictures.

    .. math:: \frac{1}{CHW} \lVert \phi(\hat{s}) - \phi(s) \rVert_2^2

    The mean runs over the batch too. Meant to be put into `deblurkit.losses.frozen.Frozen`: it
    opens its file when it is built.

    >>> class Red(nn.Module):  # a trunk without a file
    ...     def __init__(self, layer): super().__init__()
    ...     def read(self, path): pass
    ...     def forward(self, pictures): return pictures[:, :1]
    >>> normalised = {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}
    >>> distance = FeatureDistance(weights="", layer="red", trunk=Red, **normalised)
    >>> distance(torch.zeros(1, 3, 8, 8), torch.ones(1, 3, 8, 8))
    tensor(4.)

    Args:
        weights: File of published weights of the trunk; there is no distance without it.
        layer: Whose features are compared; ``conv3_3``, before its ReLU, in the code of DeblurGAN,
            ``relu3_3``, after it, in its paper.
        mean: Taken out of the pictures first, per channel: ImageNet's, for weights of
            torchvision, in DeblurGAN-v2; 0.5 in DeblurGAN, whose code feeds [-1, 1].
        std: The pictures are divided by it: ImageNet's, or 0.5.
        trunk: Makes the extractor when given its ``layer``.

    Raises:
        InputError: If the file is missing or belongs to another network, or numbers are not
            three.

    Source: Johnson et al., "Perceptual Losses for Real-Time Style Transfer and
    Super-Resolution", ECCV 2016, arXiv:1603.08155, eq. 2; layer and use as in Kupyn et al.,
    "DeblurGAN", CVPR 2018, arXiv:1711.07064, sec. 3.1.
    Differs from the paper of DeblurGAN: a mean over C*H*W, as in the authors' code, where it
    prints 1 / (H*W); with that the weight of 100 would have to be divided by 256. Features are
    those of the configs' ``layer: conv3_3``, before the ReLU, as in the authors' code; the paper
    takes them after the activation, which ``layer: relu3_3`` does.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        *,
        weights: str,
        layer: str,
        mean: Sequence[float],
        std: Sequence[float],
        trunk: Callable[..., Extractor] = VGG19,
    ) -> None:
        super().__init__()
        self.trunk = trunk(layer=layer)
        self.trunk.read(weights)
        self.register_buffer("mean", _per_channel(mean), persistent=False)
        self.register_buffer("std", _per_channel(std), persistent=False)
        self.requires_grad_(False)

    def forward(self, restored: Images, sharp: Images) -> Scalar:
        """Distance of a batch to its target; gradients reach ``restored`` only.

        Args:
            restored: Prediction of a network, in [0, 1].
            sharp: Ground truth, same shape and range.

        Returns:
            Scalar, in squared units of the features, at least float32.
        """
        with torch.no_grad():
            target = self.features(sharp)
        return self.between(self.features(restored), target)

    def features(self, pictures: Images) -> Features:
        """Features of a batch in [0, 1]: for a target that is used several times in one step.

        Call it under ``torch.no_grad()`` for what is only a target.
        """
        return self.trunk((pictures - self.mean) / self.std)

    def between(self, restored: Features, sharp: Features) -> Scalar:
        """Distance between features that are there already; gradients reach both."""
        first, second = widened(restored, sharp)
        return functional.mse_loss(first, second)


class NormalisedMSE(nn.Module):
    r"""Mean squared error of normalised pictures: every channel in units of its deviation.

    .. math:: \frac{1}{N} \sum_i \frac{(\hat{s}_i - s_i)^2}{\sigma_{c(i)}^2}

    With ImageNet's deviations it is about 19.6 times the error of pictures in [0, 1], if all
    channels err alike; weights that were tuned for it belong to that scale.

    >>> distance = NormalisedMSE(std=[0.5, 0.5, 0.5])
    >>> distance(torch.zeros(1, 3, 8, 8), torch.ones(1, 3, 8, 8))
    tensor(4.)

    Args:
        std: Deviation of each channel, intensities in [0, 1]. The mean that a normalisation takes
            out of both pictures cancels.

    Raises:
        InputError: If these are not three numbers.

    Source: the code of Kupyn et al., "DeblurGAN-v2", ICCV 2019, arXiv:1908.03826 (the pixel
    part of its content loss).
    Differs from the authors' code: every picture of a batch is normalised, theirs only the first.
    """

    std: Tensor

    def __init__(self, *, std: Sequence[float]) -> None:
        super().__init__()
        self.register_buffer("std", _per_channel(std), persistent=False)

    def forward(self, restored: Images, sharp: Images) -> Scalar:
        """Error of a batch in [0, 1]; in squared deviations, at least float32.

        Args:
            restored: Prediction of a network, in [0, 1].
            sharp: Ground truth, same shape and range.
        """
        first, second = widened(restored, sharp)
        return functional.mse_loss(first / self.std, second / self.std)


def _per_channel(values: Sequence[float]) -> Float[Tensor, "1 3 1 1"]:
    if len(values) != 3:
        raise InputError(f"give three numbers, for red, green and blue, got {list(values)}")
    return torch.tensor([float(value) for value in values]).reshape(1, 3, 1, 1)


class TeacherFeatures(nn.Module):
    r"""Distances between a teacher's features of two pictures, added up over layers.

    .. math:: \sum_l d(\phi_l(\hat x), \phi_l(\bar x))

    Meant to be put into `deblurkit.losses.frozen.Frozen`, which builds it when training starts
    and takes its parameters' gradients away; gradients flow to the first picture.

    Args:
        method: Makes the teacher, a method of this library.
        distance: d.
        layers: Modules within the teacher, by their dotted names, such as
            ``backbone.encoders.0``.

    >>> class Teacher(nn.Module):
    ...     def __init__(self) -> None:
    ...         super().__init__()
    ...         self.layer = nn.PReLU()
    ...
    ...     def restoration(self, batch):
    ...         return {"restored": self.layer(2 * batch["blurred"])}
    >>> from deblurkit.losses.pixel import l1
    >>> distance = TeacherFeatures(method=Teacher, distance=l1, layers=["layer"])
    >>> pictures = torch.full((1, 3, 4, 4), 0.25)
    >>> round(distance(pictures, 0.5 + pictures).item(), 6)
    1.0

    Source: Chi, "Weakly-supervising the Deep Priors for Blind Deconvolution", project proposal,
    University of Toronto, eq. 6 with "the intermediate features".
    """

    def __init__(
        self, *, method: Callable[[], nn.Module], distance: Distance, layers: Sequence[str]
    ) -> None:
        super().__init__()
        self.method = method()
        self.distance, self.layers = distance, list(layers)

    def forward(self, restored: Images, answer: Images) -> Scalar:
        """Compare two batches of one shape; the second is a fixed target.

        Raises:
            InputError: If no layer is named, or the teacher has none of that name.
        """
        if not self.layers:
            raise InputError(
                "features are compared at layers of the teacher: name them in "
                "model.teacher.factory.layers, or give the term the weight 0"
            )
        with torch.no_grad():
            target = self._features(answer)
        seen = self._features(restored)
        pairs = zip(seen, target, strict=True)
        return torch.stack([self.distance(student, teacher) for student, teacher in pairs]).sum()

    def _features(self, pictures: Images) -> list[Tensor]:
        names = [f"picture {number}" for number in range(len(pictures))]
        method: Any = self.method
        with tapped(method, self.layers) as features:
            method.restoration({"blurred": pictures, "name": names})
        return [features[layer] for layer in self.layers]
