"""What an exported file says about itself: plain words that other programs show, too."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import torch

import deblurkit
from deblurkit.exporting.programs import INPUT, OUTPUT
from deblurkit.exporting.proof import Difference, restored
from deblurkit.imaging.tiling.memory import bytes_taken
from deblurkit.imaging.tiling.statistics import PictureStatistics
from deblurkit.imaging.tiling.tiles import Grid
from deblurkit.methods.frame.network import NetworkMethod

KEY = "deblurkit"  # of what is read again; everything beside it is for people
PROBE = 64  # pixels; side of a picture that is restored to see what that takes
UNKNOWN = "not stated with the weights"
USAGE = (
    f"input '{INPUT}': float32, (1, 3, height, width), RGB, sRGB-encoded, in [0, 1], any height "
    f"and width; output '{OUTPUT}': the same shape, not clamped to [0, 1]"
)


def description(method: NetworkMethod, *, guarded: bool, runtimes: Sequence[str]) -> dict[str, Any]:
    """What is read again with the file, plain values.

    Args:
        method: What the file restores like.
        guarded: Whether pictures that it would harm are to stay as they were.
        runtimes: Titles of those that were seen to restore as the library does.
    """
    return {
        **method.description(),
        "method": type(method).__name__,
        "multiple": method.multiple,
        "reach": None if averages(method) else method.reach,
        "memory": memory(method),
        "guarded": guarded,
        "runtimes": [*runtimes],
    }


def words(
    described: Mapping[str, Any], differences: Sequence[Difference], *, graph: str
) -> dict[str, str]:
    """All metadata of a file, texts.

    Args:
        described: As above.
        differences: With the library's pictures.
        graph: What the graph is, such as its opset.
    """
    origin = described.get("origin") or {}
    return {
        KEY: json.dumps(described),
        "method": str(described["method"]),
        "recipe": json.dumps(described["recipe"]),
        "licence": str(origin.get("licence") or UNKNOWN),
        "origin": json.dumps(origin),
        "usage": USAGE,
        "graph": graph,
        "errors": "; ".join(
            f"{each.name} {each.size[0]}x{each.size[1]}: {each.error:.2g}" for each in differences
        ),
        "written by": f"deblurkit {deblurkit.__version__}, torch {torch.__version__}",
    }


def memory(method: NetworkMethod) -> int:
    """Bytes that the library takes per pixel of a picture; runtimes take about as much."""
    side = max(PROBE, method.multiple)
    picture = torch.zeros(1, 3, side, side)
    return bytes_taken(lambda: restored(method, picture)) // side**2


def averages(method: NetworkMethod) -> bool:
    """Whether layers average over the picture: such a graph sees a tile as a picture of its own."""
    side = max(PROBE, method.multiple)
    statistics = PictureStatistics(method.multiple)
    (tile,) = Grid(side, 0, side, 0).rows((side, side))[0]
    with statistics.at(tile):
        restored(method, torch.zeros(1, 3, side, side))
    return bool(statistics.collected)
