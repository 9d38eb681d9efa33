"""Unsharp masking: what a picture editor offers, and what a trained method has to beat."""

import math

import torch

from deblurkit.contracts import BlurredBatch, Images, Restoration
from deblurkit.errors import InputError
from deblurkit.methods.frame.classical import ClassicalMethod

REACH = 3  # standard deviations at which the Gaussian is cut


class UnsharpMask(ClassicalMethod):
    r"""Adds to a picture what a Gaussian takes away from it.

    .. math:: \hat{x} = y + a \, (y - g_\sigma * y)

    >>> flat = torch.full((1, 3, 16, 16), 0.5)
    >>> torch.allclose(UnsharpMask(amount=0.5, sigma=1.0).restore(flat), flat)
    True

    Args:
        amount: Factor a of what is added; 0 leaves the picture as it is.
        sigma: Standard deviation of the Gaussian, in pixels.

    Raises:
        InputError: If the amount is negative or the deviation is not positive.

    Source: Gonzalez and Woods, "Digital Image Processing", 4th ed. 2018, sec. 3.6, eq. 3-64.
    """

    def __init__(self, *, amount: float, sigma: float) -> None:
        super().__init__()
        if amount < 0 or sigma <= 0:
            raise InputError(
                f"an unsharp mask needs an amount from 0 on and a positive sigma, "
                f"got {amount} and {sigma}"
            )
        self.amount, self.sigma = amount, sigma
        self.reach = math.ceil(REACH * sigma)  # pixels

    def restoration(self, batch: BlurredBatch) -> Restoration:
        """Sharpen a batch of any size."""
        blurred = batch["blurred"]
        return {"restored": blurred + self.amount * details(blurred, sigma=self.sigma)}


def details(pictures: Images, *, sigma: float) -> Images:
    """What a Gaussian takes away from pictures; beyond their borders they go on mirrored.

    >>> details(torch.full((1, 3, 16, 16), 0.5), sigma=1.0).abs().max() < 1e-6
    tensor(True)

    Args:
        pictures: Of any range and size, in single or double precision.
        sigma: Standard deviation of the Gaussian, in pixels.

    Returns:
        Differences to the smooth pictures, in intensity units, of any sign.
    """
    from kornia.filters import gaussian_blur2d  # half a second that only this method costs

    reach = math.ceil(REACH * sigma)
    height, width = (2 * min(reach, side - 1) + 1 for side in pictures.shape[-2:])
    with torch.autocast(pictures.device.type, enabled=False):
        smooth = gaussian_blur2d(pictures, (height, width), (sigma, sigma), border_type="reflect")
    return pictures - smooth
