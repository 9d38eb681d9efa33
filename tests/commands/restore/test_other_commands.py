"""Several commands with one folder of results, in which somebody may have files of his own."""

import csv
import logging
from pathlib import Path

import numpy as np
import pytest
from blind_scenes import SIZE, TINY, scene
from deblurring import IDENTITY

from deblurkit.commands.restore.restore_files import restore_files
from deblurkit.config import compose
from deblurkit.errors import InputError
from deblurkit.imaging.formats.files import as_pixels, read_image, write_image


@pytest.fixture(autouse=True)
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two pictures of one stem in different folders, in the working folder."""
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate(("a/photo.png", "b/photo.png", "a/other.png")):
        write_image(Path(name), np.full((6, 7, 3), 50 * (number + 1), np.uint8))


def restored(*inputs: str, changes: tuple[str, ...] = (), model: tuple[str, ...] = IDENTITY) -> int:
    quiet = ("trainer.enable_progress_bar=false", "output=out", "paths.run=run")
    return restore_files(
        compose(*model, *quiet, f"inputs=[{','.join(inputs)}]", *changes, config="deblur")
    )


def levels(folder: str = "out") -> dict[str, int]:
    return {file.name: int(read_image(file)[0, 0, 0]) for file in Path(folder).glob("*.png")}


def test_results_of_an_earlier_command_stay_with_their_rows(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert restored("a/photo.png", "a/other.png") == 0
    assert restored("b/photo.png") == 0
    assert levels() == {"photo.png": 50, "other.png": 150, "photo_2.png": 100}
    lines = Path("out/restored.csv").read_text().splitlines()
    rows = {row["result"]: row["file"] for row in csv.DictReader(lines)}
    assert rows == {
        "out/photo.png": "a/photo.png",
        "out/other.png": "a/other.png",
        "out/photo_2.png": "b/photo.png",
    }
    with caplog.at_level(logging.INFO, logger="deblurkit"):
        assert restored("b/photo.png") == 0
        assert "out/photo_2.png, before; delete it" in caplog.text
        assert restored("a", "b/photo.png", changes=("model.amount=0.5",)) == 0
    assert "3 of 3 pictures restored to out (3 in place of earlier results) by" in caplog.text
    assert "names that were taken are numbered: b/photo.png to out/photo_2.png" in caplog.text
    assert levels() == {"photo.png": 50, "other.png": 150, "photo_2.png": 100}


def test_files_of_the_user_stay() -> None:
    """With names of a result, of what lies beside it, and of the page."""
    own = np.full((3, 3, 3), 7, np.uint8)
    for name in ("photo.png", "other_compared.png"):
        write_image(Path("out") / name, own)
    Path("out/page.html").write_text("mine")
    for _ in range(2):  # the second time finds its own
        assert restored("a", changes=("compare=on", "page=on")) == 0
    made = levels()
    assert {"photo_2_compared.png", "other_2_compared.png"} < made.keys()
    kept = ("photo.png", "other_compared.png")
    results = ("photo_2.png", "other_2.png")
    assert [made[name] for name in (*kept, *results)] == [7, 7, 50, 150]
    assert len(made) == 6
    assert Path("out/page.html").read_text() == "mine"
    assert {file.name for file in Path("out").glob("*.html")} == {"page.html", "page_2.html"}
    assert restored("b", changes=("page=on",)) == 0
    assert Path("out/page_3.html").is_file()  # the page of the others is kept


def test_a_file_that_is_named_is_not_written_over() -> None:
    Path("r.png").write_bytes(Path("b/photo.png").read_bytes())
    with pytest.raises(InputError, match=r"r\.png is there already and was not made from a/photo"):
        restored("a/photo.png", changes=("output=r.png",))
    assert levels(".") == {"r.png": 100}


def test_a_kernel_takes_no_other_picture_s_name() -> None:
    """Neither that of a result of the same command nor that of an earlier one."""
    for name in ("c/s.png", "c/s_kernel.png"):
        write_image(Path(name), as_pixels(scene(24, 24)[1]))
    blind = ("model=selfdeblur", "model.priors.stopping.iterations=2", *TINY)
    assert restored("c/s_kernel.png", "c/s.png", changes=(f"kernel_size={SIZE}",), model=blind) == 0
    names = {"s_kernel.png", "s_kernel_kernel.png", "s_2.png", "s_2_kernel.png"}
    assert {file.name for file in Path("out").glob("*.png")} == names
    assert read_image(Path("out/s_kernel.png")).shape == (24, 24, 3)
    assert read_image(Path("out/s_2_kernel.png")).shape == (SIZE, SIZE, 3)
    assert restored("c/s_kernel.png", "c/s.png") == 0  # without a kernel
    kept = {file.name for file in Path("out").glob("*.png")}
    assert kept == {"s_kernel.png", "s_2.png"}
