"""Convolution of pictures with blur kernels: same size out, reflected borders, exact gradients."""

import torch
import torch.nn.functional as F  # noqa: N812
from jaxtyping import Float
from torch import Tensor

from deblurkit.contracts import Images
from deblurkit.errors import InputError

DIRECT_BELOW = {"cpu": 9, "cuda": 17}  # kernel sides from which the Fourier transform is faster


def blur(images: Images, kernels: Float[Tensor, "kernels 1 size size"]) -> Images:
    """Convolve each picture with its kernel, or all pictures with one kernel.

    Beyond its border a picture goes on as its mirror image (as its last row or column where the
    picture is too small for a mirror). It works in float32 under autocast and for half-precision
    input, in float64 for float64 input, and is differentiable in both arguments.

    >>> kernel = torch.tensor([[0.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]])[None, None]
    >>> picture = torch.arange(4.0).expand(1, 1, 4, 4)
    >>> blur(picture, kernel)[0, 0, 0]  # moved to the right, mirrored at the border
    tensor([1., 0., 1., 2.])

    Args:
        images: Pictures of any range, with any number of channels.
        kernels: Odd side; one per picture, or a single one for the whole batch. They act by
            convolution: a kernel with one bright pixel moves a picture towards that pixel.

    Returns:
        The blurred pictures, of the size, dtype and device of ``images``.

    Raises:
        InputError: If the side is even, or if the kernels are neither one nor one per picture.
    """
    size = kernels.shape[-1]
    if size % 2 == 0 or kernels.shape[-2] != size:
        raise InputError(f"kernels must be square with an odd side, got {tuple(kernels.shape)}.")
    if len(kernels) not in (1, len(images)):
        raise InputError(
            f"there must be one kernel, or one per picture, but {len(kernels)} kernels came with "
            f"{len(images)} pictures."
        )
    with torch.autocast(images.device.type, enabled=False):
        exact = torch.promote_types(torch.promote_types(images.dtype, kernels.dtype), torch.float32)
        bordered = with_border(images.to(exact), size // 2)
        return convolved_inside(bordered, kernels.to(exact)).to(images.dtype)


def with_border(
    images: Images, border: int
) -> Float[Tensor, "batch channels bordered_height bordered_width"]:
    """Extend each side by ``border`` pixels: mirrored, or replicated where a side is too short."""
    mode = "reflect" if min(images.shape[-2:]) > border else "replicate"
    return F.pad(images, (border, border, border, border), mode=mode)


def convolved_inside(
    bordered: Float[Tensor, "batch channels bordered_height bordered_width"],
    kernels: Float[Tensor, "kernels 1 size size"],
) -> Float[Tensor, "batch channels height width"]:
    """Convolve where the kernel lies inside the picture, by the faster of the two ways below.

    Each side loses ``size - 1`` pixels; of half precision this makes too little.

    >>> convolved_inside(torch.rand(1, 3, 9, 9), torch.full((1, 1, 5, 5), 1 / 25)).shape
    torch.Size([1, 3, 5, 5])
    """
    direct = kernels.shape[-1] < DIRECT_BELOW.get(bordered.device.type, 9)
    return (convolved_directly if direct else convolved_by_fourier)(bordered, kernels)


def convolved_directly(
    bordered: Float[Tensor, "batch channels bordered_height bordered_width"],
    kernels: Float[Tensor, "kernels 1 size size"],
) -> Float[Tensor, "batch channels height width"]:
    """Sum over the kernel's pixels, all planes as groups of one convolution; no border remains."""
    batch, channels = bordered.shape[:2]
    weights = kernels.flip(-1, -2).expand(batch, -1, -1, -1).repeat_interleave(channels, dim=0)
    planes = bordered.reshape(1, batch * channels, *bordered.shape[-2:])
    convolved = F.conv2d(planes, weights, groups=batch * channels)
    return convolved.reshape(batch, channels, *convolved.shape[-2:])


def convolved_by_fourier(
    bordered: Float[Tensor, "batch channels bordered_height bordered_width"],
    kernels: Float[Tensor, "kernels 1 size size"],
) -> Float[Tensor, "batch channels height width"]:
    """Multiply spectra; what wraps around falls on the border, which is cut off."""
    if bordered.device.type != "cpu":
        return _spectral_product(bordered, _spectra(kernels, bordered), kernels.shape[-1])
    # One picture at a time stays in the processor's cache: twice as fast as the whole batch.
    singles = [_spectra(kernel, bordered) for kernel in kernels.split(1)]
    if len(singles) == 1:
        singles = singles * len(bordered)
    pictures = zip(bordered.split(1), singles, strict=True)
    size = kernels.shape[-1]
    return torch.cat([_spectral_product(picture, own, size) for picture, own in pictures])


def _spectra(kernels: Tensor, bordered: Tensor) -> Tensor:
    height, width = (fast_length(side) for side in bordered.shape[-2:])
    # Rows first: all but a few rows of the padded kernel are zero and need no transform.
    return torch.fft.fft(torch.fft.rfft(kernels, n=width), n=height, dim=-2)


def _spectral_product(bordered: Tensor, spectra: Tensor, size: int) -> Tensor:
    height, width = (fast_length(side) for side in bordered.shape[-2:])
    spectrum = torch.fft.rfft2(bordered, s=(height, width)) * spectra
    rows = torch.fft.ifft(spectrum, dim=-2)[..., size - 1 : bordered.shape[-2], :]
    return torch.fft.irfft(rows, n=width)[..., size - 1 : bordered.shape[-1]]


def fast_length(least: int) -> int:
    """Give the next length with a fast Fourier transform: 8 times small prime factors only."""
    length = -(-least // 8) * 8
    while not _is_smooth(length):
        length += 8
    return length


def _is_smooth(length: int) -> bool:
    for factor in (2, 3, 5, 7):
        while length % factor == 0:
            length //= factor
    return length == 1
