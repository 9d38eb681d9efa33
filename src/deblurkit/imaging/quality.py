"""Whether a restored picture is plainly worse than the blurred one, judged without a sharp one."""

import cv2
import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from deblurkit.imaging.formats.files import Levels, in_unit_range

Squares = Float[Tensor, "squares channels side side"]
Patches = Float[Tensor, "patches side side"]  # luminance
Spectrum = Float[Tensor, "rows columns"]

SIDE, ALONG = 256, 4  # what is looked at of a large picture: 4 x 4 squares over it, pixels
COLOUR = 4 / 255  # mean of a channel may move so far
BLUR = 0.01  # of the blur metric in [0, 1], the accuracy of its own filter
PEAK = 30.0  # over its neighbours; the highest of a noise's peaks is 15 times their median
GROWN = 8.0  # relative to the blurred picture: fences and fabrics are periodic themselves
VISIBLE = 0.5 / 255  # amplitude of a pattern
EPSILON = float(np.spacing(1.0))  # a slope of a flat picture
RING = 7  # bins in which a peak's neighbours lie


def complaint(blurred: Levels, restored: Levels) -> str | None:
    """What got worse, as a clause, or None.

    Asked are the colours, the blur (Crété et al., "The blur effect", 2007) and patterns that were
    not there, such as the checkerboards of strided networks. Noise and ringing are not asked.

    >>> complaint(torch.full((3, 32, 32), 0.5), torch.full((3, 32, 32), 0.7))
    'its colours shift by 51 grey levels'

    Args:
        blurred: The picture as it was, (3, H, W) in [0, 1], or the whole numbers of its file.
        restored: What a method made of it, of the same size.
    """
    before, after = (squares(picture) for picture in (blurred, restored))
    shift = float((after - before).mean((0, 2, 3)).abs().max())
    if shift > COLOUR:
        return f"its colours shift by {255 * shift:.0f} grey levels"
    looked_at = [parts.mean(1) for parts in (before, after)]
    blur = [blurriness(squares) for squares in looked_at]
    if blur[1] > blur[0] + BLUR:
        return f"it gets more blurred ({blur[0]:.2f} to {blur[1]:.2f} on a scale from 0 to 1)"
    period = new_period(*looked_at)
    return None if period is None else f"it gets a pattern that repeats each {period:.1f} pixels"


def squares(picture: Levels) -> Squares:
    """Parts spread evenly over a picture; of a small one, one that fits.

    >>> squares(torch.rand(3, 20, 12)).shape
    torch.Size([4, 3, 12, 12])
    """
    height, width = picture.shape[-2:]
    side = min(SIDE, height, width)
    rows, columns = (
        torch.linspace(0, extent - side, ALONG).long().unique().tolist()
        for extent in (height, width)
    )
    parts = [picture[:, r : r + side, c : c + side] for r in rows for c in columns]
    return in_unit_range(torch.stack(parts).cpu()).float()


def blurriness(patches: Patches) -> float:
    """Mean blur metric, 0 sharp, 1 blurred, of parts of 16 pixels and more that are not flat.

    >>> noise = torch.rand(1, 32, 32)
    >>> smooth = functional.avg_pool2d(noise, 5, stride=1)
    >>> blurriness(noise) < blurriness(smooth)
    True
    """
    if patches.shape[-1] < 16:  # the metric's own filter has 11 pixels
        return 1.0
    values = torch.tensor([blur_effect(square.double().numpy()) for square in patches])
    known = values[values.isfinite()]
    return float(known.mean()) if len(known) else 1.0


def blur_effect(square: NDArray[np.float64]) -> float:
    """How little a picture (rows, columns) loses when it is blurred again; none of a flat one.

    Source: Crété et al., "The blur effect", SPIE 6492, 2007, as scikit-image computes it, whose
    import takes a third of a second.
    """
    inside = (slice(2, square.shape[0] - 1), slice(2, square.shape[1] - 1))
    smooth, slope = np.array([0.25, 0.5, 0.25]), np.array([1.0, 0.0, -1.0])
    blurs = []
    for size, along, across in (((1, 11), smooth, slope), ((11, 1), slope, smooth)):
        again = cv2.blur(square, size, borderType=cv2.BORDER_REFLECT)
        steepness, left = (
            np.abs(cv2.sepFilter2D(picture, -1, along, across, borderType=cv2.BORDER_REFLECT))
            for picture in (square, again)
        )
        total = np.maximum(steepness, EPSILON)[inside].sum()
        lost = np.maximum(np.maximum(steepness, EPSILON) - np.maximum(left, EPSILON), 0)
        blurs.append(abs(total - lost[inside].sum()) / total)
    return float(max(blurs))


def new_period(before: Patches, after: Patches) -> float | None:
    """Period in pixels of a pattern that came with the restoration."""
    side = before.shape[-1]
    if side < 4 * RING:
        return None
    old, new = power(before), power(after)
    peaks = new / neighbours(new)
    grown = peaks / (old / neighbours(old)).clamp(min=1.0)
    amplitude = 2 * new.sqrt() / (side * side / 4)  # a Hann window halves the sum along each axis
    risen = (peaks > PEAK) & (grown > GROWN) & (amplitude > VISIBLE)
    down, across = torch.meshgrid(torch.fft.fftfreq(side), torch.fft.rfftfreq(side), indexing="ij")
    frequency = torch.hypot(down, across)
    risen &= frequency > 2 * RING / side  # slower ones are the picture
    if not risen.any():
        return None
    strongest = (peaks * risen).argmax()
    return float(1 / frequency.flatten()[strongest])


def power(squares: Patches) -> Spectrum:
    """Mean power of windowed squares at each frequency, half of the plane."""
    side = squares.shape[-1]
    window = torch.hann_window(side)
    flat = squares - squares.mean((-2, -1), keepdim=True)
    return torch.fft.rfft2(flat * window[:, None] * window).abs().square().mean(0)


def neighbours(spectrum: Spectrum) -> Spectrum:
    """Median of the frequencies around each one; the plane of frequencies has no border."""
    reach = RING // 2
    around = functional.pad(spectrum[None, None], (0, 0, reach, reach), mode="circular")
    around = functional.pad(around, (reach, reach, 0, 0), mode="reflect")
    squares = around[0, 0].unfold(0, RING, 1).unfold(1, RING, 1)
    return squares.flatten(-2).median(-1).values.clamp(min=1e-12)
