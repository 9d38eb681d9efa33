import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf
from toys import Network

import deblurkit
from deblurkit.config import build_recipe, instantiate, plain, with_absolute_paths
from deblurkit.errors import InputError
from deblurkit.trust import RECIPE_HOMES, trusted

TINY = ("backbone.channels=4", "backbone.blocks=1", "inverse.channels=4", "inverse.blocks=1")
TINY = (*TINY, "auxiliary.channels=4", "auxiliary.blocks=1")


def test_build_takes_overrides_below_the_model() -> None:
    method = deblurkit.build("dclnet", *TINY, "lambda1=0.25")
    assert method.recipe["backbone"]["channels"] == 4
    assert method.objective.weights["inverse"] == 0.25
    assert method.restore(torch.rand(1, 3, 9, 10)).shape == (1, 3, 9, 10)


def test_a_recipe_is_plain_and_builds_the_method_again() -> None:
    recipe = deblurkit.build("dclnet", *TINY).recipe
    assert not OmegaConf.is_config(recipe["backbone"])
    again = build_recipe(recipe)
    assert again.recipe == recipe
    assert len([*again.parameters()]) > 10


def test_every_method_that_is_listed_has_a_config() -> None:
    assert {"dclnet", "unsharp"} <= {*deblurkit.available_methods()}
    for key in deblurkit.available_methods():
        assert deblurkit.compose(f"model={key}").model._target_.startswith("deblurkit.methods.")


@pytest.mark.parametrize(
    ("key", "overrides", "words"),
    [
        ("dclnett", (), ["dclnett", "dclnet"]),
        ("dclnet", ("backbon.channels=4",), ["backbon"]),
        ("dclnet", ("backbone.chanels=4",), ["chanels"]),
        ("dclnet", ("+backbone.colour=4",), ["colour"]),
        ("dclnet", ("lambda1=-1",), ["must not be negative", "lambda1=-1"]),
        ("dclnet", ("optimizer._target_=torch.optim.Adaam",), ["torch.optim.Adaam"]),
        ("dclnet", ("backbone.channels=[4",), ["channels=[4"]),
    ],
)
def test_a_mistake_is_one_sentence(key: str, overrides: tuple[str, ...], words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        deblurkit.build(key, *overrides)
    message = str(caught.value)
    assert "\n" not in message
    assert all(word in message for word in words), message


def test_paths_of_files_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "vgg.safetensors").touch()
    node = {"weights": "vgg.safetensors", "name": "vgg.safetensors", "path": "missing"}
    found = with_absolute_paths({"content": [node, 3], "lr": 0.1})
    wanted = {"weights": str(tmp_path / "vgg.safetensors"), "name": node["name"], "path": "missing"}
    assert found == {"content": [wanted, 3], "lr": 0.1}


class Opener:
    """What a recipe must not reach."""


@pytest.mark.parametrize(
    "target",
    [
        "os.system",
        "subprocess.Popen",
        "builtins.eval",
        "deblurkit.config.instantiate",
        "deblurkit.storage.replacing",
        "deblurkit.methods.frame.base.torch.load",  # through an import of ours
        "deblurkit.losses.frozen.chain",
        "deblurkit.methods.dclnet.functional.conv2d",
        "torch.optim.lr_scheduler.torch.load",
        "torch.load",
        "deblurkit.methods.dclnet.DCLNet.load_from_checkpoint",
        "deblurkit_evil.methods.Method",
        "test_config.Opener",
        "toys.Network",
        "",
    ],
)
def test_a_recipe_names_trusted_classes_only(target: str) -> None:
    with pytest.raises(InputError):
        instantiate({"_target_": target}, RECIPE_HOMES)


def test_a_method_of_a_class_of_ours_is_no_target() -> None:
    """Refused as such, before anything is called with its arguments."""
    with pytest.raises(InputError, match=r"generator' may not be built"):
        instantiate({"_target_": "deblurkit.losses.adversarial.Wasserstein.generator"})


def test_a_target_is_refused_wherever_it_hides() -> None:
    recipe = deblurkit.build("dclnet", *TINY).recipe
    hidden = {**recipe, "optimizer": {"deep": [{"er": {"_target_": "os.getcwd"}}]}}
    with pytest.raises(InputError, match=r"'os\.getcwd' may not be built"):
        build_recipe(hidden)
    with pytest.raises(InputError):
        build_recipe({**recipe, "lambda1": "${oc.env:HOME}"})


def test_a_package_of_ones_own_is_trusted_by_name() -> None:
    node = {"_target_": "toys.Network"}
    assert isinstance(instantiate(node, (*RECIPE_HOMES, "toys")), Network)
    assert trusted("toys.Network", ["toys"]) is Network
    with pytest.raises(InputError):
        instantiate(node, (*RECIPE_HOMES, "toy"))


def test_what_is_no_method_is_not_built_as_one() -> None:
    with pytest.raises(InputError, match=r"is no method"):
        build_recipe({"_target_": "deblurkit.losses.weights.Ramp", "start": 0.0, "stop": 1.0,
                      "batches": 1})  # fmt: skip


def test_objects_go_into_a_node_as_they_are() -> None:
    network = Network()
    node = {"_target_": "toys.Direct", "lr": 0.1}
    method = instantiate(node, (*RECIPE_HOMES, "toys"), restoring=network)
    assert method.restoring is network


def test_compose_is_the_command_line() -> None:
    cfg = deblurkit.compose("model=unsharp", "data=gopro", "data.variant=blur", "seed=7")
    assert cfg.model._target_.endswith("UnsharpMask")
    assert cfg.data.seed == 7
    assert plain(cfg.data)["train"]["paired"]["source"]["source"]["blurred"] == "train/*/blur"
    for config in ("eval", "deblur", "blur"):
        assert deblurkit.compose(config=config).seed == 0


INSIDE = """
import hydra
from deblurkit.config import available_methods, compose, conf_dir

@hydra.main(version_base="1.3", config_path=str(conf_dir()), config_name="train")
def main(cfg):
    before = hydra.core.hydra_config.HydraConfig.get().runtime.output_dir
    inner = compose("model=unsharp", "seed=5")
    assert inner.seed == 5 and cfg.seed == 3
    assert inner.model._target_.endswith("UnsharpMask")
    assert hydra.core.hydra_config.HydraConfig.get().runtime.output_dir == before
    assert hydra.core.global_hydra.GlobalHydra.instance().is_initialized()
    print("composed", cfg.paths.run == before, inner.paths.run == before)

main()
"""


def test_compose_inside_a_run_that_is_composed_already(tmp_path: Path) -> None:
    (tmp_path / "inside.py").write_text(INSIDE)
    done = subprocess.run(
        [sys.executable, "inside.py", "seed=3"],
        cwd=tmp_path,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "composed True True" in done.stdout, done.stdout + done.stderr
