"""Layers that answer channels last where their input is: torch's own copy it into rows of maps.

For any other input they are torch's own layers, bit by bit.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

Features = Float[Tensor, "batch channels height width"]


def is_channels_last(features: Features) -> bool:
    """Whether the channels of a pixel lie side by side in memory, and the pixels of a map do not.

    >>> features = torch.rand(1, 4, 8, 8)
    >>> is_channels_last(features), is_channels_last(features.to(memory_format=torch.channels_last))
    (False, True)
    """
    last = features.is_contiguous(memory_format=torch.channels_last)
    return last and not features.is_contiguous()


class InstanceNorm(nn.InstanceNorm2d):
    """Instance normalisation, which keeps the layout of what comes in.

    >>> features = torch.rand(2, 4, 8, 8).to(memory_format=torch.channels_last)
    >>> is_channels_last(InstanceNorm(4)(features))
    True

    Source: Ulyanov et al., "Instance Normalization", 2016, arXiv:1607.08022.
    """

    def forward(self, features: Features) -> Features:
        """Normalise each channel of each picture on its own; same shape out."""
        if not is_channels_last(features):
            return super().forward(features)
        # Of one picture it is a batch normalisation, whose kernel knows this layout.
        pictures = [
            functional.batch_norm(
                picture, None, None, self.weight, self.bias, training=True, eps=self.eps
            )
            for picture in features.split(1)
        ]
        return pictures[0] if len(pictures) == 1 else torch.cat(pictures)


def added(correction: Features, features: Features) -> Features:
    """The sum of a correction that nobody else holds and of features, in its place.

    Args:
        correction: What a layer has answered whose gradient does not need it, as a convolution's.
        features: Of the same shape.
    """
    alike = correction.dtype == features.dtype
    return correction.add_(features) if alike else correction + features
