"""Whether a file restores as the library does: compared at five sizes before it is written."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from deblurkit.contracts import Images
from deblurkit.errors import InputError, sentence
from deblurkit.methods.frame.network import NetworkMethod

LIMIT = 1e-4  # of the largest difference, in intensity units; a grey level of 8 bits is 40 times it
UNIT = 16  # pixels; sizes are made of it, or of the network's multiple where that is more
SMALL = ((3, 5), (9, 11), (17, 19))  # pixels; the first that a network takes


class Difference(NamedTuple):
    """A file's picture beside the library's.

    Args:
        name: What the size stands for.
        size: Height and width, pixels.
        error: Largest difference, in intensity units.
    """

    name: str
    size: tuple[int, int]
    error: float

    @property
    def badness(self) -> float:
        """The difference, where it is a number: no comparison tells that it is none."""
        return math.inf if math.isnan(self.error) else self.error


def sizes(method: NetworkMethod) -> dict[str, tuple[int, int]]:
    """Heights and widths at which a file is compared, by what they stand for, pixels."""
    unit = max(UNIT, method.multiple)
    window = int(getattr(method.network, "window", None) or 3 * unit)
    return {
        "traced": (3 * unit, 4 * unit),
        "odd": (2 * unit - 3, 3 * unit - 5),
        "small": next((size for size in SMALL if takes(method, size)), (unit, unit)),
        "not square": (unit, 5 * unit),
        "larger than any window": (window + unit // 2 + 1, window + 2 * unit),
    }


def takes(method: NetworkMethod, size: tuple[int, int]) -> bool:
    """Whether a method restores pictures of this size."""
    try:
        restored(method, torch.zeros(1, 3, *size))
    except InputError:
        return False
    return True


def compared(
    restore: Callable[[Images], Tensor], method: NetworkMethod, *, graph: str
) -> list[Difference]:
    """Restore pictures of five sizes by a file and by the library.

    Args:
        restore: What the file does.
        method: What it was made of, on the CPU.
        graph: What restores, for a sentence.

    Raises:
        InputError: If the pictures differ by more than 1e-4 at any size, or the file does not
            restore one.
    """
    name = type(method).__name__
    differences = []
    for kind, size in sizes(method).items():
        picture = photograph(size)
        wanted = restored(method, picture)
        if not wanted.equal(restored(method, picture)):
            raise InputError(
                f"{name} restores the same picture differently each time, since it draws random "
                "numbers (dropout that stays on): no file can be compared with it; nothing is "
                "written"
            )
        try:
            with torch.no_grad():
                answer = restore(picture)
        except Exception as error:  # of torch's guards, or of a runtime
            raise InputError(
                f"{graph} of {name} does not restore {size[0]} x {size[1]} pixels ({kind}): "
                f"{sentence(error):.300}; nothing is written"
            ) from error
        difference = (answer - wanted).abs().max() if answer.shape == wanted.shape else torch.inf
        differences.append(Difference(kind, size, float(difference)))
    worst = max(differences, key=lambda comparison: comparison.badness)
    if worst.badness > LIMIT:
        raise InputError(
            f"{graph} of {name} differs from the library by {worst.error:.2g} at {worst.size[0]} "
            f"x {worst.size[1]} pixels ({worst.name}), more than {LIMIT:g}; nothing is written"
        )
    return differences


def restored(method: NetworkMethod, picture: Images) -> Tensor:
    """What the library answers, not clamped."""
    batch: Any = {"blurred": picture, "name": ["picture"]}
    with method.in_eval_mode(), torch.no_grad():
        return method.restoration(batch)["restored"]


def photograph(size: tuple[int, int]) -> Images:
    """A picture of smooth patches with some noise, the same each time, in [0, 1]."""
    generator = torch.Generator().manual_seed(0)
    patches = torch.rand(1, 3, 6, 6, generator=generator)
    smooth = functional.interpolate(patches, size, mode="bilinear")
    noise = torch.rand(1, 3, *size, generator=generator)
    return 0.9 * smooth + 0.1 * noise
