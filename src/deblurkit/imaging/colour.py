"""Luma of RGB pictures by ITU-R BT.601, full range."""

from jaxtyping import Float
from torch import Tensor

from deblurkit.contracts import Images
from deblurkit.imaging.luma import REC601 as REC601


def luminance(pictures: Images) -> Float[Tensor, "batch 1 height width"]:
    """Full-range luminance of RGB pictures, one channel.

    >>> red = torch.tensor([1.0, 0.0, 0.0]).reshape(1, 3, 1, 1)
    >>> round(luminance(red).item(), 3)
    0.299
    """
    red, green, blue = pictures.split(1, dim=1)
    return REC601[0] * red + REC601[1] * green + REC601[2] * blue
