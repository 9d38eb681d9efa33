"""Are the pools what they are said to be? Asked before any training, on a few pictures."""

import logging

import numpy as np

from deblurkit.data.likeness import spread
from deblurkit.data.sources.base import Pixels, Source
from deblurkit.errors import InputError

_log = logging.getLogger(__name__)


def check_apart(
    blurred: Source, sharp: Source, *, strict: bool, samples: int = 16, side: int = 256
) -> None:
    """Refuse two domains that hold the same pictures, as when one folder was given twice.

    The centres of some blurred pictures are compared with those of the sharp pictures of the same
    name and of the same place in the order. Pictures that are to be blurred here are not looked
    at: their blurred form is in no file.

    Args:
        blurred: Source of the pool ``blurred``.
        sharp: Source of the pool ``sharp``.
        strict: Whether equal domains are an error; else they are only logged.
        samples: How many pictures, spread evenly over the source.
        side: Of the square in the centre that is compared, in pixels.

    Raises:
        InputError: If ``strict`` and half of the pictures are in both domains, to the last bit.
        PictureError: If a file cannot be read.
    """
    if "blurred" not in blurred.roles:
        return
    named = {name: index for index, name in enumerate(sharp.names)}
    count = min(samples, len(blurred))
    chosen, positions = (
        [round(position) for position in np.linspace(0, len(source) - 1, count)]
        for source in (blurred, sharp)
    )
    equal = []
    for index, position in zip(chosen, positions, strict=True):
        picture = _centre(blurred, index, side, "blurred")
        others = {position, named.get(blurred.names[index], position)}
        if any(np.array_equal(picture, _centre(sharp, other, side, "sharp")) for other in others):
            equal.append(blurred.names[index])
    if not equal:
        return
    message = (
        f"{len(equal)} of {len(chosen)} pictures looked at are in the pool 'blurred' and in the "
        f"pool 'sharp', {equal[0]} for one: check the folders' names"
    )
    _say(message, strict=strict and 2 * len(equal) >= len(chosen))


def check_sizes(source: Source, crop: int, *, strict: bool, samples: int = 64) -> None:
    """Refuse crops that most pictures are smaller than; mirroring would make up the rest of them.

    Args:
        source: Of a pool.
        crop: Side of the training crops, in pixels.
        strict: Whether that is an error; else it is only logged, as it is if few are too small.
        samples: How many pictures, spread evenly over the source.

    Raises:
        InputError: If ``strict`` and more than half of the pictures are smaller.
        PictureError: If a file cannot be read.
    """
    chosen = spread(len(source), samples)
    sizes = {source.names[index]: source.size(index) for index in chosen}
    small = [name for name, size in sizes.items() if min(size) < crop]
    if not small:
        return
    height, width = sizes[small[0]]
    message = (
        f"{len(small)} of {len(sizes)} pictures looked at are smaller than the crops of "
        f"{crop}x{crop} pixels, {small[0]} with {width}x{height} for one, and would be continued "
        f"as in a mirror: set data.crop to {min(min(size) for size in sizes.values())} or less"
    )
    _say(message, strict=strict and 2 * len(small) > len(sizes))


def _centre(source: Source, index: int, side: int, role: str) -> Pixels:
    height, width = source.size(index)
    top, left = max(height - side, 0) // 2, max(width - side, 0) // 2
    return source.crop(index, top=top, left=left, side=side)[role]


def _say(message: str, *, strict: bool) -> None:
    if strict:
        raise InputError(message)
    _log.warning(message)
