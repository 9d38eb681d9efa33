"""Kernels as pictures: in files that keep their weights, and as something to look at."""

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from numpy import ndarray
from torch import Tensor

from deblurkit.contracts import Kernels
from deblurkit.errors import InputError, sentence
from deblurkit.imaging.formats.files import read_picture, write_image
from deblurkit.imaging.luma import REC601

BRIGHTEST = 2**16 - 1
LARGEST = 2047  # pixels; longest side of a kernel that is read


def read_kernel(file: str | Path) -> Kernels:
    """Read the kernel of a picture file or of a NumPy file, and scale it to the sum 1.

    Of a picture in colour the luminance is taken, of any picture its levels as they are.

    >>> write_kernel(Path("kernel.png"), torch.tensor([[[0.25, 0, 0], [0, 0.5, 0.25], [0, 0, 0]]]))
    >>> read_kernel("kernel.png")[0, 0, 1]
    tensor([0.0000, 0.5000, 0.2500])

    Args:
        file: A picture of 8 or 16 bits, or ``.npy`` with numbers of shape (size, size).

    Returns:
        Float32, of shape (1, 1, size, size), as it is stored: neither moved nor turned.

    Raises:
        InputError: If there is no such file, it is damaged, its side is even or too large, or its
            numbers are negative, not finite, or zero all.
    """
    weights = _array(file) if str(file).lower().endswith(".npy") else _levels(file)
    height, width = weights.shape
    if height != width or height % 2 == 0 or height > LARGEST:
        raise InputError(
            f"{file} has {width}x{height} pixels; a kernel is square with an odd side of at most "
            f"{LARGEST}, so that it has a middle: crop or pad it"
        )
    if not np.isfinite(weights).all():
        raise InputError(f"{file} holds numbers that are not finite; a kernel has none")
    if weights.min() < 0:
        raise InputError(
            f"{file} holds negative numbers, down to {weights.min():.3g}; a kernel's weights are "
            "shares of light: clear them first"
        )
    if weights.sum() <= 0:
        raise InputError(f"{file} is black everywhere: a kernel needs a positive sum")
    return torch.from_numpy(weights / weights.sum()).float()[None, None]


def _array(file: str | Path) -> Float[ndarray, "rows columns"]:
    try:
        weights = np.load(file, allow_pickle=False, mmap_mode="r")
    except FileNotFoundError:
        raise InputError(f"there is no kernel file {file}") from None
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"{file} is damaged or no NumPy array: {sentence(error)}") from error
    if not isinstance(weights, ndarray) or weights.ndim != 2 or weights.dtype.kind not in "buif":
        shape = getattr(weights, "shape", ())
        raise InputError(
            f"{file} must hold numbers of shape (size, size), got {tuple(shape)} of "
            f"{getattr(weights, 'dtype', type(weights).__name__)}"
        )
    if max(weights.shape) > LARGEST:  # before anything is copied
        return np.broadcast_to(np.float64(1), weights.shape)
    return np.asarray(weights, np.float64)


def _levels(file: str | Path) -> Float[ndarray, "rows columns"]:
    pixels = read_picture(file, pixel_limit=LARGEST**2).pixels.astype(np.float64)
    return np.asarray(pixels @ np.array(REC601))


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
