"""The extent of a picture's blur, told to a blind method."""

from typing import Any, cast

from deblurkit.errors import InputError
from deblurkit.methods.frame.base import RestorationMethod

AUTO = "auto"


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
