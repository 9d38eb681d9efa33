"""State dicts as the authors' codes write them, with the formula's weights."""

from typing import Any

import pytest
import torch
from fingerprint import formula_picture, formula_state, summary
from parity_numbers import numbers_of
from torch import Tensor, nn

LAYOUTS = numbers_of("layouts")


def authors_state(source: str, network: str) -> dict[str, Tensor]:
    """Float64; what it remembers of other pictures is poison."""
    layout = LAYOUTS[source][network]
    poison = {name: torch.full(shape, torch.nan) for name, shape in layout["buffers"].items()}
    return formula_state(layout["parameters"]) | poison


def dmphn_files() -> dict[str, dict[str, Tensor]]:
    """Content of each file of DMPHN's 1-2-4, float64."""
    files: dict[str, dict[str, Tensor]] = {}
    shapes = dict(numbers_of("dmphn")["models"]["DMPHN_1_2_4"]["shapes"])
    for key, tensor in formula_state(shapes).items():
        file, _, inner = key.partition(":")
        files.setdefault(f"{file}.pkl", {})[inner] = tensor
    return files


def require_generator(network: nn.Module, source: str, *, tolerance: float) -> None:
    """Compare what a generator draws, in evaluation, with the authors' numbers."""
    expected: dict[str, Any] = numbers_of(source)["generators"]["small"]
    with torch.no_grad():
        answer = 2 * network.double().eval()(formula_picture(*expected["size"])) - 1
    assert summary(answer) == pytest.approx(expected["answer"], rel=tolerance, abs=tolerance)


def require_critic(network: nn.Module, source: str, *, tolerance: float) -> None:
    """Compare a critic's scores with the authors' numbers."""
    expected: dict[str, Any] = numbers_of(source)["critics"]["three strided"]
    with torch.no_grad():
        scores = network.double()(formula_picture(*expected["size"]))
    assert summary(scores) == pytest.approx(expected["answer"], rel=tolerance, abs=tolerance)
