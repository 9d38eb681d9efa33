"""Commands where the locale knows no letters beyond ASCII and nobody may write at home."""

import csv
import os
from pathlib import Path

import pytest
from running import begun_anew
from skimage import data

from deblurkit.imaging.formats.files import write_image

NAME = "Köln, 8 Uhr ☀.png"


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    surroundings = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "HOME": "/proc"}
    for name, value in surroundings.items():
        monkeypatch.setenv(name, value)
    write_image(tmp_path / "in" / NAME, data.astronaut()[:96, :80])


def test_deblur_names_files_as_they_are_called(tmp_path: Path) -> None:
    (tmp_path / "in" / "é.png").write_bytes(b"no picture")
    given = ("in", "output=out", "model=unsharp", "page=true")
    printed = begun_anew("deblur", *given, folder=tmp_path, code=1)
    assert "1 of 2 pictures restored to out" in printed
    assert "not restored: " in printed
    files = {file.name for file in (tmp_path / "out").iterdir()}
    assert files == {NAME, "page.html", "restored.csv", ".deblurkit"}
    assert "ln, 8 Uhr" in (tmp_path / "out" / "page.html").read_text("utf-8")


def test_names_may_be_of_any_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As those of a disk that was written before UTF-8."""
    monkeypatch.delenv("LC_ALL")
    (old,) = (tmp_path / "in").iterdir()
    latin = os.fsdecode("Köln.png".encode("latin-1"))
    old.rename(tmp_path / "in" / latin)
    scored = trained(tmp_path)
    assert [row["name"] for row in scored] == [Path(latin).stem]
    sharp = ("data=folder_sharp", "data.root=in", "data.test.start=0", "page=true")
    begun_anew("eval", "model=unsharp", *sharp, folder=tmp_path)
    begun_anew("deblur", "in", "output=out", "model=unsharp", folder=tmp_path)
    assert (tmp_path / "out" / latin).is_file()


def trained(folder: Path) -> list[dict[str, str]]:
    """Scores of the test pictures in ``folder/in``."""
    pictures = "deblurkit.data.sources.folders.FolderPictures"
    test = f"{{_target_:{pictures},root:{folder / 'in'},role:sharp}}"
    given = ("model=dclnet_tiny", "data.val=null", f"data.test={test}", "hydra.run.dir=run")
    assert "PSNR in dB" in begun_anew("train", *given, folder=folder)
    table = folder / "run" / "scores" / "test.csv"
    with table.open(encoding="utf-8", errors="surrogateescape") as stream:
        return list(csv.DictReader(stream))


def test_training_and_its_table(tmp_path: Path) -> None:
    assert [row["name"] for row in trained(tmp_path)] == [Path(NAME).stem]
