"""Configs of strangers: what they ask of Hydra is refused before Hydra does it."""

import os
import sys
from pathlib import Path

import pytest
from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf
from running import DIRECT, command_line, config, run

from deblurkit.cli import train as command
from deblurkit.cli.command_line import parsed
from deblurkit.cli.configs.untrusted_configs import require_harmless_folders, run_config
from deblurkit.commands.shared.record import write_record
from deblurkit.errors import InputError

CALL = "{_target_: os.system, command: touch canary}"
LOGGING = "{version: 1, handlers: {h: {(): os.system, command: touch canary}}}"
RUNS = {
    "hydra callbacks": (f"hydra: {{callbacks: {{x: {CALL}}}}}", "sets up Hydra itself"),
    "hydra launcher": (f"hydra: {{launcher: {CALL}}}", "sets up Hydra itself"),
    "hydra sweeper": (f"hydra: {{sweeper: {CALL}}}", "sets up Hydra itself"),
    "logging factory": (f"hydra: {{job_logging: {LOGGING}}}", "sets up Hydra itself"),
    "logging of Hydra": (f"hydra: {{hydra_logging: {LOGGING}}}", "sets up Hydra itself"),
    "environment": ("hydra: {job: {env_set: {LD_PRELOAD: ./a.so}}}", "sets up Hydra itself"),
    "search path": ("hydra: {searchpath: [file:///tmp]}", "sets up Hydra itself"),
    "package": (f"# @package hydra\ncallbacks: {{x: {CALL}}}", "sets up Hydra itself"),
    "package later": (f"\n\n  # @package hydra.callbacks\nx: {CALL}", "sets up Hydra itself"),
    "package after a mark": ("\ufeff# @package hydra\na: 1", "sets up Hydra itself|damaged"),
    "defaults": ("defaults: [override hydra/launcher: x]", "sets up Hydra itself"),
    "a list": ("[1, 2]", "sets up Hydra itself"),
    "trust": ("trust: [os]", r"trust them, add trust=\[os\]"),
    "python tag": ("a: !!python/object/apply:os.system [touch canary]", "damaged"),
    "python name": ("a: !!python/name:os.system", "damaged"),
    "no end": ("a: [", "damaged"),
    "cycle": ("a: &a [*a]", "refers to itself"),
    "laughs": ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]", "refers to itself"),
    "merge": ("a: &a {x: 1}\nb: {<<: *a}", "refers to itself"),
    "lists 10,000 deep": ("a: " + "[" * 10_000 + "]" * 10_000, "nested more than 50"),
    "2 MiB": ("# " + "x" * 2**21, "more than 1048576 bytes"),
    "no text": ("a: \x00", "damaged"),
    "resolver that makes": ("a: ${oc.create:{_target_:os.system}}", "it calls oc.create"),
    "resolver that decodes": ("a: ${oc.decode:${oc.env:HOME}}", "it calls oc.decode"),
    "resolver of Hydra": ("a: ${hydra:runtime.cwd}", "it calls hydra"),
    "resolver with spaces": ("a: '${ oc.decode : x }'", "it calls oc.decode"),
    "resolver in a key": ("'${oc.decode:x}': 1", "it calls oc.decode"),
    "secret": ("a: ${oc.env:AWS_SECRET_ACCESS_KEY}", "may be secret"),
    "secret with a default": ("a: b${oc.env:WANDB_API_KEY,none}", "may be secret"),
    "secret put together": ("a: ${oc.env:${b}}\nb: WANDB_API_KEY", "may be secret"),
    "secret within": ("a: ${absolute:${oc.env:GITHUB_TOKEN}}", "may be secret"),
}


@pytest.mark.parametrize("name", RUNS)
def test_a_strangers_run_folder_is_not_resumed(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text, words = RUNS[name]
    Path("config.yaml").write_text(text)
    with pytest.raises(InputError, match=words) as caught:
        run_config(tmp_path, parsed(["resume=."]))
    assert "\n" not in str(caught.value)
    assert not Path("canary").exists()


def test_a_config_that_is_no_file_or_10_gib_long(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "config.yaml")
    with pytest.raises(InputError, match="is no run folder"):
        run_config(tmp_path, parsed([]))
    (tmp_path / "config.yaml").unlink()
    (tmp_path / "config.yaml").touch()
    os.truncate(tmp_path / "config.yaml", 10 * 2**30)
    with pytest.raises(InputError, match="more than 1048576 bytes"):
        run_config(tmp_path, parsed([]))


def test_what_a_run_writes_is_resumed(tmp_path: Path) -> None:
    cfg = config(tmp_path, model=DIRECT)
    cfg.paths.data = "${oc.env:SCRATCH,/data}/pictures"
    write_record(cfg, tmp_path)
    with pytest.raises(InputError, match=r"add trust=\[toys\]"):
        run_config(tmp_path, parsed([]))
    text = run_config(tmp_path, parsed(["trust=[toys]"]))
    assert OmegaConf.create(text).model == DIRECT


GROUPS = {
    "experiment": ("experiment/a.yaml", f"# @package _global_\nhydra: {{callbacks: {CALL}}}"),
    "environment": ("experiment/a.yaml", "hydra: {job: {env_set: {LD_PRELOAD: ./a.so}}}"),
    "package": ("model/a.yaml", f"# @package hydra.callbacks.x\n{CALL}"),
    "folder": ("hydra/callbacks/a.yaml", CALL),
    "other ending": ("hydra/callbacks/a.yml", CALL),
    "defaults": ("model/a.yaml", "defaults: [/part@hydra.callbacks: x]"),
    "escaped": ("experiment/a.yaml", '"\\x68ydra": {job: {env_set: {A: b}}}'),
    "computed": ("experiment/a.yaml", "defaults: ['/part@${a}${b}: x']\na: hyd\nb: ra"),
    "primary": ("evil.yaml", "hydra: {launcher: {setup: [touch canary]}}"),
    "command": ("hydra/launcher/a.yaml", "{_target_: a.B, setup: [touch canary]}"),
    "cycle": ("model/a.yaml", "a: &a [*a]"),
    "lists 10,000 deep": ("model/a.yaml", "a: " + "[" * 10_000 + "]" * 10_000),
    "laughs": ("model/a.yaml", "\n".join(
        ["a0: &a0 [x, x]", *(f"a{n + 1}: &a{n + 1} [*a{n}, *a{n}]" for n in range(40))]
    )),
    "trust": ("experiment/a.yaml", "# @package _global_\ntrust: [os]"),
    "python tag": ("model/a.yaml", "a: !!python/object/apply:os.system [touch canary]"),
}  # fmt: skip


@pytest.mark.parametrize("flag", ["--config-dir", "-cd", "--config-d", "--config-path="])
@pytest.mark.parametrize("name", GROUPS)
def test_a_strangers_folder_of_configs(name: str, flag: str, tmp_path: Path) -> None:
    place, text = GROUPS[name]
    (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / place).write_text(text)
    given = [f"{flag}{tmp_path}"] if flag.endswith("=") else [flag, str(tmp_path)]
    words = "sets up Hydra, which could run|says what to trust; say it yourself|is damaged"
    with pytest.raises(InputError, match=words):
        require_harmless_folders(parsed(["model=a", *given]))


def test_a_folder_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "a.yaml").write_text("_target_: mine.A\nlr: &lr 1\nother: *lr")
    given = ["--config-dir", str(tmp_path)]
    require_harmless_folders(parsed(given))
    (tmp_path / "hparams.yaml").write_text("hydra: {sweeper: {params: {seed: 1}}}")
    with pytest.raises(InputError, match=r"add trust=\[hydra\]"):
        require_harmless_folders(parsed([*given, "trust=[mine]"]))
    require_harmless_folders(parsed([*given, "trust=[mine,hydra]"]))


def test_hydra_sees_the_config_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Groups that a stranger put beside it are not found, whatever the command line asks for."""
    write_record(config(tmp_path, model=DIRECT), tmp_path)
    (tmp_path / "trainer").mkdir()
    (tmp_path / "trainer" / "gpu.yaml").write_text(f"# @package hydra.callbacks.x\n{CALL}")
    seen = []
    monkeypatch.setattr(command, "task", lambda cfg: seen.append(HydraConfig.get().callbacks))
    arguments = ["train", f"resume={tmp_path}", "trust=[toys]", "+trainer=gpu"]
    monkeypatch.setattr(sys, "argv", arguments)
    monkeypatch.chdir(tmp_path)
    command.main()
    assert seen == [{}]
    assert not Path("canary").exists()


def test_the_commands_refuse_with_one_sentence(tmp_path: Path) -> None:
    for place, text in (
        ("config.yaml", RUNS["package"][0]),
        ("model/a.yaml", GROUPS["package"][1]),
    ):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_text(text)
    for given in (("resume=.",), ("--config-dir", ".", "model=a")):
        printed = command_line("train", *given, folder=tmp_path, code=2)
        assert "sets up Hydra" in printed
        assert "Traceback" not in printed
    assert not (tmp_path / "canary").exists()


def test_a_run_goes_on_from_the_copy(tmp_path: Path) -> None:
    run(config(tmp_path, model=DIRECT))
    command_line(
        "train", f"resume={tmp_path}", "trust=[toys]", "trainer.max_epochs=3", folder=tmp_path
    )
    assert "epoch" in (tmp_path / "metrics.csv").read_text()
