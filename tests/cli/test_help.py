"""What the commands say about themselves."""

import re
import shlex
import sys
from importlib import import_module

import pytest
from running import kind_of

from deblurkit.cli import overview, train
from deblurkit.cli.command_line import CommandLine, parsed
from deblurkit.cli.data import with_action
from deblurkit.cli.front import run_command
from deblurkit.cli.help import COMMANDS, Header, choices, group_options, help_text, own_options
from deblurkit.cli.line_checks import require_known_flags
from deblurkit.cli.paths import with_quoted_paths
from deblurkit.config import available_methods, compose, conf_dir
from deblurkit.errors import InputError


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_shows_three_examples_that_compose(command: str) -> None:
    examples = Header.of(command).examples
    assert len(examples) >= 3
    for example in examples:
        program, *words = shlex.split(example, comments=True)
        assert program == f"deblurkit-{command}"
        words = with_action(words) if command == "data" else with_quoted_paths(words)
        if not any(word.startswith("resume=") for word in words):
            compose(*words, config=command)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_shown_with_its_comment_and_groups_come_last(command: str) -> None:
    text = help_text(command)
    assert text.startswith(f"deblurkit-{command}: ")
    options, groups = [*own_options(command)], [*group_options(command)]
    cfg = compose(config=command)
    assert {option.typed.partition("=")[0].partition(".")[0] for option in options} == {
        str(key)
        for key in cfg
        if not (conf_dir() / str(key)).is_dir() and key not in {"seed", "trust", "paths"}
    }
    assert all(option.comment for option in options)
    body, _, last = text.partition("\ngroups of configs:\n")
    assert all(f"\n  {option.typed}" in body for option in options)
    assert all(f"  {option.typed}" in last for option in groups)
    assert {"seed=0", "trust=[]"} <= {option.typed for option in own_options("base")}


def test_groups_are_those_that_the_command_can_use() -> None:
    names = {
        command: {option.typed.partition("=")[0] for option in group_options(command)}
        for command in COMMANDS
    }
    assert names["deblur"] == {"model", "teacher", "trainer"}
    assert names["blur"] == {"blur"}
    assert names["data"] == {"data"}
    assert names["convert"] == {"model", "source"}
    assert {"experiment", "callbacks", "logger", "debug"} <= names["train"]


def test_models_are_those_that_the_command_can_use() -> None:
    from deblurkit.methods.frame.classical import ClassicalMethod
    from deblurkit.methods.frame.per_picture import PerPictureMethod

    kinds = {key: kind_of(key) for key in available_methods()}
    untrained = {key for key, kind in kinds.items() if kind.restores_untrained}
    assert set(choices("deblur", "model")) == set(choices("eval", "model")) == untrained
    classical = {key for key, kind in kinds.items() if issubclass(kind, ClassicalMethod)}
    assert set(choices("train", "model")) == set(kinds) - classical
    solved = {key for key, kind in kinds.items() if issubclass(kind, PerPictureMethod)}
    assert set(choices("convert", "model")) == set(kinds) - classical - solved


def test_data_sets_are_those_that_the_command_can_use() -> None:
    assert {"gopro", "kohler", "levin", "photos"} <= {*choices("eval", "data")}
    assert "folder_blurred" not in choices("eval", "data")  # nothing to compare with
    assert {"gopro", "photos", "levin"} <= {*choices("train", "data")}
    assert "kohler" not in choices("train", "data")
    assert {"gopro", "lai", "gopro_unpaired_ratio"} <= {*choices("data", "data")}
    assert "photos" not in choices("data", "data")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("flag", ["", "-h", "--help"])
def test_without_arguments_it_says_the_same_and_that_nothing_was_done(
    command: str, flag: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [f"deblurkit-{command}", *filter(None, [flag])])
    module = import_module(f"deblurkit.cli.{command}")
    if flag:
        module.main()
    elif command != "train":  # it trains
        with pytest.raises(SystemExit, match="2"):
            module.main()
    else:
        return
    assert capsys.readouterr().out == help_text(command) + "\n"


def test_a_training_that_nobody_chose_says_so_first(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines: list[CommandLine] = []
    monkeypatch.setattr(train, "run_command", lambda *arguments: lines.append(arguments[2]))
    for words, said in (([], True), (["seed=1"], True), (["model=unsharp"], False)):
        monkeypatch.setattr(sys, "argv", ["deblurkit-train", *words])
        train.main()
        assert ("experiment=demo: some minutes" in capsys.readouterr().out) == said
        assert ("experiment=demo" in lines[-1].overrides) == said
    for word in ("--cfg=job", "--help", "-sc"):
        monkeypatch.setattr(sys, "argv", ["deblurkit-train", word])
        train.main()
        assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["--output", "x"], r"no flag --output; .*without dashes: output=<value>; --help"),
        (["--output=x"], r"without dashes: output=x;"),
        (["--outptu=x"], r"without dashes: output=x;"),
        (["-o", "x"], r"no flag -o; .* output=<value> or overlap=<value>;"),
        (["-w", "x"], r"weights=<value>;"),
        (["--kernel-size=9"], r"kernel_size=9;"),
        (["--nonsense"], r"without dashes: key=value;"),
        (["-i", "photo.jpg"], r"-i is no flag for files; they need none: photo.jpg"),
    ],
)
def test_flags_of_other_programs_get_a_hint(words: list[str], hint: str) -> None:
    with pytest.raises(InputError, match=hint):
        require_known_flags(parsed(words), "deblur")


def test_flags_that_there_are_pass() -> None:
    for words in (["--cfg", "job"], ["-m"], ["--multi"], ["-i", "defaults"], ["--config-dir", "x"]):
        require_known_flags(parsed(words), "deblur")


def test_the_commands_are_listed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["deblurkit"])
    overview.main()
    listed = re.findall(r"(?m)^  deblurkit-(\w+) ", capsys.readouterr().out)
    project = (conf_dir().parent / "pyproject.toml").read_text()
    assert sorted(listed) == sorted(re.findall(r"(?m)^deblurkit-(\w+) = ", project))
    for words, meant in (
        (["deblur", "my photo.jpg"], "deblurkit-deblur 'my photo.jpg'"),
        (["photo.jpg"], "deblurkit-deblur photo.jpg"),
    ):
        monkeypatch.setattr(sys, "argv", ["deblurkit", *words])
        with pytest.raises(SystemExit, match="2"):
            overview.main()
        assert capsys.readouterr().err.endswith(f"write {meant}\n")


def test_a_mistake_before_the_start_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    for words, said in (
        (
            ["a.png", "-o"],
            "there is no flag -o; options are written without dashes: output=<value>",
        ),
        (["inputs=[a]", "guard=maybe"], "guard=maybe: guard is a switch; write on or off"),
        (["inputs=[a]", "output="], "output= names nothing; write output=<path>, or leave it out"),
        (["inputs=[a]", "weights=off"], "weights=off: weights= takes a path"),
        (["a.png", "model=tiny"], "there is no model 'tiny', but there are weights of that name"),
        (["a.png", "model=unsarp"], "there is no model 'unsarp'; did you mean unsharp?"),
    ):
        with pytest.raises(SystemExit, match="2"):
            run_command("deblur", print, parsed(with_quoted_paths(words)))
        assert capsys.readouterr().err.startswith(f"deblurkit: {said}")
