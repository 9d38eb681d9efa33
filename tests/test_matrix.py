"""Every model of conf/model through everything a trainer can be asked for, at a tiny size.

A new paper adds tests/tiny/<model>.yaml, the overrides that make it small, and edits nothing here.
"""

from pathlib import Path
from typing import Any

import pytest
import torch
from hydra.utils import get_class
from omegaconf import DictConfig, OmegaConf, open_dict
from running import command_line, config, differing, parts, run, skip_without_timm, tiny

import deblurkit
from deblurkit.config import build_recipe, plain
from deblurkit.methods.network import NetworkMethod
from deblurkit.training.run import train

TINY = Path(__file__).parent / "tiny"
VARIANTS = {
    "fp32": (),
    "bf16": ("trainer.precision=bf16-mixed", "trainer.limit_val_batches=1"),  # slow on most CPUs
    "average": ("callbacks=[default,ema]",),
    "channels_last": ("callbacks=[default,channels_last]",),
    "clip_and_accumulate": (
        "trainer.gradient_clip_val=0.5",
        "trainer.accumulate_grad_batches=2",
        "callbacks=[default,early_stopping]",
    ),
}


def trained() -> list[str]:
    """Models that train networks; of those that differ in numbers alone the first.

    Those without training are scored by their own tests.
    """
    keys: dict[str, str] = {}
    for key in deblurkit.available_methods():
        node = plain(deblurkit.compose(f"model={key}").model)
        if issubclass(get_class(node["_target_"]), NetworkMethod):
            keys.setdefault(str(parts(node)), key)
    return list(keys.values())


def small(key: str, folder: Path, *overrides: str) -> DictConfig:
    """A small run of a model, on pictures without a partner where it wants such."""
    cfg = config(folder, f"model={key}", *overrides)
    skip_without_timm(cfg.model)
    cfg.model = tiny(cfg.model)
    needs = build_recipe(plain(cfg.model), trust=["toys"]).needs
    if "paired" in needs:
        return cfg
    unpaired = config(folder, f"model={key}", "data=photos_unpaired", *overrides)
    unpaired.model = cfg.model
    return unpaired


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("key", trained())
def test_trains(key: str, variant: str, tmp_path: Path) -> None:
    cfg = small(key, tmp_path, *VARIANTS[variant])
    before = build_recipe(plain(cfg.model), trust=["toys"]).state_dict()
    torch.manual_seed(0)
    checkpoint = run(cfg)
    state = checkpoint["state_dict"]
    assert all(value.isfinite().all() for value in state.values())
    assert before.keys() == state.keys()  # compiled or averaged, the names stay
    assert (tmp_path / "scores" / "val.csv").is_file()
    method = deblurkit.load(tmp_path / "best.ckpt", trust=["toys"])
    assert method.restore(torch.rand(1, 3, 13, 18)).isfinite().all()


@pytest.mark.parametrize("key", trained())
def test_resumes(key: str, tmp_path: Path) -> None:
    whole = run(small(key, tmp_path / "whole", "trainer.max_epochs=3"))
    part = small(key, tmp_path / "part", "trainer.max_epochs=3")
    with open_dict(part):
        part.callbacks.stop = {"_target_": "toys.StopAfter", "epochs": 1}
    train(part)
    part.callbacks.stop = None
    part.resume = part.paths.run
    assert differing(whole["state_dict"], run(part)["state_dict"]) == []


@pytest.mark.parametrize("key", trained())
def test_compiled_on_two_devices_the_ranks_agree(key: str, tmp_path: Path) -> None:
    """In processes of their own: the tests' shape checks cannot be compiled."""
    needs = small(key, tmp_path).data.train.keys()
    command_line(
        "train",
        f"model={key}",
        f"data={'photos' if 'paired' in needs else 'photos_unpaired'}",
        *dotted(plain(OmegaConf.load(TINY / f"{key}.yaml")), "model"),
        *("trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2"),
        *("trainer.precision=32-true", "callbacks=[default,compile]"),
        "callbacks.compile.backend=aot_eager",
        "+callbacks.keep={_target_:toys.KeepRanks,folder:ranks}",
        "data.val.names=[rocket,chelsea]",  # one each: every size is compiled anew
        "hydra.run.dir=run",
        folder=tmp_path,
    )
    first, second = (torch.load(tmp_path / "ranks" / f"rank_{rank}.pt") for rank in (0, 1))
    assert differing(first, second) == []


def dotted(node: Any, path: str) -> list[str]:
    """Overrides that give a model these values."""
    if not isinstance(node, dict):
        return [f"{path}={'null' if node is None else node}"]
    return [override for key, value in node.items() for override in dotted(value, f"{path}.{key}")]
