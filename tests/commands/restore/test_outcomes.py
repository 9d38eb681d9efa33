"""``restored.csv``: what became of every file of a batch, whatever its name, however it ends."""

import csv
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
from deblurring import deblur
from PIL import Image

from deblurkit.commands.restore.outcomes import COLUMNS, Outcomes
from deblurkit.commands.restore.picture_files import PictureWriter
from deblurkit.commands.restore.restore_files import restore_files
from deblurkit.config import compose
from deblurkit.errors import InputError
from deblurkit.imaging.formats.files import write_image

FLAT = np.full((6, 7, 3), 90, np.uint8)
NAMES = ("a, b.png", 'say "c".png', "two\nlines.png", "=1+1.png", os.fsdecode(b"K\xf6ln.png"))


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "restored.csv").open(
        encoding="utf-8", errors="surrogateescape", newline=""
    ) as stream:
        rows = list(csv.DictReader(stream))
    assert all(tuple(row) == COLUMNS for row in rows)
    return rows


def write(folder: Path, *names: str) -> None:
    for name in names:
        write_image(folder / "in" / "aside.png", FLAT)
        (folder / "in" / "aside.png").rename(folder / "in" / name)


def test_every_file_has_a_row_whatever_it_is_called(tmp_path: Path) -> None:
    write(tmp_path, *NAMES)
    (tmp_path / "in" / "broken, too.png").write_bytes(b"no picture")
    assert deblur(tmp_path) == 1
    rows = {Path(row["file"]).name: row for row in table(tmp_path / "out")}
    assert set(rows) == {*NAMES, "broken, too.png"}
    for name in NAMES:
        row = rows[name]
        assert row["file"] == str(tmp_path / "in" / name)
        assert row["result"] == str(tmp_path / "out" / name)
        assert Path(row["result"]).is_file()
        assert (row["method"], row["outcome"], row["why"]) == ("UnsharpMask", "restored", "")
        assert 0 < float(row["seconds"]) < 60
    failed = rows["broken, too.png"]
    assert (failed["result"], failed["outcome"], failed["seconds"]) == ("", "failed", "")
    assert "broken, too.png cannot be read: it is no" in failed["why"]


def test_what_was_kept_says_why_and_weights_are_named(tmp_path: Path) -> None:
    for name, pixels in (("flat.png", FLAT), ("sharp.png", skimage.data.chelsea()[60:220, :200])):
        write_image(tmp_path / "in" / name, pixels)
    places = (f"inputs=[{tmp_path / 'in'}]", f"output={tmp_path / 'out'}", f"paths.run={tmp_path}")
    quiet = "trainer.enable_progress_bar=false"
    assert restore_files(compose(*places, quiet, config="deblur")) == 0
    flat, sharp = table(tmp_path / "out")
    assert sharp["outcome"] == "kept"
    assert sharp["why"].startswith("it is sharp already (blur 0.")
    assert sharp["result"] == str(tmp_path / "out" / "sharp.png")
    assert flat["method"] == sharp["method"] == "NAFNet (weights=tiny)"


def test_a_batch_that_goes_on_has_all_its_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Interrupted after two files; then the rest, with another file that fails."""
    write(tmp_path, "1.png", "2.png", "3.png", "4.png")
    write_picture = PictureWriter.after

    def interrupted(self: PictureWriter, *arguments: Any) -> None:
        if self.written == 2:
            raise KeyboardInterrupt
        write_picture(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(PictureWriter, "after", interrupted)
        with pytest.raises((KeyboardInterrupt, SystemExit)):
            deblur(tmp_path)
    before = table(tmp_path / "out")
    assert [Path(row["file"]).name for row in before] == ["1.png", "2.png"]
    (tmp_path / "in" / "3.png").write_bytes(b"no picture")
    assert deblur(tmp_path) == 1
    after = table(tmp_path / "out")
    assert after[:2] == before, "their seconds are those of the first start"
    assert [row["outcome"] for row in after] == ["restored", "restored", "failed", "restored"]
    write(tmp_path, "3.png")
    assert deblur(tmp_path) == 0
    assert [row["outcome"] for row in table(tmp_path / "out")] == ["restored"] * 4


def test_a_killed_command_has_noted_what_it_finished(tmp_path: Path) -> None:
    """Nobody wrote a table; the next start has the whole batch in it."""
    write(tmp_path, "1.png", "2.png", "3.png")
    assert deblur(tmp_path) == 0
    (tmp_path / "out" / "restored.csv").unlink()
    notes = tmp_path / "out" / ".deblurkit" / "outcomes_0.jsonl"
    notes.write_text(notes.read_text()[:-20])  # the last one was cut
    assert deblur(tmp_path) == 0
    rows = table(tmp_path / "out")
    assert [Path(row["file"]).name for row in rows] == ["1.png", "2.png", "3.png"]
    assert [row["why"] for row in rows] == ["", "", "by an earlier start"]


def test_results_of_other_commands_stay_in_the_table_as_long_as_they_exist(tmp_path: Path) -> None:
    write(tmp_path, "1.png", "2.png", "3.png")
    assert deblur(tmp_path) == 0
    for name in ("1.png", "2.png"):
        (tmp_path / "in" / name).unlink()
    (tmp_path / "out" / "2.png").unlink()
    assert deblur(tmp_path, "model.amount=0.5") == 0
    assert [Path(row["file"]).name for row in table(tmp_path / "out")] == ["3.png", "1.png"]


def test_a_single_file_needs_no_table(tmp_path: Path) -> None:
    write(tmp_path, "1.png")
    assert deblur(tmp_path) == 0
    assert not (tmp_path / "out" / "restored.csv").exists()


def test_a_table_of_somebody_else_stays(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(tmp_path, "1.png", "2.png")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "restored.csv").write_text("paintings,year\nNight Watch,1642\n")
    assert deblur(tmp_path) == 0
    assert (tmp_path / "out" / "restored.csv").read_text().startswith("paintings")
    assert "restored.csv is no table of deblurkit-deblur and stays" in caplog.text


def test_of_several_devices_the_newest_note_holds(tmp_path: Path) -> None:
    """The devices of a later start share the files differently."""
    file, target = tmp_path / "a.png", tmp_path / "out" / "a.png"
    target.parent.mkdir()
    target.touch()
    first, second = (Outcomes(target.parent, method="Wiener", rank=rank) for rank in (1, 0))
    first.note(file, target, "kept", why="it is sharp already", seconds=1.0)
    second.note(file, target, "restored", seconds=2.0)
    second.write([(file, target), (file, tmp_path / "not begun.png")])
    (row,) = table(target.parent)
    assert (row["outcome"], row["seconds"]) == ("restored", "2.0")


def test_a_disk_that_refuses_is_told_and_ends_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "1.png", "2.png")

    def refused(path: Path, rows: Any) -> None:
        raise InputError(f"{path} cannot be written: No space left on device")

    monkeypatch.setattr("deblurkit.commands.restore.outcomes.write_rows", refused)
    assert deblur(tmp_path) == 0
    assert (tmp_path / "out" / "2.png").is_file()
    assert "no table of this batch: " in caplog.text
    assert "restored.csv cannot be written: No space left" in caplog.text


def test_notes_that_cannot_be_made_do_not_end_the_batch(tmp_path: Path) -> None:
    """A file stands where the folder of notes would be."""
    file, target = tmp_path / "a.png", tmp_path / "out" / "a.png"
    target.parent.mkdir()
    (target.parent / ".deblurkit").touch()
    outcomes = Outcomes(target.parent, method="Wiener", rank=0)
    outcomes.note(file, target, "failed", why="the disk is full")
    outcomes.write([(file, target), (file, tmp_path / "out" / "b.png")])
    (row,) = table(target.parent)
    assert (row["outcome"], row["why"], row["result"]) == ("failed", "the disk is full", "")


def test_a_file_of_several_pages_has_one_row(tmp_path: Path) -> None:
    """Its seconds are those of all pages; it was kept only if each of them was."""
    sharp = skimage.data.chelsea()[60:220, :200]
    (tmp_path / "in").mkdir()
    for name, pages in (("mixed.tif", [sharp, FLAT]), ("sharp.tif", [sharp, sharp])):
        first, *others = (Image.fromarray(page) for page in pages)
        first.save(tmp_path / "in" / name, save_all=True, append_images=others)
    places = (f"inputs=[{tmp_path / 'in'}]", f"output={tmp_path / 'out'}", f"paths.run={tmp_path}")
    quiet = "trainer.enable_progress_bar=false"
    assert restore_files(compose(*places, quiet, "suffix=.tif", config="deblur")) == 0
    mixed, kept = table(tmp_path / "out")
    assert mixed["outcome"] == "restored"
    assert mixed["why"].startswith("1 of 2 pages: it is sharp already")
    assert kept["outcome"] == "kept"
    assert kept["why"].startswith("it is sharp already")


def test_what_a_result_is_without_stands_in_its_row(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Pages that a PNG does not hold. Where nothing is written, the file is named all the same."""
    (tmp_path / "in").mkdir()
    page = Image.fromarray(FLAT)
    page.save(tmp_path / "in" / "a.tif", save_all=True, append_images=[page, page])
    page.save(tmp_path / "in" / "b.tif")
    assert deblur(tmp_path) == 0
    stack, single = table(tmp_path / "out")
    assert (stack["outcome"], single["why"]) == ("restored", "")
    assert stack["why"].startswith("without ")
    assert "2" in stack["why"]
    assert "page" in stack["why"]
    Image.new("RGBA", (6, 7)).save(tmp_path / "clear.png")
    to_jpeg = (f"inputs=[{tmp_path / 'clear.png'}]", f"output={tmp_path / 'j.jpg'}")
    with caplog.at_level("INFO", logger="deblurkit"):
        assert deblur(tmp_path, *to_jpeg) == 1
    assert f"0 of 1 pictures restored to {tmp_path / 'j.jpg'} by" in caplog.text
