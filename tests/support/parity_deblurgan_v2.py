"""What the authors' generators of DeblurGAN-v2 answer, and the weights they answer it with."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from fingerprint import formula_picture, summary
from parity.reference_deblurgan_v2 import digest, formula_value
from torch import Tensor

from deblurkit.networks.deblurgan_v2 import Generator

REFERENCE: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "parity" / "deblurgan_v2.json").read_text()
)


def published_checkpoint(name: str) -> dict[str, dict[str, Tensor]]:
    """A checkpoint as the authors' code writes it, with the formula's weights."""
    state = {
        f"module.{key}": formula_value(key, shape, position)
        for position, (key, shape) in enumerate(REFERENCE[name]["shapes"].items())
    }
    state["module.fpn.enc0.0.0.weight"] = torch.full((32, 3, 3, 3), torch.nan)  # a second name
    state["module.smooth.1.running_mean"] = torch.full((64,), torch.nan)
    state["module.smooth.1.num_batches_tracked"] = torch.tensor(1)
    return {"model": state}


def require_parity(generator: Generator, name: str, *, tolerance: float = 1e-10) -> None:
    """Compare a generator, filled with the checkpoint, in float64, with the authors' answers."""
    for run in REFERENCE[name]["runs"]:
        blurred = formula_picture(*run["size"])
        with torch.no_grad():
            maps, restored = generator.trunk(2 * blurred - 1), generator(blurred)
        for level, features in enumerate(maps):
            expected = run["maps"][f"{level}"]
            assert digest(features) == pytest.approx(expected, rel=0, abs=tolerance), level
        assert summary(restored) == pytest.approx(run["restored"], rel=0, abs=tolerance)
