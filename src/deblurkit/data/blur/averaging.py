"""Blur from video: the mean of neighbouring frames, without holding them all in memory."""

from collections.abc import Iterable

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from deblurkit.errors import InputError

Frame = UInt8[Tensor, "channels height width"]  # RGB, sRGB-encoded, 0 to 255
Levels = Float[Tensor, "channels height width"]  # the same, float64, not rounded


class FrameMean:
    """A mean that grows frame by frame; it keeps one sum.

    Args:
        gamma: Exponent from encoded values to light, removed before the mean and applied again
            after it; 2.2 adds light as an exposure does, 1 is the plain mean of encoded values.

    Source: Nah et al., "Deep multi-scale convolutional neural network for dynamic scene
    deblurring", CVPR 2017, eq. 2, with gamma 2.2.
    """

    def __init__(self, *, gamma: float) -> None:
        if gamma <= 0:
            raise InputError(f"gamma must be positive, got {gamma}.")
        self.gamma, self.count = gamma, 0
        # NumPy's power here and below: published averages are truncated, which shows its last bit.
        self._light = np.arange(256, dtype=np.float64) ** gamma
        self._total = np.zeros((), dtype=np.float64)

    def add(self, frame: Frame) -> None:
        """Add one more frame.

        Raises:
            InputError: If it is not 8-bit, or not of the size of the others.
        """
        if frame.dtype != torch.uint8:
            raise InputError(f"frames must be 8-bit pictures, got {frame.dtype}.")
        light = self._light[frame.cpu().numpy()]
        if self.count and light.shape != self._total.shape:
            raise InputError(
                f"frames must have one size, got {self._total.shape} and {light.shape}."
            )
        self._total = np.add(self._total, light, out=light)
        self.count += 1

    def levels(self) -> Levels:
        """Give the mean so far in grey levels, 0 to 255, not rounded.

        Raises:
            InputError: If there was no frame.
        """
        if not self.count:
            raise InputError("a mean needs at least one frame.")
        return torch.from_numpy((self._total / self.count) ** (1 / self.gamma))


def frame_mean(frames: Iterable[Frame], *, gamma: float) -> Levels:
    """Average any number of frames, see ``FrameMean``; grey levels, 0 to 255, not rounded."""
    mean = FrameMean(gamma=gamma)
    for frame in frames:
        mean.add(frame)
    return mean.levels()
