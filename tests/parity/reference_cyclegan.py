"""Reference numbers for CycleGAN's generator and critic, from the authors' own code.

    git clone https://github.com/junyanz/pytorch-CycleGAN-and-pix2pix
    git -C pytorch-CycleGAN-and-pix2pix checkout 7891385
    PYTHONPATH=tests/support python tests/parity/reference_cyclegan.py pytorch-CycleGAN-and-pix2pix

writes `cyclegan.json` beside this file. Weights are the formula's, in the order of the official
parameters; training mode (in evaluation that version uses running statistics), float64.
"""

import json
import sys
from pathlib import Path
from typing import Any

import torch
from reference_deblurgan import CRITICS, GENERATORS, authors, numbers
from torch import nn


def main(checkout: str) -> None:
    """Write the file."""
    theirs = authors(Path(checkout))
    norm = theirs.get_norm_layer("instance")

    def generator(channels: int) -> nn.Module:
        network: nn.Module = theirs.ResnetGenerator(3, 3, channels, norm_layer=norm, n_blocks=9)
        return network

    def critic(channels: int, strided: int) -> nn.Module:
        network: nn.Module = theirs.NLayerDiscriminator(3, channels, strided, norm_layer=norm)
        return network

    found: dict[str, Any] = {
        "source": "https://github.com/junyanz/pytorch-CycleGAN-and-pix2pix",
        "commit": "78913853ab4a4f5eba717af8433809300c99f0bb",
        "generators": {
            name: numbers(generator(channels), *size, channels=channels)
            for name, (channels, *size) in GENERATORS.items()
        },
        "critics": {
            name: numbers(critic(channels, strided), *size, channels=channels, strided=strided)
            for name, (channels, strided, *size) in CRITICS.items()
        },
    }
    file = Path(__file__).with_name("cyclegan.json")
    file.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(*sys.argv[1:])
