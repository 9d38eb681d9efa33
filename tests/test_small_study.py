"""Studies of the small weights: licences that are read, the file that is written."""

import runpy
from pathlib import Path
from typing import Any

import pytest
import torch
from running import config, run
from safetensors.torch import load_file

import deblurkit

STUDIES = Path(__file__).parents[1] / "studies"
COPYRIGHT = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
Copyright: 2014 Somebody
License: CC0-1.0

Files: wallpapers/lake.jpg
       wallpapers/hill.jpg
Copyright: 2018, A. Photographer
           2019, B. Photographer
License: CC-BY-SA-4.0
Comment: lake.png is another file

Files: nature/Wood.jpg
Copyright: 2008, C. Photographer
License: GPL-2+
"""


def study(name: str) -> dict[str, Any]:
    return runpy.run_path(str(STUDIES / f"{name}.py"))


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("lake.jpg", ("CC-BY-SA-4.0", "2018, A. Photographer 2019, B. Photographer")),
        ("wallpapers/hill.jpg", ("CC-BY-SA-4.0", "2018, A. Photographer 2019, B. Photographer")),
        ("Wood.jpg", ("GPL-2+", "2008, C. Photographer")),
        ("lake.png", ("", "")),
        ("unnamed.jpg", ("", "")),  # a paragraph for all files names none
        ("ake.jpg", ("", "")),
    ],
)
def test_a_licence_is_that_of_the_file_itself(name: str, answer: tuple[str, str]) -> None:
    assert study("free_photographs")["stated"](COPYRIGHT, name) == answer


def test_a_photograph_under_another_licence_stays_out(tmp_path: Path) -> None:
    (tmp_path / "usr/share/doc/nature").mkdir(parents=True)
    (tmp_path / "usr/share/doc/nature/copyright").write_text(COPYRIGHT)
    (tmp_path / "Wood.jpg").write_bytes(b"")
    with pytest.raises(SystemExit, match=r"gives Wood\.jpg one of the licences CC0-1\.0"):
        study("free_photographs")["wallpaper"](tmp_path, "Wood.jpg", [2], ["CC0-1.0"])


def test_a_command_is_noted_without_the_folders_of_its_machine() -> None:
    command = "/home/me/train.py experiment=small 'weights=/tmp/my file.ckpt' data.root=data seed=2"
    assert study("small_file")["portable"](command) == (
        "deblurkit-train experiment=small 'weights=my file.ckpt' data.root=data seed=2"
    )


def test_the_file_goes_on_and_tells_its_trainings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = ("model.backbone.channels=4", "model.backbone.middle_blocks=1")
    given = ("model=residual_u", *sizes, "callbacks=[default,ema]", "trainer.max_epochs=1")
    main = study("small_file")["main"]
    weights = tmp_path / "small.safetensors"
    for number, more in enumerate(((), (f"weights={weights}",))):
        folder = tmp_path / f"run{number}"
        checkpoint = run(config(folder, *given, *more))
        monkeypatch.setattr("sys.argv", ["small_file.py", str(folder), str(weights)])
        main()
    assert {value.dtype for value in load_file(weights).values()} == {torch.float16}
    origin = deblurkit.load(weights).origin
    assert origin is not None
    assert origin["licence"] == "Apache-2.0"
    assert [training["steps"] for training in origin["trainings"]] == [3, 3]
    state = deblurkit.load(weights).state_dict()
    average = {name: value.half().float() for name, value in checkpoint["state_dict"].items()}
    assert all(value.equal(average[name]) for name, value in state.items())
