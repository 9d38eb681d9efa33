"""Names and shapes of the tensors in the files that the authors' codes write.

    git clone https://github.com/KupynOrest/DeblurGAN && git -C DeblurGAN checkout dd9e940
    git clone https://github.com/junyanz/pytorch-CycleGAN-and-pix2pix
    git -C pytorch-CycleGAN-and-pix2pix checkout 7891385
    git clone https://github.com/SeungjunNah/DeepDeblur-PyTorch
    git -C DeepDeblur-PyTorch checkout 26047f7
    PYTHONPATH=tests/support python tests/parity/reference_layouts.py DeblurGAN \
        pytorch-CycleGAN-and-pix2pix DeepDeblur-PyTorch

writes `layouts.json` beside this file, for networks of 8 channels. What is a buffer, such as a
running mean, is listed apart.
"""

import json
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from reference_deblurgan import NORM, authors
from torch import nn

CHANNELS = 8


def layout(network: nn.Module) -> dict[str, Any]:
    """Shapes of parameters and buffers by name, in order."""
    parameters = {name: list(value.shape) for name, value in network.named_parameters()}
    buffers = {name: list(value.shape) for name, value in network.named_buffers()}
    assert parameters.keys() | buffers.keys() == network.state_dict().keys()
    return {"parameters": parameters, "buffers": buffers}


def main(deblurgan: str, cyclegan: str, deepdeblur: str) -> None:
    """Write the file."""
    theirs = authors(Path(deblurgan))
    sizes = (3, 3, CHANNELS)
    options = {"norm_layer": NORM, "n_blocks": 9, "learn_residual": True}
    found = {
        "deblurgan": {
            "source": "https://github.com/KupynOrest/DeblurGAN",
            "commit": "dd9e940f92db10f0e5ce073344159b99b22dbfa0",
            "generator": layout(theirs.ResnetGenerator(*sizes, **options, use_dropout=True)),
            "critic": layout(theirs.NLayerDiscriminator(3, CHANNELS, 3, norm_layer=NORM)),
        }
    }
    theirs = authors(Path(cyclegan))
    norm = theirs.get_norm_layer("instance")
    found["cyclegan"] = {
        "source": "https://github.com/junyanz/pytorch-CycleGAN-and-pix2pix",
        "commit": "78913853ab4a4f5eba717af8433809300c99f0bb",
        "generator": layout(theirs.ResnetGenerator(*sizes, norm_layer=norm, n_blocks=9)),
        "critic": layout(theirs.NLayerDiscriminator(3, CHANNELS, 3, norm_layer=norm)),
    }
    package = ModuleType("model")  # without its __init__, which needs their command line
    package.__path__ = [str(Path(deepdeblur) / "src" / "model")]
    sys.modules["model"] = package
    critic = import_module("model.discriminator").Discriminator(
        SimpleNamespace(n_feats=CHANNELS, kernel_size=5)
    )
    found["deepdeblur"] = {
        "source": "https://github.com/SeungjunNah/DeepDeblur-PyTorch",
        "commit": "26047f7a67ab8d1dec083b5d9e1d83b53eedbd17",
        "critic": layout(critic),
    }
    text = json.dumps(found, separators=(",", ":")).replace('],"', '],\n"')
    Path(__file__).with_name("layouts.json").write_text(text + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
