"""Where methods disagree most: a crop of each of a few pictures."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from deblurkit.contracts import Image
from deblurkit.imaging.windows import highest_mean
from deblurkit.metrics.parts.protocol import rounded


class DisagreementCrop(NamedTuple):
    """A crop, and how far the methods are apart there."""

    name: str  # of the picture
    top: int  # pixels
    left: int
    disagreement: float  # largest less smallest mean squared error, of squared grey levels
    crops: Mapping[str, Tensor]  # 8 bits, (3, rows, columns), of blurred, each method, sharp

    def described(self) -> dict[str, Any]:
        """For a JSON file."""
        rows, columns = self.crops["sharp"].shape[-2:]
        corner = {"name": self.name, "top": self.top, "left": self.left}
        return {**corner, "height": rows, "width": columns, "disagreement": self.disagreement}


class DisagreementCrops:
    """Keeps the crops where methods disagree most, each of another picture.

    Errors are those of pixels in their places, as 8-bit files hold them: a method that moves the
    picture is wrong along every edge, although some protocols forgive it.

    Args:
        count: Crops to keep; nothing else of a picture stays in memory.
        side: Of the squares, pixels; smaller pictures are taken as far as they go.
    """

    def __init__(self, *, count: int, side: int) -> None:
        self.count, self.side = count, side
        self.kept: list[DisagreementCrop] = []

    def consider(self, name: str, versions: Mapping[str, Image]) -> None:
        """Look at a picture: ``blurred``, ``sharp`` and what each method made of it."""
        seen = {key: rounded(image.nan_to_num()[None])[0] for key, image in versions.items()}
        methods = [image for key, image in seen.items() if key not in ("blurred", "sharp")]
        errors = torch.stack([(image - seen["sharp"]).square().mean(dim=0) for image in methods])
        peak = highest_mean(errors, self.side, of=lambda means: means.amax(0) - means.amin(0))
        window = (slice(None), *peak.window)
        crops = {key: (image[window] * 255).round().byte().cpu() for key, image in seen.items()}
        top, left = (span.start for span in peak.window)
        self.add([DisagreementCrop(name, top, left, peak.value * 255**2, crops)])

    def add(self, crops: Sequence[DisagreementCrop]) -> None:
        """Keep the ones that say most; where all agree there is nothing to see."""
        apart = [crop for crop in (*self.kept, *crops) if crop.disagreement > 0]
        self.kept = sorted(apart, key=lambda crop: (-crop.disagreement, crop.name))[: self.count]
