"""Pictures side by side, with their names written above them."""

from collections.abc import Mapping

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from deblurkit.errors import InputError

CAPTION = 24  # height of the line of names, pixels
GAP = 4  # white columns between two pictures, pixels


def side_by_side(pictures: Mapping[str, Tensor]) -> NDArray[np.uint8]:
    """Draw pictures of one height in a row, each under its name.

    >>> pictures = {"blurred": torch.rand(3, 32, 32), "restored": torch.rand(3, 32, 32)}
    >>> side_by_side(pictures).shape  # with a caption above and a gap between
    (56, 68, 3)

    Args:
        pictures: Name to (3, H, W) in [0, 1]; all of the same height.

    Returns:
        (H + caption, width of all, 3), RGB, 8 bit.
    """
    heights = {picture.shape[-2] for picture in pictures.values()}
    if len(heights) != 1:
        raise InputError(f"pictures side by side need one height, got {sorted(heights)}")
    columns = []
    for name, picture in pictures.items():
        pixels = (picture.detach().float().clamp(0, 1) * 255).round().byte().cpu()
        drawn = np.ascontiguousarray(pixels.permute(1, 2, 0).numpy())
        columns += [np.vstack([caption(name, drawn.shape[1]), drawn])]
        columns += [np.full((drawn.shape[0] + CAPTION, GAP, 3), 255, np.uint8)]
    return np.hstack(columns[:-1])


def caption(text: str, width: int) -> NDArray[np.uint8]:
    """One line of text on white, as large as the width allows."""
    line = np.full((CAPTION, width, 3), 255, np.uint8)
    font, size = cv2.FONT_HERSHEY_SIMPLEX, 0.5
    (needed, _), _ = cv2.getTextSize(text, font, size, 1)
    size *= min(1.0, max(width - 6, 1) / max(needed, 1))
    cv2.putText(line, text, (3, CAPTION - 8), font, size, (20, 20, 20), 1, cv2.LINE_AA)
    return line


def liveliest_crop(picture: Tensor, side: int) -> tuple[slice, slice]:
    """Rows and columns of the square with the strongest gradients: there blur shows best.

    >>> picture = torch.zeros(3, 16, 64)
    >>> picture[:, :, 48:] = torch.rand(3, 16, 16)
    >>> liveliest_crop(picture, 16)
    (slice(0, 16, None), slice(48, 64, None))

    Args:
        picture: (3, H, W).
        side: Side of the square in pixels; a smaller picture is taken whole.
    """
    height, width = picture.shape[-2:]
    if height <= side and width <= side:
        return slice(0, height), slice(0, width)
    luminance = picture.float().mean(dim=0)
    energy = torch.zeros_like(luminance)
    energy[:, 1:] += luminance.diff(dim=1).abs()
    energy[1:, :] += luminance.diff(dim=0).abs()
    rows, columns = min(side, height), min(side, width)
    sums = functional.avg_pool2d(energy[None, None], (rows, columns), stride=8)[0, 0]
    top, left = divmod(int(sums.argmax()), sums.shape[1])
    return slice(8 * top, 8 * top + rows), slice(8 * left, 8 * left + columns)
