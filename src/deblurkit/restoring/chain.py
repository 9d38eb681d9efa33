"""What a command adds around a restoration: objects, each of which calls the one that it wraps.

A command composes them in one line; no method is altered. What is added last sees a picture first.
"""

from collections.abc import Callable

from deblurkit.contracts import BlurredBatch, Restoration

Restore = Callable[[BlurredBatch], Restoration]


def chained(restore: Restore, *around: Callable[[Restore], Restore] | None) -> Restore:
    """A restoration inside what is added around it, from the inside out.

    Args:
        restore: Restores one picture of a batch.
        *around: Makes each of what is added from what it wraps; None adds nothing.
    """
    for wrap in around:
        restore = restore if wrap is None else wrap(restore)
    return restore
