"""Methods with a known kernel over levels of noise: what their defaults gain, and where they lose.

Photographs are blurred by random camera shake without their borders, which nothing mirrored
reaches, get noise and eight bits, and are restored with the true kernel.

    python studies/known_kernels.py --pictures BSDS500/images/val --output docs/results/known
"""

import argparse
import json
from pathlib import Path
from typing import Any

import torch

from deblurkit.config import build
from deblurkit.data.blur.parts.seeding import seeded
from deblurkit.data.blur.trajectory import CameraShake
from deblurkit.imaging.blur.convolution import convolved_inside
from deblurkit.imaging.colour import luminance
from deblurkit.imaging.formats.files import as_tensor, read_image
from deblurkit.imaging.psnr import psnr
from deblurkit.metrics.parts.protocol import rounded

SIZES = (13, 17, 21, 27)  # pixels; sides of the kernels
NOISES = (0.0, 0.0025, 0.005, 0.01, 0.02, 0.04)  # standard deviations, intensity units
SIDE, BORDER = 255, 15  # pixels
METHODS = {
    "wiener": ["wiener"],
    "wiener_laplacian": ["wiener_laplacian"],
    "richardson_lucy": ["richardson_lucy"],
    "richardson_lucy, 30 iterations": ["richardson_lucy", "iterations=30", "amplified=null"],
}


def blurred(file: Path, number: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Luminance, blurred and sharp, and the kernel."""
    picture = luminance(as_tensor(read_image(file))[None])
    size = SIZES[number % len(SIZES)]
    shake = CameraShake(size=size, scale=(0.5, 1.5))
    kernel = shake.draw(1, seeded("known kernels", number)).kernels
    reach = size // 2
    inner = picture[..., reach:-reach, reach:-reach]
    return (
        convolved_inside(picture, kernel)[..., :SIDE, :SIDE],
        inner[..., :SIDE, :SIDE],
        kernel,
    )


def main() -> None:
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=Path, required=True, help="folder of photographs")
    parser.add_argument("--count", type=int, default=24)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    files = sorted(options.pictures.glob("*.jpg"))[: options.count]
    methods = {name: build(*words) for name, words in METHODS.items()}
    rows: list[dict[str, Any]] = []
    for noise in NOISES:
        scores: dict[str, list[float]] = {name: [] for name in ("blurred", *methods)}
        for number, file in enumerate(files):
            clean, sharp, kernel = blurred(file, number)
            normal = torch.randn(clean.shape, generator=seeded("noise", number))
            seen = rounded((clean + noise * normal).clamp(0, 1))
            answers = {name: m.restore(seen, kernel=kernel) for name, m in methods.items()}
            for name, answer in {"blurred": seen, **answers}.items():
                edge = (..., slice(BORDER, -BORDER), slice(BORDER, -BORDER))
                scores[name].append(float(psnr(answer[edge].clamp(0, 1), sharp[edge])))
        means = {name: round(sum(values) / len(values), 2) for name, values in scores.items()}
        pairs = zip(
            scores["richardson_lucy"], scores["richardson_lucy, 30 iterations"], strict=True
        )
        gains = [new - old for new, old in pairs]
        worst = {"gain of stopping, least": round(min(gains), 2)}
        rows.append({"noise": noise, "pictures": len(files)} | means | worst)
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "results.json").write_text(json.dumps(rows, indent=2) + "\n")
    names = [name for name in rows[0] if name != "pictures"]
    lines = [f"| {' | '.join(names)} |", f"| {' | '.join('---' for _ in names)} |"]
    lines += [f"| {' | '.join(str(row[name]) for name in names)} |" for row in rows]
    (options.output / "table.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
