"""Estimated kernels, written beside the restored pictures."""

from pathlib import Path

from torch import Tensor

from deblurkit.imaging.blur.kernel_files import write_kernel


def write_beside(target: Path, kernel: Tensor) -> None:
    """Write the kernel of a picture beside it, as ``<name>_kernel.png``, see ``write_kernel``.

    Args:
        target: File of the restored picture.
        kernel: (1, size, size).

    Raises:
        PictureError: If the disk refuses.
    """
    write_kernel(target.with_stem(f"{target.stem}_kernel").with_suffix(".png"), kernel)
