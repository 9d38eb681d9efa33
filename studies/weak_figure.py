"""The study with a teacher as curves: PSNR, and what eq. 7 watches, over the iterations.

Means over all crops and seeds of each row. Needs matplotlib (the extra ``notebooks``).

    python studies/weak_figure.py --results docs/results/weak/results.json --output curves.png
"""

import argparse
import json
from pathlib import Path
from statistics import fmean
from typing import Any

import matplotlib as mpl
from levin_crops import SWITCH
from matplotlib import pyplot
from weak_table import TITLES

PANELS = {
    "psnr": "PSNR, dB",
    "distance": "teacher's answers to re-blurred\nand blurred picture, mean difference",
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    given = parser.parse_args()
    cells = json.loads(given.results.read_text())
    mpl.use("agg")
    figure, places = pyplot.subplots(1, len(PANELS), figsize=(9.5, 3.6), layout="constrained")
    for place, (key, label) in zip(places, PANELS.items(), strict=True):
        for row, title in TITLES.items():
            place.plot(*curve([cell for cell in cells if cell["row"] == row], key), label=title)
        place.axvline(SWITCH, color="gray", linewidth=0.8, linestyle=":")
        place.set(xlabel="iterations (dotted: from squared error to 1 - SSIM)", ylabel=label)
        place.grid(alpha=0.3)
    places[0].axhline(fmean(cell["blurred"]["psnr"] for cell in cells), color="k", linewidth=0.8)
    places[0].legend(fontsize="small")
    figure.savefig(given.output, dpi=110)


def curve(cells: list[dict[str, Any]], key: str) -> tuple[list[float], list[float]]:
    """Iterations, and a number's mean over the cells at each."""
    points = list(zip(*(cell["curve"] for cell in cells), strict=True))
    return [one[0]["iterations"] for one in points], [fmean(p[key] for p in one) for one in points]


if __name__ == "__main__":
    main()
