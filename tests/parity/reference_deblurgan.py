"""Reference numbers for DeblurGAN's generator and critic, from the authors' own code.

    git clone https://github.com/KupynOrest/DeblurGAN && git -C DeblurGAN checkout dd9e940
    PYTHONPATH=tests/support python tests/parity/reference_deblurgan.py DeblurGAN

writes `deblurgan.json` beside this file. Weights are the formula's, in the order of the official
parameters; training mode, no dropout, float64. Pictures in [0, 1] are made of the authors' in
[-1, 1].
"""

import json
import sys
from functools import partial
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import torch
from fingerprint import fill, formula_picture, summary
from torch import nn

NORM = partial(nn.InstanceNorm2d, affine=False)
GENERATORS = {"small": (8, 64, 64), "wide": (8, 64, 96), "full": (64, 256, 256)}
CRITICS = {
    "three strided": (8, 3, 128, 160),
    "five strided": (2, 5, 320, 512),
    "full": (64, 3, 128, 160),
}


def authors(checkout: Path) -> Any:
    """The module with the authors' networks."""
    spec = spec_from_file_location("authors_networks", checkout / "models" / "networks.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def numbers(network: nn.Module, height: int, width: int, **about: Any) -> dict[str, Any]:
    """Summaries of the answer and of the gradient of its squares' sum."""
    network.double().train()
    fill(network)
    picture = formula_picture(height, width).requires_grad_()
    answer = network(2 * picture - 1)
    answer.square().sum().backward()
    assert picture.grad is not None
    return {
        **about,
        "size": [height, width],
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "shape": list(answer.shape),
        "answer": summary(answer),
        "gradient": summary(picture.grad),
    }


def main(checkout: str) -> None:
    """Write the file."""
    theirs = authors(Path(checkout))

    def generator(channels: int, **options: Any) -> nn.Module:
        options |= {"norm_layer": NORM, "n_blocks": 9}
        network: nn.Module = theirs.ResnetGenerator(3, 3, channels, **options)
        return network

    def critic(channels: int, strided: int) -> nn.Module:
        network: nn.Module = theirs.NLayerDiscriminator(3, channels, strided, norm_layer=NORM)
        return network

    found = {
        "source": "https://github.com/KupynOrest/DeblurGAN",
        "commit": "dd9e940f92db10f0e5ce073344159b99b22dbfa0",
        "generators": {
            name: numbers(generator(channels, learn_residual=True), *size, channels=channels)
            for name, (channels, *size) in GENERATORS.items()
        },
        "critics": {
            name: numbers(critic(channels, strided), *size, channels=channels, strided=strided)
            for name, (channels, strided, *size) in CRITICS.items()
        },
    }
    file = Path(__file__).with_name("deblurgan.json")
    file.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(*sys.argv[1:])
