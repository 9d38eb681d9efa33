"""``output=`` that names a file, and folders that cannot be made."""

import logging
from pathlib import Path

import numpy as np
import pytest
from deblurring import deblur
from running import command_line

from deblurkit.imaging.formats.files import read_image, write_image

IDENTITY = ("model=unsharp", "model.amount=0", "trainer.enable_progress_bar=off")


def write(*files: Path) -> None:
    for file in files:
        write_image(file, np.full((5, 6, 3), 7, np.uint8))


def test_a_single_result_is_the_file_that_output_names(tmp_path: Path) -> None:
    write(tmp_path / "~t.png")
    printed = command_line("deblur", "~t.png", "output=new/result.tif", *IDENTITY, folder=tmp_path)
    said = "~t.png restored by UnsharpMask (model=unsharp): new/result.tif"
    assert printed.strip().splitlines()[-1] == said
    assert {file.name for file in (tmp_path / "new").iterdir()} == {"result.tif", ".deblurkit"}
    assert (read_image(tmp_path / "new" / "result.tif") == 7).all()


def test_what_output_cannot_be_is_one_sentence_and_nothing_is_made(tmp_path: Path) -> None:
    write(tmp_path / "in" / "a.png", tmp_path / "in" / "b.png")
    (tmp_path / "notes").touch()
    refusals = {
        "output=r.png": "output=r.png is one file and there are 2 pictures: give a folder",
        "output=r.gif": "suffix must be one of .bmp, ",
        "output=in": "output=in is the folder of the pictures; results need a folder of their own",
        "output=notes/r": "notes/r",
    }
    for output, said in refusals.items():
        printed = command_line("deblur", "in", output, *IDENTITY, folder=tmp_path, code=2)
        assert printed.count("\n") == 1
        assert said in printed
    assert "cannot be made or written: Not a directory; choose another folder with" in printed
    assert {file.name for file in tmp_path.iterdir()} == {"in", "notes"}
    assert {file.name for file in (tmp_path / "in").iterdir()} == {"a.png", "b.png"}


def test_a_second_start_says_that_the_file_is_there(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path / "in" / "a.png")
    for said in ("restored by UnsharpMask: {}", "restored by UnsharpMask: {}, before; delete it"):
        caplog.clear()
        with caplog.at_level(logging.INFO, logger="deblurkit"):
            assert deblur(tmp_path, f"output={tmp_path}/r.png") == 0
        assert f"a.png {said.format(tmp_path / 'r.png')}" in caplog.text
    assert deblur(tmp_path, f"output={tmp_path}/r.png", "page=on", "compare=on", "seed=1") == 0
    names = {file.name for file in tmp_path.iterdir()}
    assert {"r.png", "r_compared.png", "page.html"} <= names


def test_a_refused_command_leaves_no_folder(tmp_path: Path) -> None:
    write(tmp_path / "a.png")
    for command, given, words in (
        ("deblur", ("a.png", "suffix=.xyz"), "suffix must be one of"),
        ("eval", ("data=photos",), "give either weights="),
    ):
        assert words in command_line(command, *given, folder=tmp_path, code=2)
        assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
