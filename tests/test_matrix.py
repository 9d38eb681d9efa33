"""Every model of conf/model through everything a trainer can be asked for, at a tiny size.

A new paper adds tests/tiny/<model>.yaml, the overrides that make it small, and edits nothing here.

In float32 every model trains. Each further variant is tried on every sixth model, each time on
others, and on one model of each kind; the whole product is slow.
"""

from pathlib import Path

import pytest
import torch
from cells import KINDS, MODELS, VARIANTS, data_of, share
from omegaconf import DictConfig, open_dict
from running import (
    SMALL_PHOTOGRAPHS,
    composed,
    config,
    differing,
    kind_of,
    parts,
    run,
    skip_without_timm,
    smallest,
    tiny_sizes,
)

import deblurkit
from deblurkit.commands.train.run import train
from deblurkit.config import build_recipe, plain
from deblurkit.methods.frame.network import NetworkMethod


def small(key: str, folder: Path, *overrides: str) -> DictConfig:
    """A small run of a model, on pictures without a partner where it wants such."""
    skip_without_timm(composed(key))
    cfg = config(folder, f"model={key}", *data_of(key), *overrides)
    cfg.model = smallest(key)
    cfg.data.val = SMALL_PHOTOGRAPHS
    return cfg


def trains(key: str, folder: Path, *overrides: str) -> None:
    """Train; nothing is lost or not a number, and what was written restores."""
    cfg = small(key, folder, *overrides)
    before = build_recipe(plain(cfg.model), trust=["toys"]).state_dict()
    torch.manual_seed(0)
    checkpoint = run(cfg)
    state = checkpoint["state_dict"]
    assert all(value.isfinite().all() for value in state.values())
    assert before.keys() == state.keys()  # compiled or averaged, the names stay
    assert (folder / "scores" / "val.csv").is_file()
    method = deblurkit.load(folder / "best.ckpt", trust=["toys"])
    assert method.restore(torch.rand(1, 3, 13, 18)).isfinite().all()


def test_every_model_has_its_cells() -> None:
    """Of models that differ in numbers alone one; those without training have their own tests."""
    trained = [
        key for key in deblurkit.available_methods() if issubclass(kind_of(key), NetworkMethod)
    ]
    assert {str(parts(plain(composed(key)))) for key in trained} <= tiny_sizes().keys()
    assert all(issubclass(MODELS[key], kind) for key, kind in KINDS.items())


@pytest.mark.parametrize("key", MODELS)
def test_trains(key: str, tmp_path: Path) -> None:
    trains(key, tmp_path)


@pytest.mark.parametrize(
    ("variant", "key"),
    [
        pytest.param(variant, *cell.values, marks=cell.marks)
        for variant in VARIANTS
        for cell in share(variant)
    ],
)
def test_trains_as_asked(variant: str, key: str, tmp_path: Path) -> None:
    trains(key, tmp_path, *VARIANTS[variant])


@pytest.mark.parametrize("key", share("resumes"))
def test_resumes(key: str, tmp_path: Path) -> None:
    whole = run(small(key, tmp_path / "whole", "trainer.max_epochs=3"))
    part = small(key, tmp_path / "part", "trainer.max_epochs=3")
    with open_dict(part):
        part.callbacks.stop = {"_target_": "toys.StopAfter", "epochs": 1}
    train(part)
    part.callbacks.stop = None
    part.resume = part.paths.run
    assert differing(whole["state_dict"], run(part)["state_dict"]) == []
