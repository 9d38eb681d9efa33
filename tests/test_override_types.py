"""Switches, numbers and seeds as people write them on a command line."""

from collections.abc import Iterator
from typing import Any

import pytest
from omegaconf import DictConfig

from deblurkit.config import compose, conf_dir, instantiate, plain
from deblurkit.errors import InputError
from deblurkit.override_types import with_types
from deblurkit.trust import RECIPE_HOMES, RUN_HOMES, require_fitting, trusted

COMMANDS = ("train", "eval", "deblur", "blur", "data", "convert", "export")
NEEDED = {"data": ("data.variant=blur",)}


def typed(override: str, cfg: DictConfig) -> str:
    """An override of a config, as Hydra is given it."""
    (line,) = with_types([override], lambda _: cfg, [conf_dir()])
    return line


def switches(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every boolean of a config, and the node that it is in."""
    for key, value in node.items() if isinstance(node, dict) else ():
        if isinstance(value, bool) and not key.startswith("_"):
            yield f"{path}{key}", node
        yield from switches(value, f"{path}{key}.")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_switch_of_every_command_takes_the_words_that_people_write(command: str) -> None:
    cfg = compose(*NEEDED.get(command, ()), config=command)
    named = [*switches(plain(cfg))]
    # The model of one is chosen by a source, that of the other stored with its weights.
    assert named or command in {"convert", "export"}
    for key, node in named:
        for word in ("off", "no", "false", "0", "Off", "'no'"):
            assert typed(f"{key}={word}", cfg) == f"{key}=false"
        for word in ("on", "yes", "true", "1"):
            assert typed(f"{key}={word}", cfg) == f"{key}=true"
        with pytest.raises(InputError, match=rf"{key.rpartition('.')[2]}=.*maybe"):
            refused(key, node, cfg)


def refused(key: str, node: dict[str, Any], cfg: DictConfig) -> None:
    """At once, or by the constructor that the switch is handed to."""
    typed(f"{key}=maybe", cfg)
    target = trusted(node["_target_"], (*RECIPE_HOMES, *RUN_HOMES))
    require_fitting(target, {"_target_": node["_target_"], key.rpartition(".")[2]: "maybe"})


def test_the_words_act() -> None:
    assert compose("guard=off", config="deblur").guard is False
    assert compose("compare=yes", "page=1", config="deblur").compare is True
    assert compose("page=no", config="eval").page is False
    assert (
        compose("test=off", "trainer.enable_progress_bar=off").trainer.enable_progress_bar is False
    )
    cfg = compose("rounding=off", config="blur")
    assert cfg.blur.rounding is False
    with pytest.raises(InputError, match=r"guard=maybe: guard is a switch; write on or off"):
        compose("guard=maybe", config="deblur")
    with pytest.raises(InputError, match=r"'maybe' does not fit lightning.pytorch.Trainer"):
        instantiate(compose("trainer.deterministic=maybe").trainer)
    assert compose("trainer.deterministic=warn").trainer.deterministic == "warn"


def test_a_choice_called_off_stays_one() -> None:
    assert compose("data.check=off").data.check == "off"
    assert compose("data={check: off}").data.check == "off"
    with pytest.raises(InputError, match=r"within braces write true or false"):
        compose("trainer={enable_progress_bar: off}")


def test_sweeps_have_switches_too() -> None:
    cfg = compose()
    assert typed("test=on,off", cfg) == "test=true,false"
    assert typed("model.lambda1=0.1,0.2", cfg) == "model.lambda1=0.1,0.2"
    with pytest.raises(InputError, match="test is a switch"):
        typed("test=on,perhaps", cfg)


@pytest.mark.parametrize(
    ("override", "meant"),
    [
        ("seed=010", "10 for 010"),
        ("seed=0x10", "16 for 0x10"),
        ("trainer.max_epochs=007", "7 for 007"),
        ("model.lambda1=00.5", "0.5 for 00.5"),
        ("trainer.gradient_clip_val=-01", "-1 for -01"),
        ("data.train.paired={start: 010}", "10 for 010"),
        ("seed=0b11", "3 for 0b11"),
    ],
)
def test_numbers_with_two_readings_are_refused(override: str, meant: str) -> None:
    with pytest.raises(InputError, match=f"without zeros before them, {meant}; text"):
        compose(override)


def test_text_that_looks_like_a_number_stays_text() -> None:
    assert compose("weights='007'", config="deblur").weights == "007"
    assert compose("output=007", config="deblur").output == "007"
    assert compose("data.train.paired.names=[007]").data.train.paired.names == ["007"]


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("seed=yes", "seed is a number, 0 where nothing is said"),
        ("overlap=true", "overlap is a number, 64"),
        ("overlap=wide", "overlap is a number, 64"),
        ("overlap=0.5", "overlap is a whole number"),
        ("overlap=null", "overlap is a number"),
        ("seed=-1", "a seed is a whole number from 0 to 4294967295"),
        ("seed=4294967296", "a seed is a whole number from 0 to 4294967295"),
    ],
)
def test_a_number_is_a_number(override: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        compose(override, config="deblur")


def test_seeds_of_parts_are_seeds() -> None:
    with pytest.raises(InputError, match=r"comparison.seed=-1: a seed is"):
        compose("comparison.seed=-1", config="eval")
    with pytest.raises(InputError, match=r"data.seed=-1: a seed is"):
        compose("data.seed=-1")


def test_large_whole_numbers_may_be_written_short() -> None:
    assert compose("pixel_limit=1e9", config="deblur").pixel_limit == 10**9
    assert compose("tile=512", config="deblur").tile == 512  # otherwise it is a word


def test_no_choice_is_one_where_nothing_is_chosen() -> None:
    none = ("teacher=null", "experiment=null", "debug=null", "hparams_search=null")
    assert compose(*none) == compose()
    assert "model" not in compose("model=null", config="deblur")
    for override in ("data=null", "model=null", "logger=null", "callbacks=null"):
        with pytest.raises(InputError, match=rf"{override}: a \w+ is needed; leave it out, or"):
            compose(override)


def test_settings_of_hydra_stay_as_they_are() -> None:
    lines = ["hydra.output_subdir=null", "hydra.job.num=3", "hydra/launcher=basic", "seed=1"]
    assert with_types([*lines, "test=off"], lambda _: compose(), []) == [*lines, "test=false"]


def test_a_choice_is_a_name() -> None:
    for word in ("2024", "true", "1.5"):
        with pytest.raises(InputError, match=f"there is no model '{word}'; there are "):
            compose(f"model={word}")
    for override in ("=5", "=null"):
        with pytest.raises(InputError, match=f"'{override}' has no key: a change is written key="):
            compose(override)


def test_a_single_text_is_a_list_of_one() -> None:
    cfg = compose("inputs='my photo.jpg'", "trust=mine", config="deblur")
    assert (cfg.inputs, cfg.trust) == (["my photo.jpg"], ["mine"])
    assert compose("inputs=[a,b]", config="deblur").inputs == ["a", "b"]
    for override in ("trust=null", "inputs=5"):
        with pytest.raises(InputError, match=f"{override}: .* is a list"):
            compose(override, config="deblur")


@pytest.mark.parametrize(
    "given",
    [
        ("eval", "model=unsarp"),
        ("eval", "weights=tiny", "model=unsarp"),
        ("eval", "restored=out", "sharp=in", "model=unsarp"),
        ("eval", "compare=[unsharp,wiener]", "model=unsarp"),
        ("deblur", "model=unsarp"),
    ],
)
def test_a_misspelt_model_is_refused_by_name(given: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match="there is no model 'unsarp'; did you mean unsharp"):
        compose(*given[1:], config=given[0])


def test_no_group_passes_over_a_word_that_it_does_not_know() -> None:
    """But ``local`` and ``known``, which few have."""
    with pytest.raises(InputError, match="there is no teacher 'unsarp'; did you mean unsharp"):
        compose("model=weak_selfdeblur", "teacher=unsarp", config="deblur")
    with pytest.raises(
        InputError, match="there is no hparams_search 'optuma'; did you mean optuna"
    ):
        compose("hparams_search=optuma")
    for command in COMMANDS:
        lines = (conf_dir() / f"{command}.yaml").read_text().splitlines()
        optional = {line.split()[2].rstrip(":") for line in lines if "- optional" in line}
        assert optional <= {"local", "known"}
