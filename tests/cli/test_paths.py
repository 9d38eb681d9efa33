"""Bare paths with any characters survive Hydra's parser and OmegaConf."""

import random
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from deblurkit.cli import train
from deblurkit.cli.command_line import CommandLine, parsed
from deblurkit.cli.paths import (
    flags_first,
    quoted,
    unquoted,
    with_quoted_paths,
    with_quoted_value,
)
from deblurkit.config import compose, plain
from deblurkit.errors import InputError

NAMES = [
    "photo.jpg",
    "IMG_1234 (1).jpg",
    " leading and trailing ",
    "it's.png",
    "'quoted'.png",
    'say "cheese".png',
    "back\\slash.png",
    "ends with a backslash\\",
    "two\\\\",
    "before a quote\\'.png",
    "two before a quote\\\\'.png",
    "${oc.env:HOME}.png",
    "\\${escaped}.png",
    "\\\\${twice}.png",
    "$HOME.png",
    "${",
    "}{",
    "a=b.png",
    "model=dclnet",
    "+a.b=c",
    "~a",
    "1,2,3.png",
    "[1, 2].png",
    "{a: b}.png",
    "a:b@c#d%e^f&g!h;i.png",
    "*.png",
    "null",
    "true",
    "3.14",
    "???",
    "-",
    "--",
    "größe 図 🙂 é.png",
    "tab\tand\nnewline.png",
    "folder/with/parts.png",
    "/absolute/path.png",
    "~/home.png",
]


def read_back(paths: list[str]) -> list[str]:
    arguments = ["weights=w", *with_quoted_paths(paths)]
    return plain(compose(*arguments, config="deblur").inputs)


def test_names_come_back_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = [name for name in NAMES if "/" not in name]
    for name in names:
        Path(name).touch()
    assert read_back(names) == names


@pytest.mark.parametrize("name", NAMES)
def test_a_quoted_name_comes_back_as_it_was(name: str) -> None:
    cfg = compose("weights=w", f"inputs=[{quoted(name)}]", config="deblur")
    assert plain(cfg.inputs) == [name]


@pytest.mark.parametrize("name", [name for name in NAMES if name not in {"null", "true"}])
def test_a_path_behind_a_key_comes_back_as_it_was(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    override = with_quoted_value(f"output={name}")
    if name == "'quoted'.png" or "${" in name or name == "???":
        return  # quotes, references and what is missing are left to Hydra
    assert compose(override, config="deblur").output == name.replace("~/", "/home/me/")


def test_what_is_no_path_is_not_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    same = ("output=runs/a_1/x.png", "weights=null", "weights='a b'", "model=a b")
    assert [with_quoted_value(override) for override in same] == [*same]
    assert parsed(["save=a,b"]).readable().value("save") == "'a,b'"
    for sweep in ("-m", "hparams_search=optuna"):
        assert parsed([sweep, "save=a,b"]).readable().value("save") == "a,b"
    assert with_quoted_value("output=2024") == "output='2024'"
    assert with_quoted_value("data.root=my pairs (1)") == "data.root='my pairs (1)'"
    for override in ("save=off", "weights=no", "output=", "output=null"):
        with pytest.raises(InputError, match=override):
            with_quoted_value(override)
    Path("off").mkdir()
    assert with_quoted_value("save=off") == "save=off"


@pytest.mark.parametrize("name", NAMES)
def test_quotes_come_off_again(name: str) -> None:
    assert unquoted(quoted(name)) == name


def test_random_names_come_back_as_they_were() -> None:
    generator = random.Random(0)
    signs = "'\"\\\\\\${}[](),=:~+-*?#@&|; \tab1é図"
    names = ["".join(generator.choices(signs, k=generator.randint(1, 12))) for _ in range(600)]
    cfg = compose("weights=w", f"inputs=[{','.join(map(quoted, names))}]", config="deblur")
    assert plain(cfg.inputs) == names


def test_paths_are_told_from_overrides_and_flags(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("tile=8").touch()
    Path("-dash.png").touch()
    given = ["a.png", "output=out", "tile=8", "--cfg", "job", "-dash.png", "+x=1", "b c.png"]
    assert with_quoted_paths(given) == [
        *("output=out", "--cfg", "job", "+x=1"),
        "inputs=['a.png','tile=8','-dash.png','b c.png']",
    ]
    assert with_quoted_paths(["output=out"]) == ["output=out"]


def test_the_value_of_a_flag_is_no_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("job").touch()
    given = ["a.png", "--cfg", "job", "-cd", "configs"]
    assert with_quoted_paths(given) == ["--cfg", "job", "-cd", "configs", "inputs=['a.png']"]


@pytest.mark.parametrize("long", ["x" * 300 + ".png", "data={" + "a:1," * 100 + "b:2}"])
def test_arguments_longer_than_a_file_name_are_looked_at(long: str) -> None:
    key, _, _ = long.partition("=")
    assert with_quoted_paths([long]) == ([long] if key == "data" else [f"inputs=['{long}']"])


def test_an_empty_argument_is_not_the_working_folder() -> None:
    assert with_quoted_paths(["", "a.png"]) == ["inputs=['a.png']"]


def test_a_key_of_another_command() -> None:
    assert with_quoted_paths(["a b"], key="sharp") == ["sharp=['a b']"]


def test_flags_stand_before_overrides() -> None:
    given = ["model=dclnet", "-m", "data=photos", "--config-dir", "mine", "seed=1", "--cfg=job"]
    assert flags_first(given) == [
        *("-m", "--config-dir", "mine", "--cfg=job"),
        *("model=dclnet", "data=photos", "seed=1"),
    ]


def test_a_run_folder_with_any_name_is_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, configs = tmp_path / "it's ${run} [1, 2] = {a: b}\\", tmp_path / "my, (configs)"
    folder.mkdir()
    (folder / "config.yaml").write_text("seed: 0")
    lines: list[CommandLine] = []
    monkeypatch.setattr(train, "run_command", lambda *given, **_: lines.append(given[2]))
    monkeypatch.setattr(train, "conf_dir", lambda: configs)
    train.resume(folder, CommandLine())
    overrides = OverridesParser.create().parse_overrides(lines[0].arguments)
    values = {override.key_or_group: override.value() for override in overrides}
    assert OmegaConf.create({"dir": str(values["hydra.run.dir"])}).dir == str(folder)
    assert [str(place) for place in values["hydra.searchpath"]] == [f"file://{configs}"]


@pytest.mark.parametrize(
    ("override", "way_out"),
    [
        ("model=nafnet", "model.optimizer.lr=1e-5"),
        ("data=photos", "data.batch_size=4"),
        ("trainer=gpu", "+trainer=gpu"),
        ("+experiment=small", "trainer.max_epochs=40"),
        ("~logger", "trainer.max_epochs=40"),
    ],
)
def test_a_run_that_goes_on_chooses_no_other_config(
    override: str, way_out: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.yaml").write_text("seed: 0")
    with pytest.raises(SystemExit) as end:
        train.resume(tmp_path, CommandLine(overrides=("seed=0", override)))
    said = capsys.readouterr().err
    assert end.value.code == 2
    assert f"{override} chooses another config, and resume= goes on with those of the run" in said
    assert f"such as {way_out} ({tmp_path / 'config.yaml'} lists them)" in said


def test_a_group_that_a_command_does_not_have_is_named() -> None:
    with pytest.raises(InputError, match=r"^this command takes no data=; --help lists what it"):
        compose("data=photos", config="deblur")


def test_paths_beside_a_list_of_them_are_refused() -> None:
    with pytest.raises(InputError, match=r"a\.png and inputs=\[b\.png\] both name what is read"):
        with_quoted_paths(["a.png", "inputs=[b.png]"])
    assert with_quoted_paths(["inputs=[b.png]"]) == ["inputs=[b.png]"]
