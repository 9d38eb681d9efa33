"""Compiled models on two devices, in processes of their own: shape checks cannot be compiled."""

from pathlib import Path

import pytest
import torch
from cells import data_of, share
from running import composed, differing, needs_timm, skip_without_timm
from two_ranks import train_on_two_ranks


@pytest.fixture(scope="module")
def ranks(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two devices held after each model that was asked for, compiled."""
    folder = tmp_path_factory.mktemp("ranks")
    asked = [item for item in request.session.items if item.path == request.path]
    keys = [item.callspec.params["key"] for item in asked]
    train_on_two_ranks({key: data_of(key) for key in keys if not needs_timm(composed(key))}, folder)
    return folder


@pytest.mark.timeout(3600)  # the first test trains the models of all
@pytest.mark.parametrize("key", share("two devices"))
def test_two_devices_agree_on_a_compiled_network(key: str, ranks: Path) -> None:
    skip_without_timm(composed(key))
    assert [file.read_text() for file in (ranks / key).glob("*.txt")] == []
    first, second = (torch.load(ranks / key / f"rank_{rank}.pt") for rank in (0, 1))
    assert differing(first, second) == []
