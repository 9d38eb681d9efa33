"""Reference numbers for SFTGAN's layer and condition network, from the authors' own code.

    git clone https://github.com/xinntao/SFTGAN && git -C SFTGAN checkout d98889e
    PYTHONPATH=tests/support python tests/parity/reference_sft.py SFTGAN

writes `sft.json` beside this file. Weights are the formula's, in the order of the official
parameters of each part; the layer's features and guide are formula pictures of 64 and 32
channels, the condition network's input is one of 8; float64.
"""

import json
import sys
from pathlib import Path
from typing import Any

import torch
from fingerprint import fill, formula_picture, summary
from torch import Tensor, nn


def count(network: nn.Module) -> int:
    """Numbers of parameters."""
    return sum(parameter.numel() for parameter in network.parameters())


def main(checkout: str) -> None:
    """Write the file."""
    sys.path.insert(0, str(Path(checkout) / "pytorch_test"))
    import architectures as theirs  # type: ignore[import-not-found]

    layer, conditions = theirs.SFTLayer().double(), theirs.SFT_Net().CondNet.double()
    fill(layer)
    fill(conditions)
    features = formula_picture(24, 32, channels=64).requires_grad_()
    guide = formula_picture(24, 32, channels=32).requires_grad_()
    transformed = layer((features, guide))
    transformed.square().sum().backward()
    assert isinstance(features.grad, Tensor)
    assert isinstance(guide.grad, Tensor)
    found: dict[str, Any] = {
        "source": "https://github.com/xinntao/SFTGAN",
        "commit": "d98889e9f94e44a788cc0ffeaaca77ca76556638",
        "layer": {
            "parameters": count(layer),
            "answer": summary(transformed),
            "features_gradient": summary(features.grad),
            "guide_gradient": summary(guide.grad),
        },
        "conditions": {
            "parameters": count(conditions),
            "answer": summary(conditions(formula_picture(64, 96, channels=8))),
        },
    }
    file = Path(__file__).with_name("sft.json")
    file.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(*sys.argv[1:])
