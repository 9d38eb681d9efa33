"""Kernels that people have, told to a method: out of files, or out of a point of light."""

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import torch

from deblurkit.contracts import BlurredBatch, Images, Kernels, Restoration
from deblurkit.errors import InputError
from deblurkit.imaging.blur.kernel_files import read_kernel
from deblurkit.imaging.blur.kernels import (
    centred,
    centroid,
    check_side,
    normalized,
    spot,
)
from deblurkit.imaging.colour import luminance
from deblurkit.imaging.formats.files import in_unit_range
from deblurkit.methods.frame.base import RestorationMethod
from deblurkit.methods.wiener import Wiener
from deblurkit.paths import expanded
from deblurkit.restoring.chain import Restore

log = logging.getLogger(__name__)

EXPONENT = 0.8  # of the gradients of natural pictures
CERTAIN = 1.005  # ratio of two costs above which the less is believed
LOOKED_AT = 384  # pixels; side of the middle that decides which way a kernel acts


class KnownKernel:
    """Restores every picture with a kernel that was told.

    Args:
        restore: What restores.
        kernel_of: The kernel of a batch of one picture.
    """

    def __init__(self, restore: Restore, *, kernel_of: Callable[[BlurredBatch], Kernels]) -> None:
        self.restore, self.kernel_of = restore, kernel_of

    def __call__(self, batch: BlurredBatch) -> Restoration:
        """Restore a batch of one picture."""
        return self.restore({**batch, "kernel": self.kernel_of(batch)})


def told_kernel(
    method: RestorationMethod,
    files: Sequence[str],
    *,
    pictures: Sequence[str],
    point: Sequence[int] | None,
    size: int | str | None,
) -> Callable[[Restore], KnownKernel] | None:
    """What tells a method the kernels of pictures; None where nobody has given any.

    Args:
        method: One that takes ``kernel``.
        files: Of kernels: one for all pictures, or one for each, in their order.
        pictures: Names of the pictures.
        point: Column and row, in pixels, of a point of light in each picture, instead of files.
        size: Side of the square around it, odd, in pixels.

    Raises:
        InputError: If the method does not use a kernel, both or too few or too many are given, or
            a file holds no kernel.
    """
    if not files and point is None:
        return None
    if "kernel" not in method.takes:
        raise InputError(
            f"{type(method).__name__} does not use a kernel; leave kernel= and kernel_at= out, or "
            "take a method that does, such as model=hyper_laplacian"
        )
    if files and point is not None:
        raise InputError("kernel= and kernel_at= both give a kernel; leave one of them out")
    if point is not None:
        return partial(KnownKernel, kernel_of=cut_out(point, size))
    if len(files) not in (1, len(pictures)):
        raise InputError(
            f"give one kernel, or one for each picture: {len(files)} kernels came with "
            f"{len(pictures)} pictures"
        )
    read = {file: middled(read_kernel(file), file) for file in dict.fromkeys(files)}
    each = files if len(files) == len(pictures) else [files[0]] * len(pictures)
    by_name = {name: (file, read[file]) for name, file in zip(pictures, each, strict=True)}
    return partial(KnownKernel, kernel_of=partial(of_file, by_name))


def middled(kernel: Kernels, name: str) -> Kernels:
    """A kernel whose centre of mass lies in its middle, with a word where it did not."""
    row, column = centroid(kernel)[0].tolist()
    if max(abs(row), abs(column)) <= 0.5:
        return kernel
    log.warning(
        "%s: its centre of mass lies %+.1f rows and %+.1f columns off its middle; it was moved "
        "there, so that the picture stays where it is",
        *(name, row, column),
    )
    return centred(kernel)


def of_file(by_name: Mapping[str, tuple[str, Kernels]], batch: BlurredBatch) -> Kernels:
    """The kernel of a picture, turned by 180 degrees where it acts only so."""
    name = batch["name"][0]
    file, kernel = by_name[name]
    if not acts_turned(in_unit_range(batch["blurred"]), kernel):
        return kernel
    log.warning("%s: explains %s only when turned by 180 degrees; taken so", file, name)
    return kernel.flip(-1, -2)


def acts_turned(blurred: Images, kernel: Kernels) -> bool:
    """Whether a kernel's mirror image restores a picture of fewer, steeper gradients.

    A wrong way round rings. Where the two are hardly different, the kernel is taken as it is.
    """
    height, width = blurred.shape[-2:]
    size = kernel.shape[-1]
    if min(height, width) < 3 * size:
        return False
    top, left = max(height - LOOKED_AT, 0) // 2, max(width - LOOKED_AT, 0) // 2
    middle = blurred[:1, :, top : top + LOOKED_AT, left : left + LOOKED_AT].float()
    gray = luminance(middle) if middle.shape[1] == 3 else middle[:, :1]
    gray, kernel = gray.cpu(), kernel.cpu()
    method = Wiener(gradients=0.09, inexactness=2e-3, balance=0.0, steps=8)
    costs = []
    with torch.inference_mode():
        for candidate in (kernel, kernel.flip(-1, -2)):
            sharp = method.restore(gray, kernel=candidate)[..., size:-size, size:-size]
            gradients = [sharp.diff(dim=axis).abs().pow(EXPONENT).mean() for axis in (-2, -1)]
            costs.append(float(sum(gradients)))
    return costs[0] > CERTAIN * costs[1]


def cut_out(point: Sequence[int], size: int | str | None) -> Callable[[BlurredBatch], Kernels]:
    """What finds the kernel of a picture around a point of light in it.

    Args:
        point: Column and row, in pixels.
        size: Side of the square around it, odd, in pixels.

    Raises:
        InputError: If these are no whole numbers, or the side is missing or even.
    """
    if len(point) != 2 or any(type(place) is not int for place in point):
        raise InputError(
            f"kernel_at is column and row of a point of light, in pixels, got {list(point)}"
        )
    if type(size) is not int:
        raise InputError(
            "kernel_at= needs the extent of the blur around the point, odd, in pixels: "
            "kernel_size=21"
        )
    check_side(size)
    column, row = point

    def kernel_of(batch: BlurredBatch) -> Kernels:
        gray = luminance(in_unit_range(batch["blurred"]).float())
        height, width = gray.shape[-2:]
        reach = size // 2
        if not (reach <= row < height - reach and reach <= column < width - reach):
            raise InputError(
                f"kernel_at=[{column},{row}] with kernel_size={size} reaches beyond a picture of "
                f"{width}x{height} pixels; take another point or a smaller size"
            )
        square = gray[..., row - reach : row + reach + 1, column - reach : column + reach + 1]
        return centred(normalized(spot(square)))

    return kernel_of


def kernel_files(given: object) -> list[str]:
    """Names of kernel files out of a config's value: none, one or a list."""
    if given is None:
        return []
    names = [given] if isinstance(given, str | Path) else list(given)  # type: ignore[call-overload]
    return [str(expanded(name)) for name in names]
