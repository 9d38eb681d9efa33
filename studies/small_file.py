"""The weights of a run of ``experiment=small`` as one file in half precision, with their origin.

    python studies/small_file.py runs/small_1 small.safetensors

The file is what a training goes on from, on any machine:

    deblurkit-train experiment=small weights=small.safetensors seed=2
"""

import argparse
import json
import shlex
from pathlib import Path

import torch

import deblurkit
from deblurkit.checkpoint import existing, read_checkpoint

ORIGIN = {
    "repository": "deblurkit",
    "card": "docs/results/small",
    "licence": "Apache-2.0",
    "pictures": (
        "scikit-image's (CC0 or public domain), kodim01 and kodim05 of Kodak's (free use), "
        "wallpapers of Debian's packages (CC0, CC-BY, CC-BY-SA), listed in docs/results/small"
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path, help="folder of the run, or a checkpoint")
    parser.add_argument("output", type=Path)
    options = parser.parse_args()
    method = deblurkit.load(options.run)
    before = [
        {**row, "command": portable(row["command"])}
        for row in (method.origin or {}).get("trainings", [])
    ]
    method.origin = {**ORIGIN, "trainings": [*before, training(options.run)]}
    digest = deblurkit.save_weights(method.to(torch.float16), options.output)
    print(f"{options.output}: {options.output.stat().st_size:,} bytes, SHA-256 {digest}")


def training(run: Path) -> dict[str, str | int]:
    """Command, revision and steps of a run, as its folder notes them."""
    checkpoint = existing(run)
    facts = json.loads((checkpoint.parent / "record.json").read_text("utf-8"))[-1]
    return {
        "command": portable(facts["command"]),
        "revision": facts["revision"] or "unknown",
        "steps": int(read_checkpoint(checkpoint)["global_step"]),
    }


def portable(command: str) -> str:
    """A command without the folders of the machine that it ran on."""
    words = [word.partition("=") for word in shlex.split(command)[1:]]
    names = [f"{key}{sign}{Path(v).name if v.startswith('/') else v}" for key, sign, v in words]
    return shlex.join(["deblurkit-train", *names])


if __name__ == "__main__":
    main()
