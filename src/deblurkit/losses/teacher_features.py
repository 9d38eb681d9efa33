"""A distance between what a teacher's network sees in two pictures."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from deblurkit.contracts import Distance, Images, Scalar
from deblurkit.errors import InputError
from deblurkit.losses.consistency import tapped


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
