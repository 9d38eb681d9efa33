"""How noisy a picture is."""

from jaxtyping import Float
from torch import Tensor

from deblurkit.contracts import Images

MAD_OF_NORMAL = 0.6744897501960817  # median of the absolute values of standard normal numbers


def noise_level(images: Images) -> Float[Tensor, " batch"]:
    """Standard deviation of white noise, per picture, in intensity units.

    The median of the finest diagonal differences sees edges hardly at all. In a picture of 8 bits
    it also sees the rounding: 0.003 of a clean one is half a grey level and no noise.

    >>> round(noise_level(0.5 + 0.1 * torch.randn(1, 1, 128, 128)).item(), 2)
    0.1

    Args:
        images: Intensities of any range; at least two rows and two columns.

    Source: Donoho and Johnstone, "Ideal Spatial Adaptation by Wavelet Shrinkage", Biometrika 1994,
    with the wavelet of Haar.
    """
    height, width = (side // 2 * 2 for side in images.shape[-2:])
    even, odd = images[..., 0:height:2, :width], images[..., 1:height:2, :width]
    difference = even - odd
    details = (difference[..., 0::2] - difference[..., 1::2]) / 2
    return details.abs().flatten(1).median(dim=1).values / MAD_OF_NORMAL
