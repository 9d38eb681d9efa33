"""Scores of weights on photographs that none of them was trained on, not guarded.

Each photograph comes back sharp, and blurred some times by each kind of
``conf/data/parts/every_blur.yaml`` and by simulated exposures, always by the draws of seed 1; of
large ones the middle is taken. What is done is kept: the command goes on where it stopped.

    python studies/small_scores.py --photographs data/free_photographs/test
        --output docs/results/small

``--weights`` names others than those that come with the install.
"""

import argparse
import json
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import deblurkit
from deblurkit.config import compose, instantiate, plain
from deblurkit.data.blur.synthesis import Synthesis
from deblurkit.data.sources.folders import FolderPictures
from deblurkit.data.stream import number
from deblurkit.imaging.formats.files import as_tensor
from deblurkit.imaging.psnr import psnr
from deblurkit.methods.frame.base import RestorationMethod

Score = dict[str, Any]
SEED = 1
SIDE = 256  # of the middle, in pixels
DRAWS = 4  # of each kind of blur, for each photograph
SHARP = "sharp, as it is"


def main() -> None:
    options = arguments()
    file = options.output / "scores.json"
    scores: list[Score] = json.loads(file.read_text()) if file.is_file() else []
    known = {tuple(score[key] for key in ("picture", "blur", "draw", "method")) for score in scores}
    methods = {"blurred": None, "unsharp": deblurkit.build("unsharp")}
    methods |= {Path(name).stem: deblurkit.load(name) for name in options.weights}
    chains = synthesized()
    for picture, sharp in photographs(options.photographs):
        for blur, draw in [(SHARP, 0), *((blur, d) for blur in chains for d in range(DRAWS))]:
            case = {"picture": picture, "blur": blur, "draw": draw}
            missing = [name for name in methods if (*case.values(), name) not in known]
            if not missing:
                continue
            words = f"{picture} {blur} {draw}"
            seen = sharp if blur == SHARP else blurred(chains[blur], sharp, words)
            for name in missing:
                scores.append({**case, "method": name, "psnr": scored(methods[name], seen, sharp)})
            options.output.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(scores, indent=1) + "\n")
            (options.output / "table.md").write_text(table(scores, list(methods)))
    print(table(scores, list(methods)))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photographs", type=Path, required=True, help="folder of sharp ones")
    parser.add_argument("--weights", nargs="+", default=["tiny", "small"])
    parser.add_argument("--output", type=Path, required=True)
    return parser.parse_args()


def photographs(folder: Path) -> Iterator[tuple[str, Tensor]]:
    """Names and middles, batches of one in [0, 1]."""
    source = FolderPictures(folder, role="sharp")
    for index, name in enumerate(source.names):
        height, width = source.size(index)
        top, left = max(height - SIDE, 0) // 2, max(width - SIDE, 0) // 2
        middle = source.crop(index, top=top, left=left, side=SIDE)["sharp"]
        yield name, as_tensor(middle)[None]


def synthesized() -> dict[str, Synthesis]:
    """The kinds of blur, by name."""
    seeded = (f"seed={SEED}", f"data.evaluation_synthesis.seed={SEED}")
    mixed = instantiate(compose("data=free_photos", *seeded, "data.root=.").data.synthesis)
    exposed = compose("blur=exposure", f"seed={SEED}", config="blur").blur
    return {**mixed.chains, "exposure": instantiate(plain(exposed))}


def blurred(synthesis: Synthesis, sharp: Tensor, name: str) -> Tensor:
    """A photograph by the draw of its name."""
    return synthesis(sharp, [number("scores", name)]).blurred.clamp(0, 1)


def scored(method: RestorationMethod | None, seen: Tensor, sharp: Tensor) -> float:
    """PSNR in dB, after rounding to 8 bits; 100 where nothing differs."""
    restored = seen if method is None else method.restore(seen)
    value = psnr((255 * restored).round() / 255, sharp)
    return min(float(value), 100.0)


def table(scores: list[Score], methods: list[str]) -> str:
    """Means over the photographs, and over all kinds of blur; in the last line the worst one."""
    blurs = dict.fromkeys(score["blur"] for score in scores)
    lines = [f"| blur | n | {' | '.join(methods)} |", "| --- " * (len(methods) + 2) + "|"]
    for title, kinds in (
        *((blur, [blur]) for blur in blurs if blur != SHARP),
        ("every kind but exposures", [b for b in blurs if b not in (SHARP, "exposure")]),
        (SHARP, [SHARP]),
    ):
        columns = [
            [s["psnr"] for s in scores if s["blur"] in kinds and s["method"] == method]
            for method in methods
        ]
        if all(columns):
            means = " | ".join(f"{statistics.fmean(column):.2f}" for column in columns)
            lines.append(f"| {title} | {len(columns[0])} | {means} |")
    least = [
        min((s["psnr"] for s in scores if s["blur"] == SHARP and s["method"] == m), default=0.0)
        for m in methods
    ]
    lines.append(f"| {SHARP}, the worst | | {' | '.join(f'{value:.2f}' for value in least)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
