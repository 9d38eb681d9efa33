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


def faint_noise_level(images: Images) -> Float[Tensor, " batch"]:
    """Standard deviation of white noise, per picture, in intensity units, also below a grey level.

    Second differences along both axes take values that lie closer than those of ``noise_level``,
    so that noise between a third of a grey level and a whole one is told apart. They see fine
    texture more; a blurred picture has little. A quarter of the pixels is asked.

    >>> round(faint_noise_level(0.5 + 0.1 * torch.randn(1, 1, 128, 128)).item(), 2)
    0.1

    Args:
        images: Intensities of any range; 0 where a side has less than three pixels.

    Source: Immerkaer, "Fast Noise Variance Estimation", Computer Vision and Image Understanding
    1996; the median as in Donoho and Johnstone, Biometrika 1994.
    """
    if min(images.shape[-2:]) < 3:
        return images.new_zeros(len(images))
    for axis in (-2, -1):
        length = images.shape[axis] - 2
        before, middle, after = (images.narrow(axis, begin, length) for begin in range(3))
        images = before + after - 2 * middle
    deviations = images[..., ::2, ::2].abs().flatten(1) / 6  # of taps whose squares sum to 36
    return deviations.median(dim=1).values / MAD_OF_NORMAL
