"""Pictures small enough to travel inside a page."""

import base64
import io
from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import cv2
import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image as PillowImage
from torch import Tensor

from deblurkit.imaging.blur.kernel_files import kernel_levels
from deblurkit.imaging.drawing.compare import liveliest_crop

Pixels = UInt8[np.ndarray, "_ _ 3"]  # (height, width, 3), RGB

LONGEST = 1000  # side of a whole picture, pixels
DETAIL = 256  # side of the detail of it, pixels
DETAILS_SHARE = 0.2  # of a budget
QUALITIES = (95, 85, 70, 55, 40)  # of WebP


class View(NamedTuple):
    """A picture as a browser takes it.

    Attributes:
        content: A WebP file.
        width: Pixels, and
        height: pixels of it.
    """

    content: bytes
    width: int
    height: int

    @property
    def uri(self) -> str:
        """The whole file as an address."""
        return "data:image/webp;base64," + base64.b64encode(self.content).decode()


class Exhibit(NamedTuple):
    """What a page shows of one picture, by version: ``blurred``, ``restored``, ``sharp``.

    Attributes:
        whole: The whole picture.
        detail: A part of it in its own pixels; empty where the whole is no larger.
        kernels: By what they are.
    """

    whole: Mapping[str, View]
    detail: Mapping[str, View]
    kernels: Mapping[str, View]


def exhibit(pictures: Mapping[str, Pixels], kernels: Mapping[str, View], *, budget: int) -> Exhibit:
    """Views of all versions of a picture; the detail lies where the picture is liveliest.

    Args:
        pictures: RGB pixels by version, all of one size; the last one says where the detail is.
        kernels: Views of kernels, by what they are.
        budget: Bytes for all versions together.
    """
    last = list(pictures.values())[-1]
    numbers = torch.from_numpy(last if last.flags.writeable else last.copy())
    window = liveliest_crop(numbers.movedim(-1, 0), DETAIL)
    parts = {version: pixels[window] for version, pixels in pictures.items()}
    enough = all(parts[version].shape == pixels.shape for version, pixels in pictures.items())
    share = 0 if enough else round(DETAILS_SHARE * budget)
    return Exhibit(
        whole=views(pictures, longest=LONGEST, budget=budget - share),
        detail={} if enough else views(parts, longest=DETAIL, budget=share),
        kernels=kernels,
    )


def views(pictures: Mapping[str, Pixels], *, longest: int, budget: int) -> dict[str, View]:
    """Views of several versions, all of one size and quality, so that none looks worse for it.

    Args:
        pictures: RGB pixels by version.
        longest: Longest side of a view, pixels.
        budget: Bytes for all of them together.
    """
    while True:
        small = {version: shrunk(pixels, longest) for version, pixels in pictures.items()}
        for quality in QUALITIES:
            encode = partial(webp, quality=quality)
            encoded = {version: view(pixels, encode) for version, pixels in small.items()}
            bytes_used = sum(len(shot.content) for shot in encoded.values())
            if bytes_used <= budget or longest == 1:
                return encoded
        longest = max(longest // 2, 1)


def kernel_view(kernel: Float[Tensor, "1 size size"]) -> View:
    """A kernel, pixel by pixel, its largest weight white."""
    gray = kernel_levels(kernel)
    return view(np.dstack([gray] * 3), partial(webp, lossless=True))


def shrunk(pixels: Pixels, longest: int) -> Pixels:
    """The picture with sides of at most so many pixels, each the mean of those it covers."""
    height, width = pixels.shape[:2]
    scale = longest / max(height, width)
    if scale >= 1:
        return pixels
    size = (max(round(scale * width), 1), max(round(scale * height), 1))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def view(pixels: Pixels, encode: Callable[[Pixels], bytes]) -> View:
    """A view of pixels as they are."""
    height, width = pixels.shape[:2]
    return View(encode(pixels), width, height)


def webp(pixels: Pixels, **options: object) -> bytes:
    """The content of a WebP file."""
    stream = io.BytesIO()
    PillowImage.fromarray(pixels).save(stream, "WEBP", **options)
    return stream.getvalue()
