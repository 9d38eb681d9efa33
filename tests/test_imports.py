"""What an import and a question to a command may cost: no torch, no network, no word."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("torch", "lightning", "kornia", "albumentations", "wandb", "torchmetrics")
COMMANDS = ("train", "eval", "deblur", "blur", "data", "convert", "export")
# Runs before every program: whoever asks the network fails, and heavy modules are told at the end.
BEFORE = f"""
import atexit, socket, sys

def refused(*arguments, **options):
    raise AssertionError(f"the network was asked: {{arguments}}")

socket.socket.connect = socket.socket.connect_ex = refused
socket.getaddrinfo = socket.create_connection = refused

@atexit.register
def tell():
    heavy = [name for name in {HEAVY} if name in sys.modules]
    if heavy:
        print("imported:", *heavy, file=sys.stderr)

"""


def answer(program: str, *arguments: str, folder: Path, **environment: str) -> str:
    """What a program prints on a quiet machine; it must not warn, fail or load heavy modules."""
    done = subprocess.run(
        [sys.executable, "-c", BEFORE + program, *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.returncode == 0
    assert not list(folder.iterdir()), "a question leaves nothing behind"
    return done.stdout


def command(name: str, *arguments: str, folder: Path, **environment: str) -> str:
    program = f"from deblurkit.cli.{name} import main\nmain()"
    return answer(program, *arguments, folder=folder, **environment)


def test_the_import_is_light_and_silent(tmp_path: Path) -> None:
    assert answer("import deblurkit", folder=tmp_path) == ""


def test_methods_are_listed_and_configs_composed_without_torch(tmp_path: Path) -> None:
    program = "import deblurkit; print(deblurkit.available_methods(), deblurkit.compose().seed)"
    assert "'dclnet'" in answer(program, folder=tmp_path)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_is_light(name: str, tmp_path: Path) -> None:
    assert f"deblurkit-{name}" in command(name, "--help", folder=tmp_path)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_config_is_shown_without_torch(name: str, tmp_path: Path) -> None:
    assert "seed: 0" in command(name, "--cfg", "job", folder=tmp_path)


def test_the_version_is_ours(tmp_path: Path) -> None:
    import deblurkit

    shown = command("train", "--version", folder=tmp_path)
    assert shown.split() == ["deblurkit", deblurkit.__version__]


def test_completion_knows_the_methods(tmp_path: Path) -> None:
    line = "deblurkit-train model=dcl"
    shown = command("train", "-sc", "query=bash", folder=tmp_path, COMP_LINE=line)
    assert "model=dclnet" in shown.split()


def test_what_looks_at_names_and_files_is_light(tmp_path: Path) -> None:
    program = (
        "from deblurkit.commands.restore import journal; from deblurkit.commands.shared import "
    )
    assert answer(f"{program}inputs, names, sweeps", folder=tmp_path) == ""
