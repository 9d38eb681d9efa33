"""Kernels as pictures: in files that keep their weights, and as something to look at."""

from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8
from numpy import ndarray
from torch import Tensor

from deblurkit.imaging.formats.files import write_image

BRIGHTEST = 2**16 - 1


def write_kernel(file: Path, kernel: Float[Tensor, "1 size size"]) -> None:
    """Write a kernel as a gray PNG of 16 bits whose largest weight is white.

    Divided by its sum the picture is the kernel again, which acts by convolution.

    Args:
        file: Where it goes.
        kernel: Its weights, of any sum; negative ones become 0.

    Raises:
        PictureError: If the disk refuses.

    >>> from deblurkit.imaging.formats.files import read_image
    >>> write_kernel(Path("kernel.png"), torch.tensor([[[0.25, 0, 0], [0, 0.5, 0.25], [0, 0, 0]]]))
    >>> read_image("kernel.png")[..., 0].tolist()
    [[32768, 0, 0], [0, 65535, 32768], [0, 0, 0]]
    """
    weights = (kernel[0] / kernel.max()).clamp(0, 1).double().cpu().numpy()
    write_image(file, np.rint(weights * BRIGHTEST).astype(np.uint16))


def kernel_levels(kernel: Float[Tensor, "1 size size"]) -> UInt8[ndarray, "size size"]:
    """A kernel to look at: gray levels of 8 bits, its largest weight white.

    Weights that are no numbers are black, as is a kernel without positive weights.

    >>> kernel_levels(torch.tensor([[[0.2, 0.8], [0.4, 0.0]]])).tolist()
    [[64, 255], [128, 0]]
    """
    weights = kernel[0].float().cpu().nan_to_num().clamp(min=0)
    shares = weights / weights.max().clamp(min=1e-12)
    return np.asarray((shares * 255).round().byte().numpy())
