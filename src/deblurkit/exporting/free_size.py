"""A method's restoration as one graph: pictures of any size in, pictures of that size out."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from deblurkit.contracts import Images
from deblurkit.methods.frame.network import NetworkMethod

Longer = Float[Tensor, "batch channels longer_height longer_width"]
Shorter = Float[Tensor, "batch channels shorter_height shorter_width"]


class FreeSize(nn.Module):
    """Pads, restores and crops as the method does, in steps that are the same for every size.

    ``pad_to_multiple`` asks the size what to do, and an exported graph keeps one of its answers.
    Here rows and columns are read by their numbers, so that one graph serves all sizes.

    >>> from deblurkit.checkpoint import load
    >>> method, blurred = load("tiny"), torch.rand(1, 3, 9, 11)
    >>> free = FreeSize(method)
    >>> with torch.no_grad():
    ...     restored = method.restoration({"blurred": blurred, "name": [""]})["restored"]
    ...     free(blurred).equal(restored)
    True

    Args:
        method: What restores; only its network becomes a part of the graph.
    """

    def __init__(self, method: NetworkMethod) -> None:
        super().__init__()
        self.network = method.network
        self._method = [method]  # in a list: critics and helpers are no part of the graph

    def forward(self, blurred: Images) -> Images:
        """Restore a batch in [0, 1] of any size; same shape out, not clamped."""
        (method,) = self._method
        height, width = blurred.shape[-2:]
        padded = extended(extended(blurred, method.multiple, axis=-2), method.multiple, axis=-1)
        restored = method(padded)
        # Slices would share the memory of what they are cut from, and tie the graph to sizes for
        # which that has one layout.
        return first(first(restored, height, axis=-2), width, axis=-1)


def extended(pictures: Images, multiple: int, *, axis: int) -> Longer:
    """Extend an axis behind its end, by reflection, or by its last line where it is too short.

    >>> line = torch.tensor([1.0, 2.0, 3.0])[None, None, None]
    >>> extended(line, 4, axis=-1).tolist(), extended(line, 8, axis=-1).tolist()
    ([[[[1.0, 2.0, 3.0, 2.0]]]], [[[[1.0, 2.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0]]]])

    Args:
        pictures: Of any size.
        multiple: What the axis gets divisible by, pixels.
        axis: -2 for rows, -1 for columns.
    """
    extent = pictures.shape[axis]
    whole = (extent + multiple - 1) // multiple * multiple  # so written, it is seen to be divisible
    last = extent - 1
    position = torch.arange(whole, device=pictures.device)
    mirrored = 2 * last - position
    behind = torch.where(mirrored.amin(dim=0) < 0, last, mirrored)  # in the graph, no branch of it
    return pictures.index_select(axis, torch.where(position > last, behind, position))


def first(pictures: Images, count: int, *, axis: int) -> Shorter:
    """The first lines of an axis, copied."""
    return pictures.index_select(axis, torch.arange(count, device=pictures.device))
