"""Compares a network with the numbers that the authors' own code gave."""

import json
from pathlib import Path
from typing import Any

import pytest
from fingerprint import fill, formula_picture, summary
from torch import nn


def numbers_of(name: str) -> dict[str, Any]:
    """The numbers of one source, as its `reference_*.py` wrote them."""
    found: dict[str, Any] = json.loads(
        (Path(__file__).parents[1] / "parity" / f"{name}.json").read_text()
    )
    return found


def require_equal(
    network: nn.Module, expected: dict[str, Any], signed=lambda answer: answer
) -> None:
    """Float64, the formula's weights, training mode: the same answer, the same gradient.

    Args:
        network: Ours, from pictures in [0, 1].
        expected: What the authors' network gave for pictures in [-1, 1].
        signed: Turns our answer into theirs.
    """
    fill(network.double().train())
    picture = formula_picture(*expected["size"]).requires_grad_()
    answer = signed(network(picture))
    answer.square().sum().backward()
    assert sum(parameter.numel() for parameter in network.parameters()) == expected["parameters"]
    assert list(answer.shape) == expected["shape"]
    assert picture.grad is not None
    assert summary(answer) == pytest.approx(expected["answer"], rel=1e-10, abs=1e-10)
    scale = max(abs(number) for number in expected["gradient"])
    assert summary(picture.grad) == pytest.approx(expected["gradient"], rel=0, abs=1e-10 * scale)
