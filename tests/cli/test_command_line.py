"""The command line as a value: flags apart from overrides, and what is asked of them."""

import sys
from pathlib import Path

import pytest

from deblurkit.cli.command_line import CommandLine, parsed, typed_line


def test_flags_come_first_and_overrides_in_one_piece() -> None:
    line = parsed(["model=dclnet", "-m", "data=photos", "--config-dir", "mine", "seed=1"])
    assert line.flags == ("-m", "--config-dir", "mine")
    assert line.overrides == ("model=dclnet", "data=photos", "seed=1")
    assert line.is_sweep
    assert line.arguments == [*line.flags, *line.overrides]
    assert not parsed(["model=dclnet"]).is_sweep


def test_the_last_override_of_a_key_counts(tmp_path: Path) -> None:
    line = parsed(["resume=a", f"resume='{tmp_path}'", "seed=1", "trust=[mine,hydra]"])
    assert line.resumed == tmp_path
    assert line.value("seed") == "1"
    assert line.changed("seed=2").value("seed") == "2"
    assert line.value("model") is None
    assert line.names_any(("model", "seed"))
    assert line.trusts()
    assert line.trusts("hydra", "mine")
    assert not line.trusts("other")
    assert not CommandLine().trusts()


def test_a_run_folder_is_read_out_of_its_quotes() -> None:
    assert parsed(["resume='/runs/it\\'s (1)'"]).resumed == Path("/runs/it's (1)")
    assert parsed(["resume=/runs/it's"]).readable().resumed == Path("/runs/it's")


def test_nothing_typed_is_nothing() -> None:
    assert parsed([]).is_empty
    assert parsed([]).config_folders == []
    assert not parsed(["a=b"]).is_empty


@pytest.mark.parametrize(
    "words",
    [
        ["--config-dir", "mine", "a=b"],
        ["--config-dir=mine", "a=b"],
        ["a=b", "-cd", "mine"],
        ["--config-di", "mine", "a=b"],  # Hydra takes it for the whole flag
        ["a=b", "--config-p=mine"],
    ],
    ids=" ".join,
)
def test_folders_of_configs_are_found(words: list[str]) -> None:
    assert parsed(words).config_folders == [Path("mine")]


def test_it_is_read_and_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["deblurkit-data", "verify", "--version"])
    line = typed_line(lambda words: [word.replace("verify", "action=verify") for word in words])
    assert line.asks_version
    line.hand_on()
    assert sys.argv == ["deblurkit-data", "--version", "action=verify"]
