"""Checkpoints and shared weights from anywhere: read without running anything, or refused."""

import pickle
import random
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from running import DIRECT, config
from safetensors.torch import save_file

import deblurkit
from deblurkit.commands.train.run import train
from deblurkit.config import build_recipe
from deblurkit.errors import InputError

TOYS = ["toys"]


class Gadget:
    """Touches a file when it is unpickled."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


@pytest.fixture
def canary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "canary"


@pytest.fixture
def content() -> dict[str, Any]:
    """What a checkpoint of a run holds, as far as ``load`` reads it."""
    method = build_recipe(DIRECT, trust=TOYS)
    return {"state_dict": method.state_dict(), "deblurkit": {"format": 1, "recipe": method.recipe}}


def loaded(content: Any, folder: Path) -> Any:
    torch.save(content, folder / "stranger.ckpt")
    return deblurkit.load(folder / "stranger.ckpt", trust=TOYS)


@pytest.mark.parametrize("place", ["top", "state_dict", "deblurkit"])
def test_a_pickled_call_is_refused(place: str, content: dict[str, Any], canary: Path) -> None:
    import os

    gadgets = [Gadget(os.system, "touch canary"), Gadget(eval, "open('canary', 'w')")]
    for gadget in gadgets:
        (content if place == "top" else content[place])["x"] = gadget
        with pytest.raises(InputError, match=r"stranger\.ckpt was refused: .* ask .* safetensors"):
            loaded(content, canary.parent)
        with pytest.raises(InputError, match="was refused"):
            train(config(canary.parent, "weights=stranger.ckpt", model=DIRECT))
    Path("plain.ckpt").write_bytes(pickle.dumps(gadgets[0]))  # without torch's archive around it
    with pytest.raises(InputError, match=r"plain\.ckpt was refused|damaged"):
        deblurkit.load("plain.ckpt")
    assert not canary.exists()


TARGETS = {
    "os.system": {"command": "touch canary"},
    "builtins.eval": {"_args_": ["open('canary', 'w')"]},
    "builtins.exec": {"_args_": ["open('canary', 'w')"]},
    "pathlib.Path.touch": {"_args_": ["canary"]},
    "numpy.save": {"file": "canary", "arr": [0]},
    "numpy.lib.npyio.DataSource": {"destpath": "canary"},
    "torch.load": {"f": "stranger.ckpt", "weights_only": False},
    "torch.hub.load": {"repo_or_dir": ".", "model": "x", "source": "local"},
    "torch.save": {"obj": 0, "f": "canary"},
    "torch.optim.lr_scheduler.wraps": {"wrapped": "x"},
    "torch.optim.Adam.load_state_dict": {},
    "subprocess.Popen": {"args": ["touch", "canary"]},
    "importlib.import_module": {"name": "antigravity"},
    "hydra.utils.call": {"config": {"_target_": "os.system"}},
    # What a trusted module imports is not trusted,
    "deblurkit.storage.os.system": {"command": "touch canary"},
    "deblurkit.losses.frozen.torch.load": {"f": "stranger.ckpt", "weights_only": False},
    "deblurkit.losses.frozen.torch.save": {"obj": 0, "f": "canary"},
    "deblurkit.networks.dclnet.nn.Module": {},
    "deblurkit.methods.frame.base.MethodModule": {},
    # nor a method, which can do more than a constructor.
    "deblurkit.methods.dclnet.DCLNet.load_from_checkpoint": {"checkpoint_path": "stranger.ckpt"},
    "deblurkit.losses.frozen.Frozen.open": {},
    # The lists of a run's config are longer than those of a checkpoint.
    "deblurkit.data.sources.cache.prepared": {"source": "x", "folder": "canary"},
    "deblurkit.imaging.formats.files.write_image": {"path": "canary.png"},
    "deblurkit.callbacks.scores.write_rows": {"path": "canary", "rows": []},
    "deblurkit.config.instantiate": {"node": {}},
    "lightning.pytorch.cli.instantiate_class": {"args": [], "init": {"class_path": "os.system"}},
    "toys.Path.touch": {"_args_": ["canary"]},
}


@pytest.mark.parametrize("target", TARGETS)
def test_a_recipe_names_only_what_is_trusted(
    target: str, content: dict[str, Any], canary: Path
) -> None:
    hostile = {"_target_": target, **TARGETS[target]}
    for recipe in (
        hostile,
        {**DIRECT, "restoring": hostile},
        {**DIRECT, "weights": [{"deep": [hostile]}]},
        {**DIRECT, "weights": {"_partial_": True, **hostile}},
    ):
        content["deblurkit"]["recipe"] = recipe
        with pytest.raises(InputError, match="may not be built from a config"):
            loaded(content, canary.parent)
    assert not list(canary.parent.glob("canary*"))


@pytest.mark.parametrize(
    "value",
    [
        ({"_target_": "os.system", "command": "touch canary"},),
        "${oc.env:HOME}",
        "${_target_}",
        {"_target_": "${oc.decode:os.system}"},
        {"_target_": ["os.system"]},
        {"_target_": 7},
        {1, 2},
        torch.zeros(1),
        b"os.system",
    ],
    ids=str,
)
def test_a_recipe_holds_plain_values_only(
    value: Any, content: dict[str, Any], canary: Path
) -> None:
    content["deblurkit"]["recipe"] = {**DIRECT, "restoring": value}
    with pytest.raises(InputError, match=r"plain values only|may not be built"):
        loaded(content, canary.parent)
    assert not canary.exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"deblurkit": None}, "does not say how its method is built"),
        ({"deblurkit": {"recipe": "toys.Direct"}}, "does not say how its method is built"),
        ({"deblurkit": {"recipe": {"lr": 1}}}, "is no method"),
        ({"deblurkit": {"recipe": {"_target_": "toys.Network"}}}, "is no method"),
        ({"deblurkit": {"recipe": {**DIRECT, "lr": "x"}}}, "lr='x' does not fit toys.Direct"),
        ({"state_dict": None}, "has no 'state_dict' of tensors"),
        ({"state_dict": {"a": 1}}, "has no 'state_dict' of tensors"),
        ({"state_dict": {}}, "does not fit this Direct: 2 of 2 tensors"),
    ],
)
def test_what_is_missing_is_said(
    changes: dict[str, Any], words: str, content: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=words):
        loaded(content | changes, tmp_path)


def test_a_checkpoint_that_holds_something_else(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no 'state_dict' of tensors"):
        loaded([1, 2], tmp_path)
    with pytest.raises(InputError, match=r"none\.ckpt is no file; weights= takes a checkpoint"):
        deblurkit.load(tmp_path / "none.ckpt")
    with pytest.raises(InputError, match="is an address; download the file first"):
        deblurkit.load("https://example.org/best.ckpt")
    save_file({"a": torch.zeros(1)}, tmp_path / "bare.safetensors")
    with pytest.raises(InputError, match="does not say how its method is built"):
        deblurkit.load(tmp_path / "bare.safetensors")


@pytest.mark.parametrize("suffix", ["ckpt", "safetensors"])
def test_damaged_bytes_are_a_sentence(suffix: str, content: dict[str, Any], tmp_path: Path) -> None:
    method = loaded(content, tmp_path)
    whole = tmp_path / "stranger.ckpt"
    if suffix == "safetensors":
        whole = tmp_path / "shared.safetensors"
        deblurkit.save_weights(method, whole)
    data, draws = whole.read_bytes(), random.Random(0)
    damaged = tmp_path / f"damaged.{suffix}"
    damages = [data[: draws.randrange(len(data))] for _ in range(20)]
    for _ in range(60):
        place = draws.randrange(len(data))
        damages.append(data[:place] + bytes([draws.randrange(256)]) + data[place + 1 :])
    for damage in [b"", b"PK", b"\x80", *damages]:
        damaged.write_bytes(damage)
        with suppress(InputError):  # safetensors have no checksums; nothing else may escape
            deblurkit.load(damaged, trust=TOYS)


def test_shared_weights_are_values_whatever_their_order_in_memory(
    content: dict[str, Any], tmp_path: Path
) -> None:
    method = build_recipe(DIRECT, trust=TOYS)
    scattered = 0
    with torch.no_grad():
        for parameter in method.parameters():
            parameter.copy_(torch.rand_like(parameter))
            axes = range(parameter.ndim)[::-1]
            parameter.data = parameter.data.permute(*axes).contiguous().permute(*axes)
            scattered += not parameter.is_contiguous()
    assert scattered
    deblurkit.save_weights(method, tmp_path / "mine.safetensors")
    loaded_state = deblurkit.load(tmp_path / "mine.safetensors", trust=TOYS).state_dict()
    assert all(torch.equal(loaded_state[name], t) for name, t in method.state_dict().items())


def test_a_flipped_bit_of_a_weight_is_noticed(content: dict[str, Any], tmp_path: Path) -> None:
    loaded(content, tmp_path)
    whole = tmp_path / "stranger.ckpt"
    data = bytearray(whole.read_bytes())
    (weight, *_) = content["state_dict"].values()
    place = data.index(weight.numpy().tobytes())
    data[place] ^= 1  # the last bit of a mantissa: as good a number as it was
    whole.write_bytes(data)
    with pytest.raises(InputError, match=r"stranger\.ckpt is damaged: the checksum of .* is wrong"):
        deblurkit.load(whole, trust=TOYS)


def test_a_run_folder_is_its_best_checkpoint_or_what_there_is(
    content: dict[str, Any], tmp_path: Path
) -> None:
    for number, name in enumerate(["previous.ckpt", "last.ckpt", "best.ckpt"]):
        for value in content["state_dict"].values():
            value.fill_(number)
        torch.save(content, tmp_path / name)
        values = deblurkit.load(tmp_path, trust=TOYS).state_dict().values()
        assert all((value == number).all() for value in values)


def test_the_sentence_names_the_file(content: dict[str, Any], tmp_path: Path) -> None:
    content["deblurkit"]["recipe"] = {"_target_": "os.system"}
    with pytest.raises(InputError, match=r"^\S+/stranger\.ckpt: 'os\.system' may not be built"):
        loaded(content, tmp_path)
    (tmp_path / "cut.ckpt").write_bytes((tmp_path / "stranger.ckpt").read_bytes()[:2000])
    with pytest.raises(InputError, match=r"^\S+/cut\.ckpt is damaged or no checkpoint: ") as caught:
        deblurkit.load(tmp_path / "cut.ckpt")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("weights", [None, 3, b"tiny", ["tiny"]])
def test_what_is_no_path_is_answered_with_a_sentence(weights: Any) -> None:
    with pytest.raises(InputError, match="is no path of a file"):
        deblurkit.load(weights)


def test_what_no_method_is_made_of_is_answered_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no method 3; there are .*dclnet"):
        deblurkit.build(3)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"only methods from deblurkit\.build"):
        deblurkit.save_weights(torch.nn.Linear(2, 2), tmp_path / "mine.safetensors")  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())
