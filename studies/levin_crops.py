"""Crops of Levin's real blurred pictures, and generators that fit them within minutes of a CPU.

Sharp and blurred picture are cropped at the same place, so the blurred crop was made out of more
than the sharp one shows, as every photograph is.
"""

from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from deblurkit.config import compose, instantiate, plain
from deblurkit.contracts import Images
from deblurkit.imaging.formats.files import as_tensor
from deblurkit.metrics.kernel_similarity import kernel_similarity
from deblurkit.metrics.levin import Levin

SIDE = 96  # pixels
CORNERS = {  # top and left, where the picture has edges in many directions
    "im1_kernel3_img": (20, 105),
    "im2_kernel5_img": (15, 45),
    "im2_kernel1_img": (155, 85),
}
PROTOCOL = Levin(border=10, reach=8)
ITERATIONS, SWITCH, FALLS, CHANNELS = 600, 200, [360, 440, 520], 32


class Crop(NamedTuple):
    name: str
    blurred: Images
    sharp: Images
    kernel: Tensor  # the true one, acting by convolution
    kernel_size: int  # what a blind method is told, pixels


def crops(root: Path) -> list[Crop]:
    """All crops out of the folder of the data set, as of ``data=levin``."""
    data = plain(compose("data=levin", f"data.root={root.resolve()}").data)
    source = instantiate(data["source"])
    found = []
    for name, (top, left) in CORNERS.items():
        index = source.names.index(name)
        cut = (..., slice(top, top + SIDE), slice(left, left + SIDE))
        pair = {role: as_tensor(one)[cut][None] for role, one in source.read(index).items()}
        told = data["kernel_sizes"][name.split("_")[1]]
        found.append(Crop(name, pair["blurred"], pair["sharp"], source.kernel(index), told))
    return found


def scores(crop: Crop, restored: Images) -> dict[str, float]:
    """PSNR in dB and SSIM of luminance or of gray pictures, where they fit best."""
    gray = restored.expand(-1, 3, -1, -1)
    return {name: float(score) for name, score in PROTOCOL.measure(gray, crop.sharp).items()}


def similarity(crop: Crop, kernel: Tensor) -> float:
    """Of an estimated kernel to the true one."""
    return float(kernel_similarity(kernel[None], crop.kernel[None]))
