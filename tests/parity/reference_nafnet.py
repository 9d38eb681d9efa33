"""Reference numbers for NAFNet's network, from the authors' own code.

    git clone https://github.com/megvii-research/NAFNet && git -C NAFNet checkout 2b4af71
    PYTHONPATH=tests/support python tests/parity/reference_nafnet.py NAFNet

writes `nafnet.json` beside this file. Tensors are named and filled in the order of the official
state; so are the scales that start at zero, or no block would do anything; scales of the
normalisation are the formula's plus one. Float64; `local` is the form with windows, for crops of
32 pixels and so windows of 48.
"""

import json
import logging
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from fingerprint import formula_picture, formula_tensor, summary
from torch import nn

SMALL = {"width": 8, "enc_blk_nums": [1, 2], "middle_blk_num": 1, "dec_blk_nums": [1, 2]}
FULL = {"enc_blk_nums": [1, 1, 1, 28], "middle_blk_num": 1, "dec_blk_nums": [1, 1, 1, 1]}


def load(checkout: Path, name: str) -> Any:
    """A module of theirs without the rest of the package, which needs more than torch."""
    path = checkout.joinpath(*name.split(".")).with_suffix(".py")
    spec = spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def authors(checkout: Path) -> Any:
    """The module with the authors' networks."""
    for package in ("basicsr", "basicsr.models", "basicsr.models.archs"):
        sys.modules[package] = ModuleType(package)
    tools = ModuleType("basicsr.utils")
    tools.get_root_logger = logging.getLogger  # type: ignore[attr-defined]
    sys.modules["basicsr.utils"] = tools
    load(checkout, "basicsr.models.archs.arch_util")
    load(checkout, "basicsr.models.archs.local_arch")
    return load(checkout, "basicsr.models.archs.NAFNet_arch")


def numbers(network: nn.Module) -> dict[str, Any]:
    """Names, shapes and the answer to a picture larger than the windows."""
    network.double()
    state = network.state_dict()
    filled = {key: formula_tensor(state[key].shape, position) for position, key in enumerate(state)}
    scales = {key: filled[key] + 1 for key in filled if "norm" in key and key.endswith("weight")}
    network.load_state_dict(filled | scales)
    with torch.no_grad():
        answer = network(formula_picture(64, 80))
    shapes = {key: list(tensor.shape) for key, tensor in state.items()}
    return {"answer": summary(answer), "shapes": shapes}


def count(network: nn.Module) -> int:
    """Numbers that it learns."""
    return sum(parameter.numel() for parameter in network.parameters())


def main(checkout: str) -> None:
    """Write the file."""
    theirs = authors(Path(checkout))
    found = {
        "source": "https://github.com/megvii-research/NAFNet",
        "commit": "2b4af71ebe098a92a75910c233a3965a3e93ede4",
        "parameters": {width: count(theirs.NAFNet(width=width, **FULL)) for width in (32, 64)},
        "plain": numbers(theirs.NAFNet(**SMALL)),
        "local": numbers(theirs.NAFNetLocal(**SMALL, train_size=(1, 3, 32, 32))),
    }
    del found["local"]["shapes"]  # the same
    Path(__file__).with_name("nafnet.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(*sys.argv[1:])
