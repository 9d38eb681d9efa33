"""The one chain of the command and of Python: everything that is added around a restoration."""

from collections.abc import Callable
from functools import partial

from deblurkit.exporting.method import Exported
from deblurkit.methods.frame.base import RestorationMethod
from deblurkit.restoring.chain import Restore, chained
from deblurkit.restoring.guard import Guard
from deblurkit.restoring.kernel_size import told_kernel_size
from deblurkit.restoring.refusals import Refusals
from deblurkit.restoring.speed.paths import ComputePath, computed
from deblurkit.restoring.tiled import Tiled
from deblurkit.weights import shipped


def complete_restoration(
    method: RestorationMethod,
    *,
    path: ComputePath,
    weights: object,
    guard: bool,
    tile: int | str | None,
    overlap: int,
    kernel_size: int | str | None,
    known: Callable[[Restore], Restore] | None = None,
) -> Restore:
    """A method's restoration with extent of the blur, tiles, guard and refusals around it.

    Args:
        method: What restores in the end.
        path: How that is computed; the guard looks at the pictures of this path.
        weights: What was asked for by ``weights=``; only the names of the install are guarded, and
            what was exported from them.
        guard: Whether the user wants them to be.
        tile: As in ``deblurkit.restoring.tiled.Tiled``.
        overlap: Likewise, pixels.
        kernel_size: As in ``deblurkit.restoring.kernel_size.told_kernel_size``.
        known: What tells the method kernels that are known, as ``told_kernel`` makes it.

    Raises:
        InputError: If there are no such tiles, or the method does not use an extent.
    """
    return chained(
        computed(method, path),
        told_kernel_size(method, kernel_size),
        known,
        partial(Tiled, method=method, tile=tile, overlap=overlap),
        Guard if guard and is_guarded(method, weights) else None,
        Refusals,
    )


def is_guarded(method: RestorationMethod, weights: object) -> bool:
    """Whether these are weights of the install, or were exported from them."""
    return weights in shipped() or (isinstance(method, Exported) and method.guarded)
