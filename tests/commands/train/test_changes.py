"""What of a config may change when a run is resumed: it acts, or a sentence refuses it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from omegaconf import OmegaConf
from running import DIRECT, LIST_OF_PICTURES, PER_PICTURE, config, run
from toy_players import Single

from deblurkit.commands.train.changes import (
    changed,
    makes_first_weights,
    require_batches_to_come,
    require_changes_that_act,
    require_own_weights,
)
from deblurkit.errors import InputError

STARTING = {"_target_": "toys.Network", "start": {"_target_": "deblurkit.networks.zero"}}


def test_a_rate_of_the_command_line_is_the_optimisers(tmp_path: Path) -> None:
    plain = {**DIRECT, "scheduler": None}
    run(config(tmp_path, "trainer.max_epochs=1", model=plain))
    checkpoint = run(config(tmp_path, f"resume={tmp_path}", model={**plain, "lr": 5e-5}))
    (group,) = checkpoint["optimizer_states"][0]["param_groups"]
    assert group["lr"] == 5e-5
    assert OmegaConf.load(tmp_path / "config.yaml").model.lr == 5e-5
    assert checkpoint["deblurkit"]["recipe"]["lr"] == 5e-5
    assert checkpoint["global_step"] == 6
    (moments,) = {
        float(state["step"]) for state in checkpoint["optimizer_states"][0]["state"].values()
    }
    assert moments == 6  # they went on


def test_pictures_that_are_solved_one_by_one_keep_their_numbers_and_stay(tmp_path: Path) -> None:
    def resumed(changes: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
        resume, model = f"resume={tmp_path}", {**PER_PICTURE, **changes}
        return run(config(tmp_path, resume, model=model, data={**LIST_OF_PICTURES, **data}))

    run(config(tmp_path, model=PER_PICTURE, data=LIST_OF_PICTURES))
    own = (tmp_path / "config.yaml").read_text()
    with pytest.raises(InputError, match=r"model\.iterations cannot change on the way: pictures"):
        resumed({"iterations": 9}, {})
    others = {**LIST_OF_PICTURES["source"], "names": ["chelsea", "astronaut"]}
    with pytest.raises(InputError, match="2 pictures of the data are not those of the run, such"):
        resumed({}, {"source": others})
    blur = {**LIST_OF_PICTURES["evaluation_synthesis"], "seed": 2}
    with pytest.raises(InputError, match="2 pictures of the data are not those of the run, such"):
        resumed({}, {"evaluation_synthesis": blur})
    assert (tmp_path / "config.yaml").read_text() == own  # what was refused is not noted
    resumed({}, {})


def recipes(before: dict[str, Any], now: dict[str, Any]) -> tuple[dict[str, Any], Single]:
    method = Single()
    method.recipe = now
    return {"deblurkit": {"recipe": before}}, method


def test_first_weights_come_too_late() -> None:
    before = {"network": STARTING, "weights": {"content": {"start": 0.0, "stop": 1.0}}, "lr": 1.0}
    now = {**before, "weights": {"content": {"start": 0.5, "stop": 1.0}}, "lr": 2.0}
    require_changes_that_act(*recipes(before, now))
    other = {**STARTING, "start": {"_target_": "deblurkit.networks.normal"}}
    with pytest.raises(InputError, match=r"model\.network\.start\._target_ cannot change on the w"):
        require_changes_that_act(*recipes(before, {**now, "network": other}))
    with pytest.raises(InputError, match=r"model\.trunk_weights cannot .* it makes the first wei"):
        require_changes_that_act(*recipes(before, {**now, "trunk_weights": "mobilenet"}))


def test_recipes_that_are_none_or_strange_are_not_compared() -> None:
    for stored in ({}, {"deblurkit": None}, {"deblurkit": {"recipe": [1]}}):
        require_changes_that_act(stored, recipes({}, {"lr": 1.0})[1])
    with pytest.raises(InputError, match="plain values only"):
        require_changes_that_act(*recipes({"lr": object()}, {"lr": 1.0}))


def test_former_names_are_no_changes() -> None:
    before = {"scheduler": {"_target_": "deblurkit.methods.schedules.polynomial"}}
    now = {"scheduler": {"_target_": "deblurkit.methods.frame.schedules.polynomial"}}
    content, method = recipes(before, now)
    require_changes_that_act(content, method)
    assert changed(before, now) == ["scheduler._target_"]


@pytest.mark.parametrize(
    ("key", "first"),
    [
        ("deblurrer.start._target_", True),
        ("trunk_weights", True),
        ("weights.generator.adversarial.start", False),
        ("optimizers.generators.lr", False),
    ],
)
def test_what_makes_first_weights(key: str, first: bool) -> None:
    assert makes_first_weights(key) == first


def test_keys_that_differ_are_named_in_full() -> None:
    before = {"a": {"b": [1, 2], "c": None}, "d": 1, "e": 2}
    now = {"a": {"b": [1, 3], "c": {"f": 1}}, "d": 1.0}
    assert changed(before, now) == ["a.b", "a.c", "e"]


def within(completed: int, last: bool) -> dict[str, Any]:
    progress = {"current": {"completed": completed}, "is_last_batch": last}
    return {"loops": {"fit_loop": {"epoch_loop.batch_progress": progress}}}


def test_an_epoch_may_not_end_before_its_checkpoint() -> None:
    data = SimpleNamespace(batches_per_epoch=30)
    require_batches_to_come(within(29, False), data)
    require_batches_to_come(within(100, True), data)  # at its border
    require_batches_to_come(within(100, False), SimpleNamespace())
    with pytest.raises(InputError, match=r"behind its batch 30: data\.batches_per_epoch=30 would"):
        require_batches_to_come(within(30, False), data)
    with pytest.raises(InputError, match="does not say how far"):
        require_batches_to_come({"loops": {}}, data)


def test_weights_to_start_from_are_not_read_on_the_way(tmp_path: Path) -> None:
    require_own_weights(tmp_path, "tiny")
    (tmp_path / "config.yaml").write_text("weights: tiny\n")
    require_own_weights(tmp_path, "tiny")
    with pytest.raises(InputError, match="weights=small would not be read: resume= goes on from"):
        require_own_weights(tmp_path, "small")
