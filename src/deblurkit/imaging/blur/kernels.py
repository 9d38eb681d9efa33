"""Small operations on blur kernels: checks, sum, centre and size."""

import torch
import torch.nn.functional as F  # noqa: N812
from jaxtyping import Float
from torch import Tensor

from deblurkit.contracts import Kernels
from deblurkit.errors import InputError

SUM_TOLERANCE = 1e-3  # a kernel that was stored in half precision still passes


def check_kernels(kernels: object) -> None:
    """Refuse what is not a batch of usable kernels.

    Raises:
        InputError: Unless it is a tensor of the shape (batch, 1, size, size) with an odd size, all
            values are finite, and each kernel sums to 1.
    """
    if not isinstance(kernels, Tensor):
        kind = f"{type(kernels).__module__.partition('.')[0]}.{type(kernels).__name__}"
        raise InputError(
            "kernels must be a tensor of the shape (batch, 1, size, size), got "
            f"{kind.removeprefix('builtins.')}; torch.from_numpy(kernel)[None, None] makes one of "
            "a NumPy kernel (size, size)"
        )
    shape = tuple(kernels.shape)
    if kernels.ndim != 4 or shape[1] != 1 or shape[2] != shape[3] or shape[3] % 2 == 0:
        raise InputError(
            f"kernels must have the shape (batch, 1, size, size) with an odd size, got {shape}."
        )
    if not bool(torch.isfinite(kernels).all()):
        raise InputError("kernels must be finite, but some values are not.")
    sums = kernels.sum(dim=(-1, -2)).flatten()
    if bool(((sums - 1).abs() > SUM_TOLERANCE).any()):
        worst = float(sums[(sums - 1).abs().argmax()])
        raise InputError(f"each kernel must sum to 1, but one sums to {worst:.4g}; normalise it.")


def check_side(size: int) -> int:
    """Pass an odd positive side on.

    >>> check_side(31)
    31

    Raises:
        InputError: If ``size`` is even or not positive.
    """
    if size < 1 or size % 2 == 0:
        raise InputError(f"a kernel's side must be odd and positive, got {size}.")
    return size


def spot(squares: Kernels) -> Kernels:
    """What a point of light became, without the darkness around it; of any sum.

    The median of the square's rim is taken off, and what is below a twentieth of the brightest
    pixel after that is cleared.

    >>> square = torch.full((1, 1, 5, 5), 0.2)
    >>> square[..., 2, 2:4] = torch.tensor([0.7, 0.21])
    >>> spot(square)[0, 0, 2]
    tensor([0.0000, 0.0000, 0.5000, 0.0000, 0.0000])

    Args:
        squares: Cut out of pictures, intensities.

    Raises:
        InputError: If nothing is brighter than its rim.
    """
    inner = torch.zeros_like(squares[0, 0], dtype=torch.bool)
    inner[1:-1, 1:-1] = True
    rims = squares[..., ~inner].median(dim=-1).values[..., None, None]
    above = (squares - rims).clamp(min=0)
    brightest = above.amax(dim=(-2, -1), keepdim=True)
    if bool((brightest < 2 / 255).any()):
        raise InputError(
            "there is no point of light: nothing in the square is brighter than its rim by two "
            "grey levels; give column and row of a bright point on a dark ground"
        )
    return above * (above >= brightest / 20)


def normalized(kernels: Kernels) -> Kernels:
    """Scale each kernel to the sum 1.

    >>> normalized(torch.full((1, 1, 1, 1), 4.0)).item()
    1.0

    Raises:
        InputError: If a kernel has no positive sum.
    """
    sums = kernels.sum(dim=(-1, -2), keepdim=True)
    if bool((sums <= 0).any()):
        raise InputError("a kernel without a positive sum cannot be scaled to the sum 1.")
    return kernels / sums


def centroid(kernels: Kernels) -> Float[Tensor, "batch 2"]:
    """Measure where the mass of each kernel lies.

    >>> kernel = torch.zeros(1, 1, 3, 3)
    >>> kernel[..., 2, 1:] = 0.5
    >>> centroid(kernel)
    tensor([[1.0000, 0.5000]])

    Returns:
        Row and column of the centre of mass, in pixels from the middle of the kernel.
    """
    size = kernels.shape[-1]
    offsets = torch.arange(size, dtype=kernels.dtype, device=kernels.device) - size // 2
    shares = kernels / kernels.sum(dim=(-1, -2), keepdim=True)
    rows, columns = shares.sum(dim=(1, 3)), shares.sum(dim=(1, 2))
    return torch.stack([rows @ offsets, columns @ offsets], dim=-1)


def centred(kernels: Kernels) -> Kernels:
    """Shift each kernel by whole pixels, so that its centre of mass lies within half a pixel.

    >>> kernel = torch.zeros(1, 1, 3, 3)
    >>> kernel[..., 2, 1] = 1
    >>> centred(kernel)[0, 0, 1]
    tensor([0., 1., 0.])

    Whole pixels, because a sub-pixel shift would blur the kernel itself. The kernel keeps its
    size and becomes normalised; give it room by ``padded`` where its mass lies at an edge.
    """
    size = kernels.shape[-1]
    shifts = centroid(kernels).round().long()
    positions = torch.arange(size, device=kernels.device)
    rows = positions + shifts[:, :1]  # (batch, size): where each new row comes from
    columns = positions + shifts[:, 1:]
    roomy = F.pad(kernels[:, 0], (size, size, size, size))  # what lies outside is zero
    batch = torch.arange(len(kernels), device=kernels.device)[:, None, None]
    moved = roomy[batch, (rows + size)[:, :, None], (columns + size)[:, None, :]]
    return normalized(moved[:, None])


def padded(kernels: Kernels, size: int) -> Float[Tensor, "batch 1 padded padded"]:
    """Surround each kernel by zeros up to the odd side ``size``, its middle staying the middle.

    >>> padded(torch.ones(1, 1, 1, 1), 3)[0, 0]
    tensor([[0., 0., 0.],
            [0., 1., 0.],
            [0., 0., 0.]])

    Raises:
        InputError: If ``size`` is even or smaller than the kernels.
    """
    margin = size - kernels.shape[-1]
    if margin < 0 or size % 2 == 0:
        raise InputError(f"kernels of side {kernels.shape[-1]} cannot be padded to side {size}.")
    return F.pad(kernels, (margin // 2,) * 4)


def cropped(kernels: Kernels, size: int) -> Float[Tensor, "batch 1 cropped cropped"]:
    """Keep the middle of each kernel, of the odd side ``size``, and normalise it again.

    Raises:
        InputError: If ``size`` is even or larger than the kernels.
    """
    margin = kernels.shape[-1] - size
    if margin < 0 or size % 2 == 0:
        raise InputError(f"kernels of side {kernels.shape[-1]} cannot be cropped to side {size}.")
    edge = margin // 2
    return normalized(kernels[..., edge : edge + size, edge : edge + size])
