"""The extent of a picture's blur, told to a blind method."""

from collections.abc import Callable
from functools import partial

from deblurkit.contracts import BlurredBatch, Restoration
from deblurkit.errors import InputError
from deblurkit.methods.frame.base import RestorationMethod
from deblurkit.restoring.chain import Restore

AUTO = "auto"


class KernelSize:
    """Restores every picture with this extent of its blur.

    Args:
        restore: What restores.
        kernel_size: In pixels; 0 where it is searched.
    """

    def __init__(self, restore: Restore, *, kernel_size: int) -> None:
        self.restore, self.kernel_size = restore, kernel_size

    def __call__(self, batch: BlurredBatch) -> Restoration:
        """Restore a batch."""
        return self.restore({**batch, "kernel_size": [self.kernel_size] * len(batch["name"])})


def told_kernel_size(
    method: RestorationMethod, kernel_size: int | str | None
) -> Callable[[Restore], KernelSize] | None:
    """What tells a method the extent of the blur; None where nobody has said it.

    Args:
        method: One that takes ``kernel_size``.
        kernel_size: Odd, in pixels, or ``auto``.

    Raises:
        InputError: If it is neither, or if the method does not use it.
    """
    if kernel_size is None:
        return None
    if "kernel_size" not in method.takes:
        raise InputError(
            f"{type(method).__name__} does not use kernel_size; leave it out, or take a blind "
            "method such as model=selfdeblur_smoke"
        )
    if kernel_size != AUTO and type(kernel_size) is not int:
        raise InputError(f"kernel_size is an odd number of pixels or auto, got {kernel_size}")
    return partial(KernelSize, kernel_size=0 if isinstance(kernel_size, str) else kernel_size)
