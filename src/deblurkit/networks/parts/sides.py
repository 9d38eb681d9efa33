"""Which sizes of pictures a network takes."""

from deblurkit.contracts import Images
from deblurkit.errors import InputError


def require_multiple(pictures: Images, multiple: int) -> None:
    """Refuse pictures that a network cannot divide evenly.

    Args:
        pictures: Of any size.
        multiple: What height and width have to be divisible by, pixels.

    Raises:
        InputError: If one of them is not.
    """
    height, width = pictures.shape[-2:]
    if height % multiple or width % multiple:
        raise InputError(
            f"This network needs sides divisible by {multiple}, got {height} x {width} pixels; "
            "pad the picture first."
        )
