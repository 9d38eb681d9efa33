"""What an import and a question to a command may cost: no torch, no network, no word."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("torch", "lightning", "kornia", "albumentations", "wandb", "torchmetrics")
# Of those and others, what no picture is restored with.
OF_TRAINING = (*HEAVY[1:], "scipy", "skimage", "sympy", "torch._dynamo", "jinja2", "tensorboard")
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


def imported_by(program: str, *arguments: str, folder: Path, code: int = 0) -> tuple[str, set[str]]:
    """What a program prints, and which heavy packages it imports."""
    told = BEFORE.replace(str(HEAVY), str(("torch", *OF_TRAINING)))
    done = subprocess.run(
        [sys.executable, "-c", told + program, *arguments],
        cwd=folder,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    *said, last = ["", *done.stderr.splitlines()]
    packages = last.removeprefix("imported: ").split() if last.startswith("imported: ") else []
    return done.stdout + "\n".join([*said, *([] if packages else [last])]), {*packages}


DEBLUR = "from deblurkit.cli.deblur import main\nmain()"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (
            ["photo.pgn"],
            1,
            "not restored: photo.pgn: photo.pgn cannot be read: there is no such file",
        ),
        (["."], 2, "deblurkit: found no picture"),
        (["here.png", "weights=tyni"], 2, "deblurkit: tyni is no file; weights= takes"),
        (["here.png", "suffix=.xyz"], 2, "deblurkit: suffix must be one of .bmp"),
        (["here.png", "wieghts=tiny"], 2, "deblurkit: there is no wieghts; did you mean weights?"),
    ],
)
def test_mistakes_are_answered_without_torch(
    words: list[str], code: int, said: str, tmp_path: Path
) -> None:
    if words[0] == "here.png":
        (tmp_path / "here.png").write_bytes(b"looked at by nobody")
    printed, packages = imported_by(DEBLUR, *words, folder=tmp_path, code=code)
    assert said in printed
    assert not packages


def test_the_sentence_on_a_file_that_is_not_there_is_that_of_whoever_reads_it(
    tmp_path: Path,
) -> None:
    from deblurkit.commands.restore.restore_files import ABSENT
    from deblurkit.errors import PictureError
    from deblurkit.imaging.formats.files import read_picture

    with pytest.raises(PictureError) as caught:
        read_picture(tmp_path / "photo.png")
    assert str(caught.value) == ABSENT.format(tmp_path / "photo.png")


def test_a_picture_is_restored_without_what_only_a_training_needs(tmp_path: Path) -> None:
    """More than 128 pixels wide, so that the memory it takes is tried, too."""
    import numpy as np

    from deblurkit.imaging.formats.files import write_image

    write_image(tmp_path / "s.png", np.tile(np.linspace(0, 0.9, 144), (32, 1)))
    printed, packages = imported_by(DEBLUR, "s.png", "guard=off", folder=tmp_path)
    first, last = printed.strip().splitlines()
    assert first == "1 picture, tiny, CPU"
    assert last.startswith("s.png restored by NAFNet (weights=tiny)")
    assert packages == {"torch"}


def test_methods_are_built_and_loaded_without_what_only_a_training_needs(tmp_path: Path) -> None:
    program = (
        "import deblurkit, torch; method = deblurkit.load('tiny'); "
        "deblurkit.build('dclnet_tiny'); deblurkit.build('deblurgan'); "
        "print(method.restore(torch.rand(1, 3, 30, 40)).shape, method.device)"
    )
    printed, packages = imported_by(program, folder=tmp_path)
    assert printed.strip() == "torch.Size([1, 3, 30, 40]) cpu"
    assert packages == {"torch"}


LATE = """
import copy, torch, deblurkit
first = deblurkit.build("dclnet_tiny", "backbone.channels=4")
copied, asked = copy.deepcopy(first), deblurkit.build("deblurgan", "generator.channels=4")
assert type(first).__mro__[-1] is object and "lightning" not in sys.modules
assert not hasattr(first, "_nothing") and "lightning" not in sys.modules
assert asked.current_epoch == 0  # imports Lightning
import lightning
from deblurkit.methods.frame.base import RestorationMethod
assert RestorationMethod.__bases__[0] is lightning.LightningModule
assert isinstance(copied, lightning.LightningModule) and not asked.automatic_optimization
later = deblurkit.build("dclnet_tiny", "backbone.channels=4")
assert vars(later).keys() - vars(first).keys() == set()
pair = {"blurred": torch.rand(2, 3, 32, 32), "sharp": torch.rand(2, 3, 32, 32), "name": ["a", "b"]}
loader = torch.utils.data.DataLoader([{"paired": pair}], batch_size=None)
quiet = dict(logger=False, enable_checkpointing=False, enable_progress_bar=False)
trainer = lightning.Trainer(max_epochs=1, enable_model_summary=False, accelerator="cpu", **quiet)
trainer.fit(copied, loader)
print("steps:", copied.global_step)
"""


def test_methods_built_before_lightning_is_imported_are_lightning_modules_afterwards(
    tmp_path: Path,
) -> None:
    printed, packages = imported_by(LATE, folder=tmp_path)
    assert "steps: 1" in printed
    assert "lightning" in packages
