"""What every family of random kernels answers."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor

from deblurkit.contracts import Kernels
from deblurkit.errors import InputError
from deblurkit.imaging.blur.kernels import check_side as check_side

Interval = Sequence[float]  # its two ends, in order


class KernelBatch(NamedTuple):
    """Kernels and the numbers they were made from.

    Attributes:
        kernels: (count, 1, size, size), float32, centred, sum 1.
        parameters: Named values of shape (count,); NaN where a name means nothing for a kernel.
    """

    kernels: Kernels
    parameters: dict[str, Tensor]

    def rows(self) -> list[dict[str, float]]:
        """List the parameters kernel by kernel, without the names that mean nothing for it."""
        columns = {name: values.tolist() for name, values in self.parameters.items()}
        return [
            {name: column[i] for name, column in columns.items() if column[i] == column[i]}
            for i in range(len(self.kernels))
        ]


@runtime_checkable
class KernelFamily(Protocol):
    """A distribution of kernels.

    Attributes:
        size: Odd side of all its kernels, in pixels.
    """

    size: int

    def draw(self, count: int, generator: torch.Generator) -> KernelBatch:
        """Draw ``count`` kernels on the generator's device."""
        ...


def uniform(ends: Interval, count: int, generator: torch.Generator) -> Tensor:
    """Draw ``count`` float64 numbers evenly from an interval, on the generator's device."""
    low, high = ends
    share = torch.rand(count, generator=generator, device=generator.device, dtype=torch.float64)
    return low + (high - low) * share


def choice(values: Sequence[float], count: int, generator: torch.Generator) -> Tensor:
    """Draw ``count`` float64 numbers from a list, each equally likely."""
    index = torch.randint(len(values), (count,), generator=generator, device=generator.device)
    return torch.tensor(list(values), dtype=torch.float64, device=generator.device)[index]


def interval(name: str, ends: Interval, *, least: float, most: float) -> tuple[float, float]:
    """Check that an interval is ordered and lies within bounds.

    Args:
        name: What the interval is of, for the message.
        ends: Its two ends.
        least: Smallest value allowed.
        most: Largest value allowed.

    Raises:
        InputError: If it is not.
    """
    if len(ends) != 2 or not least <= ends[0] <= ends[1] <= most:
        raise InputError(
            f"{name} must be two ordered numbers in [{least:g}, {most:g}], got {list(ends)}."
        )
    return float(ends[0]), float(ends[1])
