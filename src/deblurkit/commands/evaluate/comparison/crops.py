"""Where methods disagree most: a crop of each of a few pictures."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from deblurkit.contracts import Image
from deblurkit.metrics.parts.protocol import rounded

STRIDE = 8  # pixels between two crops that are looked at


class Place(NamedTuple):
    """A crop, and how far the methods are apart there."""

    name: str  # of the picture
    top: int  # pixels
    left: int
    disagreement: float  # largest less smallest mean squared error, of squared grey levels
    crops: Mapping[str, Tensor]  # 8 bits, (3, rows, columns), of blurred, each method, sharp

    def listed(self) -> dict[str, Any]:
        """What a table of crops says."""
        rows, columns = self.crops["sharp"].shape[-2:]
        found = {"name": self.name, "top": self.top, "left": self.left}
        return {**found, "height": rows, "width": columns, "disagreement": self.disagreement}


class Places:
    """Keeps the crops where methods disagree most, each of another picture.

    Errors are those of pixels in their places, as 8-bit files hold them: a method that moves the
    picture is wrong along every edge, although some protocols forgive it.

    Args:
        count: Crops to keep; nothing else of a picture stays in memory.
        side: Of the squares, pixels; smaller pictures are taken as far as they go.
    """

    def __init__(self, *, count: int, side: int) -> None:
        self.count, self.side = count, side
        self.kept: list[Place] = []

    def consider(self, name: str, shown: Mapping[str, Image]) -> None:
        """Look at a picture: ``blurred``, ``sharp`` and what each method made of it."""
        seen = {key: rounded(one.nan_to_num()[None])[0] for key, one in shown.items()}
        methods = [one for key, one in seen.items() if key not in ("blurred", "sharp")]
        errors = torch.stack([(one - seen["sharp"]).square().mean(dim=0) for one in methods])
        sides = [min(self.side, side) for side in errors.shape[-2:]]
        local = functional.avg_pool2d(errors[:, None], sides, stride=STRIDE)[:, 0]
        apart = local.amax(dim=0) - local.amin(dim=0)
        row, column = divmod(int(apart.argmax()), apart.shape[1])
        top, left = STRIDE * row, STRIDE * column
        window = (slice(None), slice(top, top + sides[0]), slice(left, left + sides[1]))
        crops = {key: (one[window] * 255).round().byte().cpu() for key, one in seen.items()}
        self.add([Place(name, top, left, float(apart.max()) * 255**2, crops)])

    def add(self, places: Sequence[Place]) -> None:
        """Keep the ones that say most; where all agree there is nothing to see."""
        found = [place for place in (*self.kept, *places) if place.disagreement > 0]
        self.kept = sorted(found, key=lambda place: (-place.disagreement, place.name))[: self.count]
