"""What blind methods need beside a picture file: the extent of its blur, and where the kernel goes.

Both wrap a method's ``restoration``, as tiles do.
"""

from pathlib import Path
from typing import Any, cast

import numpy as np
from torch import Tensor

from deblurkit.errors import InputError
from deblurkit.imaging.files import write_image
from deblurkit.methods.base import RestorationMethod

AUTO = "auto"
BRIGHTEST = 2**16 - 1


def tell_extent(method: RestorationMethod, kernel_size: int | str) -> None:
    """Make a method restore every picture with this extent of its blur.

    Args:
        method: One that takes ``kernel_size``.
        kernel_size: Odd, in pixels, or ``auto``.

    Raises:
        InputError: If it is neither, or if the method does not use it.
    """
    if "kernel_size" not in method.takes:
        raise InputError(
            f"{type(method).__name__} does not use kernel_size; leave it out, or take a blind "
            "method such as model=selfdeblur_smoke"
        )
    if isinstance(kernel_size, str) and kernel_size != AUTO:
        raise InputError(f"kernel_size is an odd number of pixels or auto, got {kernel_size}")
    extent = 0 if isinstance(kernel_size, str) else kernel_size
    whole = cast("Any", method).restoration

    def restoration(batch: Any) -> Any:
        return whole({**batch, "kernel_size": [extent] * len(batch["name"])})

    cast("Any", method).restoration = restoration


def report_refusals(method: RestorationMethod) -> None:
    """Make a method answer with a sentence, ``refused``, instead of stopping all other pictures."""
    whole = cast("Any", method).restoration

    def restoration(batch: Any) -> Any:
        try:
            return whole(batch)
        except InputError as error:
            return {"restored": batch["blurred"], "refused": str(error)}

    cast("Any", method).restoration = restoration


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
