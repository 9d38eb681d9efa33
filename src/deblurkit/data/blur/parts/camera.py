"""What a camera does to light besides blurring it: one small function each."""

from collections.abc import Sequence

import torch
from torch import Tensor

from deblurkit.contracts import Images


def highlights(light: Images, boost: Tensor, *, threshold: float) -> Images:
    """Give bright light back what clipping took: stretch what lies above the threshold.

    Args:
        light: Linear light in [0, 1].
        boost: Factor for each picture, of shape (batch, 1, 1, 1), at least 1.
        threshold: Linear light above which a picture counts as clipped, in [0, 1].

    Returns:
        Linear light that may exceed 1; clip it after blurring and it saturates as a sensor does.
    """
    return light + (light - threshold).clamp(min=0) * (boost - 1)


def photon_noise(light: Images, photons: Tensor, generators: Sequence[torch.Generator]) -> Images:
    """Count photons: Poisson noise, for each picture from its own generator.

    Args:
        light: Intensities from 0 on.
        photons: Photons at intensity 1, of shape (batch, 1, 1, 1).
        generators: One for each picture, on its device.
    """
    rates = light.clamp(min=0) * photons
    pairs = zip(rates, generators, strict=True)
    return torch.stack([torch.poisson(rate, generator) for rate, generator in pairs]) / photons


def read_noise(
    pictures: Images, deviation: Tensor, generators: Sequence[torch.Generator]
) -> Images:
    """Add Gaussian noise, for each picture from its own generator.

    Args:
        pictures: Intensities in [0, 1].
        deviation: Standard deviation in intensity units, of shape (batch, 1, 1, 1).
        generators: One for each picture, on its device.
    """
    shape, device = pictures.shape[1:], pictures.device
    normal = [torch.randn(shape, generator=generator, device=device) for generator in generators]
    return pictures + deviation * torch.stack(normal).to(pictures.dtype)


def jpeg_compressed(pictures: Images, quality: Tensor) -> Images:
    """Compress and decompress by kornia's JPEG, on the pictures' device.

    Args:
        pictures: RGB in [0, 1]; gray pictures pass as three equal channels.
        quality: Of each picture, of shape (batch, 1, 1, 1), in [1, 100].
    """
    from kornia.enhance import jpeg_codec_differentiable

    colours = pictures.expand(-1, 3, -1, -1)
    # One by one: within a batch the last bits, and so the rounding, would depend on the others.
    pairs = zip(colours.split(1), quality.reshape(-1, 1), strict=True)
    coded = torch.cat([jpeg_codec_differentiable(picture, own) for picture, own in pairs])
    return coded if pictures.shape[1] == 3 else coded.mean(dim=1, keepdim=True)


def rounded(pictures: Images) -> Images:
    """Round to the 256 levels of an 8-bit file."""
    return (pictures * 255).round() / 255
