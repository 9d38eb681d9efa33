"""Small folders of frames, of photographs and of pairs, each written once."""

from pathlib import Path

import numpy as np
import skimage.data
from numpy.typing import NDArray

from deblurkit.imaging.formats.files import write_image

FRAME = 48  # pixels


def frames(count: int, *, step: int = 1, row: int = 100) -> list[NDArray[np.uint8]]:
    """A window that glides over a photograph, ``step`` pixels between two frames."""
    strip = skimage.data.coffee()[row : row + FRAME]
    return [strip[:, step * number : step * number + FRAME] for number in range(count)]


def photographs(count: int) -> list[NDArray[np.uint8]]:
    """Windows of several photographs that have nothing in common."""
    wholes = [skimage.data.astronaut(), skimage.data.coffee(), skimage.data.rocket()]
    wholes += [skimage.data.chelsea(), skimage.data.immunohistochemistry()]
    generator = np.random.default_rng(0)
    windows = []
    for number in range(count):
        whole = wholes[number % len(wholes)]
        row, column = (int(generator.integers(0, side - FRAME)) for side in whole.shape[:2])
        windows.append(whole[row : row + FRAME, column : column + FRAME])
    return windows


def write(folder: Path, pictures: list[NDArray[np.uint8]], name: str = "{:04d}") -> list[str]:
    """Write pictures under numbered names; these names."""
    names = [name.format(number) for number in range(len(pictures))]
    for picture, stem in zip(pictures, names, strict=True):
        write_image(folder / f"{stem}.png", np.ascontiguousarray(picture))
    return names


def write_pairs(root: Path, pictures: list[NDArray[np.uint8]], name: str = "{:04d}") -> list[str]:
    """Write them as ``sharp``, and slightly blurred as ``blurred``."""
    blurred = [
        ((picture.astype(np.uint16) + np.roll(picture, 1, axis=1)) // 2).astype(np.uint8)
        for picture in pictures
    ]
    write(root / "blurred", blurred, name)
    return write(root / "sharp", pictures, name)
