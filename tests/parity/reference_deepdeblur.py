"""Reference numbers for DeepDeblur's generator and critic, from the authors' PyTorch code.

    git clone https://github.com/SeungjunNah/DeepDeblur-PyTorch
    git -C DeepDeblur-PyTorch checkout 26047f7
    PYTHONPATH=tests/support python tests/parity/reference_deepdeblur.py DeepDeblur-PyTorch

writes `deepdeblur.json` beside this file. Formula weights in the order of the official state,
float64; the pyramid is the formula's picture, decimated, so that the network is tested alone.
"""

import json
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import torch
from fingerprint import fill, formula_picture, formula_state, summary

SIZES = {"small": (8, 2), "full": (64, 19)}


def generator(theirs: Any, channels: int, blocks: int) -> dict[str, Any]:
    """Answers at all scales in grey levels, and the names and shapes of the tensors."""
    options = SimpleNamespace(
        rgb_range=255, n_resblocks=blocks, n_feats=channels, kernel_size=5, n_scales=3
    )
    network = theirs.MSResNet(options).double()
    shapes = {key: list(tensor.shape) for key, tensor in network.state_dict().items()}
    network.load_state_dict(formula_state(shapes))
    picture = 255 * formula_picture(64, 96)
    with torch.no_grad():
        answers = network([picture[..., ::step, ::step] for step in (1, 2, 4)])
    found = {"channels": channels, "blocks": blocks, "shapes": shapes}
    return found | {"answers": [summary(answer) for answer in answers]}


def main(checkout: str) -> None:
    """Write the file."""
    package = ModuleType("model")  # without its __init__, which needs their command line
    package.__path__ = [str(Path(checkout) / "src" / "model")]
    sys.modules["model"] = package
    theirs = import_module("model.MSResNet")
    critic = import_module("model.discriminator").Discriminator(
        SimpleNamespace(n_feats=8, kernel_size=5)
    )
    fill(critic.double())
    with torch.no_grad():
        scores = critic(255 * formula_picture(256, 512)).flatten().tolist()
    found = {
        "source": "https://github.com/SeungjunNah/DeepDeblur-PyTorch",
        "commit": "26047f7a67ab8d1dec083b5d9e1d83b53eedbd17",
        "generators": {name: generator(theirs, *size) for name, size in SIZES.items()},
        "critic": {"scores": scores},
    }
    Path(__file__).with_name("deepdeblur.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(*sys.argv[1:])
