"""The similarity that DeblurGAN's tables call SSIM: wavelets along the rows of gray pictures."""

from itertools import pairwise
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from deblurkit.contracts import Images
from deblurkit.metrics.parts.levels import Rounded, interleaved
from deblurkit.metrics.parts.protocol import Protocol, Score

SAMPLES = 2**12  # of the integrated wavelet
END = 8.0  # of its support
BLOCK = 2**15  # pixels that are transformed at once
PILLOW = (19595, 38470, 7471)  # of 2 ** 16: luminance in whole numbers


class CWSSIMPySSIM(Protocol):
    """Wavelet SSIM of the package ``pyssim``: DeblurGAN's 0.958 is of this kind.

    The picture is read as one line, row after row, of rounded gray levels. At scales 1 to
    ``scales`` it is transformed by the Mexican hat, a real wavelet despite the name CW-SSIM; no
    window, no luminance: an offset of all levels changes next to nothing.

    >>> picture = torch.rand(1, 3, 16, 16)
    >>> scores = CWSSIMPySSIM(scales=3, constant=0.01)(picture, picture)
    >>> round(scores["cw_ssim"].item(), 4)
    1.0

    Args:
        scales: Number of scales.
        constant: Keeps the ratios finite.

    Source: Sampat et al., "Complex wavelet structural similarity", IEEE TIP 2009, after which
    it is named; the package pyssim 0.7.1 with PyWavelets 1.9.
    """

    higher_is_better = True
    scores = ("cw_ssim",)

    def __init__(self, *, scales: int, constant: float, **options: Any) -> None:
        super().__init__(**options)
        self.constant = constant
        self.hats = [hat(scale) for scale in range(1, scales + 1)]

    def measure(self, restored: Images, sharp: Images) -> Score:
        """Scores of one picture."""
        lines = torch.stack([gray_line(picture) for picture in (restored, sharp)])
        reach = max(len(taps) for taps in self.hats) // 2 + 1
        framed = torch.nn.functional.pad(lines, (reach, reach))
        count = lines.shape[1]
        borders = [*range(0, count, BLOCK), count]
        total = sum(
            self.similarity(framed[:, begin : end + 2 * reach], reach=reach).sum()
            for begin, end in pairwise(borders)
        )
        return {"cw_ssim": torch.as_tensor(total) / count}

    def similarity(
        self, framed: Float[Tensor, "2 framed"], *, reach: int
    ) -> Float[Tensor, " pixels"]:
        """Similarity of each pixel of a part of both lines, given with what lies around it."""
        count = framed.shape[1] - 2 * reach
        length = framed.shape[1] + 2 * reach
        spectrum = torch.fft.rfft(framed, length)
        magnitudes, products, squares = (torch.zeros(count).double() for _ in range(3))
        for taps in self.hats:
            filtered = torch.fft.irfft(spectrum * torch.fft.rfft(taps, length), length)
            # of the full convolution the middle is kept; of two middles the earlier
            begin = reach + (len(taps) - 1) // 2
            left, right = filtered[:, begin : begin + count]
            product = left * right
            products += product
            magnitudes += product.abs()
            squares += left.square() + right.square()
        both = (2 * magnitudes + self.constant) / (squares + self.constant)
        signs = (2 * products.abs() + self.constant) / (2 * magnitudes + self.constant)
        return both * signs


def hat(scale: int) -> Float[Tensor, " taps"]:
    """Filter of one scale: differences of the integrated Mexican hat at whole pixels."""
    positions: NDArray[np.float64] = np.linspace(-END, END, SAMPLES)
    values = 2 / (np.sqrt(3) * np.pi**0.25) * np.exp(-(positions**2) / 2) * (1 - positions**2)
    step = positions[1] - positions[0]
    integral = values.cumsum() * step
    chosen = (np.arange(scale * 2 * END + 1) / (scale * step)).astype(int)
    sampled = integral[chosen[chosen < SAMPLES]][::-1]
    return torch.from_numpy(-np.sqrt(scale) * np.diff(sampled, prepend=0, append=0))


def gray_line(picture: Images) -> Float[Tensor, " levels"]:
    """Gray levels as Pillow rounds them, row after row, in double precision."""
    levels = interleaved(Rounded()(picture)).astype(np.int64)
    gray = (levels @ np.array(PILLOW) + 2**15) >> 16
    return torch.from_numpy(gray.astype(np.float64).ravel())
