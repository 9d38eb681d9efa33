"""Files of commit d0eeb5d are still read: its modules and classes had other names."""

import json
import tarfile
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import OmegaConf
from torch import Tensor

import deblurkit
from deblurkit.commands.train.run import train
from deblurkit.former_names import MODULES, NAMES, current_name, with_current_names

ARCHIVE = Path(__file__).parent / "former" / "files.tar.xz"
# Its trunk comes from timm, which could not be imported where the files were made.
WITHOUT_FILE = {"deblurgan_v2_inception"}


@pytest.fixture(scope="module")
def former(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the files."""
    folder = tmp_path_factory.mktemp("former")
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    return folder


def picture() -> Tensor:
    """Waves, 48 x 64."""
    y, x = torch.meshgrid(torch.arange(48.0), torch.arange(64.0), indexing="ij")
    waves = [torch.sin(x / period + y / (period + 3)) for period in (4.0, 5.0, 7.0)]
    return (torch.stack(waves)[None] + 1) / 2


def test_checkpoints_and_shared_weights_of_every_model_are_read(former: Path) -> None:
    answers = json.loads((former / "answers.json").read_text())
    assert answers.keys() | WITHOUT_FILE <= {*deblurkit.available_methods()}
    for key, answer in answers.items():
        stored, shared = (
            deblurkit.load(former / f"{key}.{end}") for end in ("ckpt", "safetensors")
        )
        state, other = stored.state_dict(), shared.state_dict()
        assert state.keys() == other.keys(), key
        assert all(torch.equal(value, other[name]) for name, value in state.items()), key
        assert stored.recipe == shared.recipe == with_current_names(stored.recipe), key
        if answer is not None:
            restored = stored.restore(picture())
            assert [restored.mean().item(), restored.std().item()] == pytest.approx(
                answer, abs=1e-4
            )


@pytest.mark.parametrize(("run", "epochs"), [("nafnet", 3), ("selfdeblur", 3)])
def test_a_run_goes_on(run: str, epochs: int, former: Path) -> None:
    folder = former / f"run_{run}"
    before = torch.load(folder / "last.ckpt", weights_only=True)
    cfg: Any = OmegaConf.load(folder / "config.yaml")
    cfg.paths.run = cfg.resume = str(folder)
    cfg.trainer.max_epochs = epochs
    if run == "selfdeblur":
        cfg.data.source.root = str(former / "pictures")
    (folder / "record.json").write_text(json.dumps([{"deblurkit": "0.1.0"}]))
    train(cfg)
    record = json.loads((folder / "record.json").read_text())
    assert [run["deblurkit"] for run in record] == ["0.1.0", deblurkit.__version__]
    after = torch.load(folder / "last.ckpt", weights_only=True)
    assert before["epoch"] + 1 == after["epoch"] == epochs - 1
    assert after["global_step"] == before["global_step"] * epochs // (epochs - 1)
    assert after["state_dict"].keys() == before["state_dict"].keys()
    assert after["deblurkit"]["recipe"] == with_current_names(before["deblurkit"]["recipe"])


def test_former_names_are_gone_and_lead_to_what_exists() -> None:
    for old, new in MODULES.items():
        old_home, new_home = f"deblurkit.{old}", f"deblurkit.{new}"
        module = import_module(new_home)
        assert module.__name__ == new_home
        with suppress(ModuleNotFoundError):  # its folder is gone as well
            found = find_spec(old_home)
            assert found is None or found.submodule_search_locations, f"{old} is no folder"
    for old, new in NAMES.items():
        home, _, name = new.rpartition(".")
        assert isinstance(getattr(import_module(f"deblurkit.{home}"), name), type), new
        assert current_name(f"deblurkit.{old}") == f"deblurkit.{new}"


def test_names_of_others_and_of_now_stay() -> None:
    for name in (
        "torch.optim.Adam",
        "toys.Network",
        "deblurkit",
        "",
        "deblurkit.checkpoint.teacher",
    ):
        assert current_name(name) == name
    for new in (*MODULES.values(), "losses.pixel"):
        assert current_name(f"deblurkit.{new}.l1") == f"deblurkit.{new}.l1"
    node = {"_target_": 3, "parts": [{"_target_": "deblurkit.data.mixture.Mixture", "n": 1}]}
    assert with_current_names(node) == {
        "_target_": 3,
        "parts": [{"_target_": "deblurkit.data.sources.mixture.MixedSource", "n": 1}],
    }
