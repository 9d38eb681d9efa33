"""Estimated kernels, written beside the restored pictures."""

from pathlib import Path

import numpy as np
from torch import Tensor

from deblurkit.imaging.formats.files import write_image

BRIGHTEST = 2**16 - 1


def write_kernel(target: Path, kernel: Tensor) -> None:
    """Write the kernel of a picture beside it, as ``<name>_kernel.png`` with 16 bits.

    The largest weight is white; divided by its sum the picture is the kernel, which acts by
    convolution.

    Args:
        target: File of the restored picture.
        kernel: (1, size, size).

    Raises:
        PictureError: If the disk refuses.
    """
    weights = (kernel[0] / kernel.max()).clamp(0, 1).float().cpu().numpy()
    levels = np.rint(weights * BRIGHTEST).astype(np.uint16)
    write_image(target.with_stem(f"{target.stem}_kernel").with_suffix(".png"), levels)
