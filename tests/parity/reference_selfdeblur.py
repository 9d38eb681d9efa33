"""Reference numbers for SelfDeblur's networks and the deep image prior, from the authors' code.

    git clone https://github.com/csdwren/SelfDeblur
    git -C SelfDeblur checkout e1c79ee
    git clone https://github.com/DmitryUlyanov/deep-image-prior
    git -C deep-image-prior checkout 042e0d4
    PYTHONPATH=tests/support python tests/parity/reference_selfdeblur.py SelfDeblur deep-image-prior

writes `selfdeblur.json` beside this file. Formula weights in the order of the parameters, float64,
training mode.
"""

import json
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from fingerprint import fill, formula_picture, formula_tensor, summary

COMMITS = {
    "github.com/csdwren/SelfDeblur": "e1c79ee528eb333416b032e4bc002337c2d5c0f3",
    "github.com/DmitryUlyanov/deep-image-prior": "042e0d4c1e93f4b1eb0932781de55b8cff5e0f40",
}
SIZES = ((64, 96), (71, 77))


def skip(theirs: Any, inputs: int, outputs: int, channels: int, skipped: int) -> dict[str, Any]:
    """Answers, their gradients by the noise, and the number of parameters."""
    network = theirs(
        inputs,
        outputs,
        num_channels_down=[channels] * 5,
        num_channels_up=[channels] * 5,
        num_channels_skip=[skipped] * 5,
        upsample_mode="bilinear",
        pad="reflection",
    ).double()
    fill(network.train())
    answers, gradients = [], []
    for size in SIZES:
        noise = (formula_picture(*size, channels=inputs) / 10).requires_grad_()
        answer = network(noise)
        answer.square().sum().backward()
        assert noise.grad is not None
        answers.append(summary(answer))
        gradients.append(summary(noise.grad))
    found = {"inputs": inputs, "outputs": outputs, "channels": channels, "skipped": skipped}
    counts = {"parameters": sum(one.numel() for one in network.parameters())}
    return found | counts | {"answers": answers, "gradients": gradients}


def kernel(theirs: Any, size: int) -> dict[str, Any]:
    """The kernel that formula noise gives, and the number of parameters."""
    network = theirs(200, size**2).double()
    fill(network)
    with torch.no_grad():
        made = network(formula_tensor((1, 200), 0)).reshape(1, 1, size, size)
    count = sum(one.numel() for one in network.parameters())
    return {"parameters": count, "answer": summary(made)}


def package(name: str, folder: Path) -> None:
    """Open a folder as a package without its `__init__`."""
    opened = ModuleType(name)
    opened.__path__ = [str(folder)]
    sys.modules[name] = opened


def main(checkout: str, before: str) -> None:
    """Write the file."""
    package("selfdeblur", Path(checkout) / "networks")
    package("prior", Path(before) / "models")
    picture = import_module("selfdeblur.skip").skip
    prior = import_module("prior.skip").skip
    fcn = import_module("selfdeblur.fcn").fcn
    found = {
        "sources": COMMITS,
        "sizes": SIZES,
        "pictures": {
            "small": skip(picture, 4, 1, 16, 4),
            "full": skip(picture, 8, 1, 128, 16),
        },
        "priors": {"small": skip(prior, 4, 3, 16, 4), "full": skip(prior, 32, 3, 128, 4)},
        "kernels": {str(size): kernel(fcn, size) for size in (17, 31, 75)},
    }
    Path(__file__).with_name("selfdeblur.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
