"""The kinds of pictures that Python programs hold, and the way back to the same kind."""

import logging
import os
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image as PillowImage
from torch import Tensor

from deblurkit.errors import InputError, described
from deblurkit.imaging.colour import luminance
from deblurkit.imaging.formats.files import Levels, in_unit_range, read_picture
from deblurkit.imaging.formats.picture import Picture, channels_of
from deblurkit.imaging.pillow import ASIDE, as_pillow, pillow_picture
from deblurkit.methods.frame.doors import require_unit_range
from deblurkit.paths import expanded
from deblurkit.restoring.pictures import as_blurred, like

log = logging.getLogger(__name__)

UNNAMED = "picture"


class Question(NamedTuple):
    """A picture of any kind, ready to be restored.

    Args:
        name: For messages.
        blurred: (3, H, W) in [0, 1], or the whole numbers of a large picture.
        answer: Makes a picture of the same kind out of a restored one, (3, H, W).
        same: Makes one that was left as it is; never the object that was given.
    """

    name: str
    blurred: Levels
    answer: Callable[[Levels], Any]
    same: Callable[[], Any]


def question(picture: Any, *, pixel_limit: int, name: str = UNNAMED) -> Question:
    """Get a path, a PIL picture, a NumPy array or a tensor ready.

    Args:
        picture: Of one of these kinds; nothing in it is changed.
        pixel_limit: Largest height times width of a file that is read.
        name: Of a picture that has none.

    Raises:
        InputError: If it is of another kind, shape or range, or a file cannot be read.
    """
    if isinstance(picture, str | os.PathLike):
        return _of_file(picture, pixel_limit)
    if isinstance(picture, PillowImage.Image):
        return _of_pillow(picture, name)
    if isinstance(picture, np.ndarray):
        return _of_array(picture, name)
    if isinstance(picture, Tensor):
        return _of_tensor(picture, name)
    raise InputError(
        "deblur takes the path of a file, a PIL picture, a NumPy array or a tensor, "
        f"got {described(picture)}"
    )


def _of_file(file: str | os.PathLike[str], pixel_limit: int) -> Question:
    name = os.fsdecode(file)
    if "\0" in name:
        raise InputError(f"{name!r:.200} is no path of a file")
    picture = read_picture(expanded(name), pixel_limit=pixel_limit)
    if picture.left_out:
        log.warning("%s: the result is without %s", name, "; ".join(picture.left_out))
    return Question(
        name,
        as_blurred(picture),
        lambda restored: as_pillow(like(picture, restored), name),
        lambda: as_pillow(picture, name),
    )


def _of_pillow(image: PillowImage.Image, name: str) -> Question:
    picture = pillow_picture(image)
    aside: dict[str | tuple[int, int], Any] = {
        key: image.info[key] for key in ASIDE if key in image.info
    }

    def shown(picture: Picture) -> PillowImage.Image:
        answer = as_pillow(picture, name)
        answer.info |= aside
        return answer

    return Question(
        name,
        as_blurred(picture),
        lambda restored: shown(like(picture, restored)),
        lambda: shown(picture),
    )


def _of_array(array: NDArray[Any], name: str) -> Question:
    shaped = array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4))
    if not shaped or not array.size:
        way = ""
        if array.ndim == 3 and array.shape[0] in (1, 3, 4):
            way = "; numpy.moveaxis(picture, 0, -1) moves the channels to the end"
        raise InputError(
            f"an array is (H, W), (H, W, 3) or (H, W, 4), got {tuple(array.shape)}{way}"
        )
    if array.dtype.kind == "f":
        return _of_fractions(array, name)
    if array.dtype.kind != "u" or array.dtype.itemsize > 2:
        raise InputError(
            f"an array is uint8, uint16 or floating-point in [0, 1], got {array.dtype}; "
            "nothing says what is white in others"
        )
    picture = _pixels_of(array)

    def answer(restored: Levels) -> NDArray[Any]:
        return channels_of(like(picture, restored)).reshape(array.shape).astype(array.dtype)

    return Question(name, as_blurred(picture), answer, array.copy)


def _of_fractions(array: NDArray[Any], name: str) -> Question:
    channels = torch.from_numpy(np.moveaxis(np.atleast_3d(array), -1, 0).astype(np.float32))
    require_unit_range(channels)

    def answer(restored: Levels) -> NDArray[Any]:
        shown = in_unit_range_as(restored.cpu(), channels).movedim(0, -1).numpy()
        opacity = np.atleast_3d(array)[..., 3:]
        return np.dstack([shown.astype(array.dtype), opacity]).reshape(array.shape)

    return Question(name, coloured(channels), answer, array.copy)


def _pixels_of(array: NDArray[Any]) -> Picture:
    values = np.array(array, dtype=array.dtype.newbyteorder("="), order="C")  # a copy of our own
    if values.ndim == 2:
        return Picture(np.dstack([values] * 3), gray=True)
    alpha = np.ascontiguousarray(values[..., 3]) if values.shape[2] == 4 else None
    return Picture(np.ascontiguousarray(values[..., :3]), alpha=alpha)


def _of_tensor(tensor: Tensor, name: str) -> Question:
    shaped = tensor.ndim == 3 and tensor.shape[0] in (1, 3, 4) and tensor.numel() > 0
    if not shaped or not tensor.is_floating_point():
        way = "; divide 8-bit values by 255" if tensor.dtype == torch.uint8 else ""
        if tensor.ndim == 3 and tensor.shape[0] not in (1, 3, 4) and tensor.shape[2] in (1, 3, 4):
            way += "; picture.permute(2, 0, 1) moves the channels to the front"
        raise InputError(
            "a tensor is floating-point in [0, 1], (C, H, W) or (B, C, H, W) with 1, 3 or 4 "
            f"channels, got {tuple(tensor.shape)} of {tensor.dtype}{way}"
        )
    channels = tensor.detach().float()
    require_unit_range(channels)

    def answer(restored: Levels) -> Tensor:
        shown = in_unit_range_as(restored, channels).to(tensor)
        return torch.cat([shown, tensor.detach()[3:]])

    return Question(name, coloured(channels), answer, lambda: tensor.detach().clone())


def coloured(channels: Tensor) -> Tensor:
    """Three channels out of gray, RGB or RGBA, (C, H, W)."""
    return channels[:3].expand(3, -1, -1) if len(channels) != 1 else channels.expand(3, -1, -1)


def in_unit_range_as(restored: Levels, channels: Tensor) -> Tensor:
    """A restored picture (3, H, W) in [0, 1]; its luminance, (1, H, W), where it came gray."""
    shown = in_unit_range(restored).float().clamp(0, 1)
    return luminance(shown[None])[0].clamp(0, 1) if len(channels) == 1 else shown
