"""Published data sets in small, as they lie on disks."""

from pathlib import Path

import numpy as np
import skimage.data

from deblurkit.imaging.formats.files import write_image


def pair(blurred: Path, sharp: Path, place: int) -> None:
    """Two windows of a photograph, one of them slightly blurred."""
    photograph = skimage.data.coffee()[place : place + 40, 20 * place : 20 * place + 48] / 255
    write_image(sharp, photograph)
    write_image(blurred, (photograph + np.roll(photograph, 1, axis=1)) / 2)


def reds(root: Path) -> None:
    for place in range(22):
        part = "train" if place < 20 else "val"
        blurred, sharp = (
            root / part / f"{part}_{role}" / f"{place % 20:03d}" / "00000000.png"
            for role in ("blur", "sharp")
        )
        pair(blurred, sharp, place)
