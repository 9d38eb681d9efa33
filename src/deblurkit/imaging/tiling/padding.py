"""Bring a picture to the size that a network can take, and back."""

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from deblurkit.contracts import Images

Resized = Float[Tensor, "batch channels new_height new_width"]


def pad_to_multiple(images: Images, multiple: int) -> Resized:
    """Extend on the right and at the bottom, by reflection.

    A side that is too short to be mirrored repeats its last row or column instead.

    >>> pad_to_multiple(torch.rand(1, 3, 9, 7), 4).shape
    torch.Size([1, 3, 12, 8])

    Args:
        images: Pictures of any size.
        multiple: Sides of the result are divisible by it, pixels.
    """
    for axis in (-2, -1):
        missing = -images.shape[axis] % multiple
        if missing:
            padding = (0, missing) if axis == -1 else (0, 0, 0, missing)
            mirrored = missing < images.shape[axis]
            full = padding if len(padding) == 4 else (*padding, 0, 0)
            images = functional.pad(images, full, mode="reflect" if mirrored else "replicate")
    return images


def cropped_to(images: Images, size: tuple[int, int]) -> Resized:
    """Undo the padding: the top left ``(height, width)`` pixels.

    >>> cropped_to(torch.rand(1, 3, 12, 8), (9, 7)).shape
    torch.Size([1, 3, 9, 7])
    """
    return images[..., : size[0], : size[1]]
