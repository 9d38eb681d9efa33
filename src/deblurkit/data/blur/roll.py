"""A camera that rolls around its viewing axis during the exposure."""

import math

import torch

from deblurkit.data.blur.parts.family import Interval, check_side, interval, uniform
from deblurkit.data.blur.parts.field import BlurField, grid_windows
from deblurkit.data.blur.trajectory import exposed
from deblurkit.errors import InputError


class CameraRoll:
    """Fields of rotation in the image plane: sharp at the pivot, arcs farther out.

    Args:
        size: Side of the kernels, odd, in pixels.
        degrees: Interval of the angle rolled during the exposure; made smaller where the
            farthest corner would leave the kernel.
        pivot: Interval of the pivot's place, as share of height and of width.
        nodes: Kernels along each side of the picture.
    """

    def __init__(
        self,
        *,
        size: int,
        degrees: Interval,
        pivot: Interval = (0.3, 0.7),
        nodes: int = 5,
    ) -> None:
        if nodes < 2:
            raise InputError(f"a roll needs at least two kernels along each side, got {nodes}.")
        self.size, self.nodes = check_side(size), nodes
        self.degrees = interval("degrees", degrees, least=0.0, most=180.0)
        self.pivot = interval("pivot", pivot, least=-10.0, most=10.0)

    def draw(
        self, height: int, width: int, generator: torch.Generator
    ) -> tuple[BlurField, dict[str, float]]:
        """Draw one field; parameters: ``roll`` in degrees, ``pivot_row``, ``pivot_column``."""
        drawn = float(uniform(self.degrees, 1, generator))
        row, column = (
            uniform(self.pivot, 2, generator).cpu() * torch.tensor([height, width])
        ).tolist()
        down = torch.linspace(0, height - 1, self.nodes, dtype=torch.float64) - row
        across = torch.linspace(0, width - 1, self.nodes, dtype=torch.float64) - column
        arms = torch.cartesian_prod(down, across).flip(-1)  # column and row of each node
        fitting = math.degrees((self.size - 1) / max(float(arms.norm(dim=-1).max()), 1e-9))
        degrees = min(drawn, fitting)
        turns = torch.deg2rad(
            torch.linspace(-0.5, 0.5, 8 * self.size, dtype=torch.float64) * degrees
        )
        cos, sin = turns.cos()[None, :], turns.sin()[None, :]
        horizontal, vertical = arms[:, :1], arms[:, 1:]
        paths = torch.stack(
            [horizontal * cos - vertical * sin, horizontal * sin + vertical * cos], dim=-1
        )
        whole = torch.ones(len(paths), dtype=torch.float64)
        kernels, _ = exposed(paths, whole, size=self.size)
        windows = grid_windows(height, width, rows=self.nodes, columns=self.nodes)
        field = BlurField(kernels.transpose(0, 1), windows)
        moved = BlurField(*(part.to(generator.device) for part in field))
        return moved, {"roll": degrees, "pivot_row": row, "pivot_column": column}
