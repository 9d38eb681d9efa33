"""What is there and is not restored is said, by name and count."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from deblurring import config, deblur
from picture_kinds import photograph, saved
from PIL import Image

from deblurkit.commands.blur.blur_files import blur_files
from deblurkit.commands.restore.restore_files import restore_files
from deblurkit.commands.shared.passed_over import warn_of_losses
from deblurkit.config import compose
from deblurkit.errors import InputError
from deblurkit.imaging.formats.files import read_image

FOREIGN = ("a.heic", "b.HEIC", "c.nef", "d.mp4", "deep/e.jxl")


def mixed_folder(folder: Path) -> None:
    """Five pictures that are read, five files that are not, and what is no picture."""
    picture = Image.fromarray(photograph(16, 20))
    (folder / "deep").mkdir(parents=True)
    for name in FOREIGN:
        (folder / name).write_bytes(b"\0\0\0\x18ftypheic")
    for name in ("1.jfif", "2.mpo", "deep/3.JPE"):
        (folder / name).write_bytes(saved(picture, "JPEG"))
    (folder / "4.avif").write_bytes(saved(picture, "AVIF"))
    (folder / "5.pnm").write_bytes(saved(picture, "PPM"))
    (folder / "notes.txt").write_text("no picture")
    (folder / "a.heic.xmp").write_text("no picture")


def test_kinds_that_are_not_read_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    mixed_folder(tmp_path / "in")
    caplog.set_level("INFO")
    assert deblur(tmp_path) == 0
    written = {
        file.relative_to(tmp_path / "out").as_posix() for file in tmp_path.rglob("out/**/*.png")
    }
    assert written == {"1.png", "2.png", "4.png", "5.png", "deep/3.png"}
    inside = tmp_path / "in"
    told = caplog.text
    assert "5 of 10 pictures restored" in told
    assert f"passed over: 2 HEIC pictures ({inside / 'a.heic'}, {inside / 'b.HEIC'})" in told
    assert (
        f"passed over: 1 RAW file of a camera ({inside / 'c.nef'}), not read here: develop" in told
    )
    assert f"passed over: 1 video ({inside / 'd.mp4'}), not read here: take its frames out" in told
    assert f"passed over: 1 JPEG XL picture ({inside / 'deep' / 'e.jxl'})" in told
    assert "notes.txt" not in told
    assert ".xmp" not in told


def test_a_folder_of_other_kinds_only_ends_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number in range(5):
        (tmp_path / "in" / f"{number}.heic").touch()
    sentence = (
        r"found no picture that is read, but 5 HEIC pictures \(.*0.heic, .*, \.\.\.\).*save it as"
    )
    with pytest.raises(InputError, match=sentence):
        deblur(tmp_path)


def test_a_file_that_is_named_fails_with_its_kind(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mixed_folder(tmp_path / "in")
    cfg = config(tmp_path)
    cfg.inputs = [str(tmp_path / "in" / "a.heic")]
    assert restore_files(cfg) == 1
    assert "a.heic cannot be read: it is a HEIC picture, which is not read here" in caplog.text


def stack(folder: Path, name: str) -> np.ndarray:
    (folder / "in").mkdir(exist_ok=True)
    pages = np.stack([photograph(16, 20, 1, np.uint16)[..., 0] // n for n in (1, 2, 3)])
    tifffile.imwrite(
        folder / "in" / name, pages, photometric="minisblack", metadata={"axes": "ZYX"}, ome=True
    )
    return pages


def test_all_pages_are_restored_into_one_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pages = stack(tmp_path, "cells.ome.tif")
    Image.fromarray(photograph(16, 20)).save(tmp_path / "in" / "photo.png")
    caplog.set_level("INFO")
    assert deblur(tmp_path, "suffix=.tif", "compare=true") == 0
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "out" / "cells.ome.tif"), pages)
    assert "2 of 2 pictures restored" in caplog.text
    assert "without" not in caplog.text
    views = sorted(file.name for file in (tmp_path / "out").glob("*_compared.png"))
    assert views == [
        *(f"cells.ome_page{number}_compared.png" for number in (1, 2, 3)),
        "photo_compared.png",
    ]
    caplog.clear()
    assert deblur(tmp_path, "suffix=.tif", "compare=true") == 0
    assert "2 of 2 pictures restored" in caplog.text
    assert "(2 of them before" in caplog.text


def test_where_the_result_holds_one_page_the_others_are_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pages = stack(tmp_path, "cells.tif")
    assert deblur(tmp_path) == 0
    np.testing.assert_array_equal(read_image(tmp_path / "out" / "cells.png")[..., 0], pages[0])
    assert "cells.tif: the result is without 2 further pages" in caplog.text


def test_a_page_that_fails_fails_the_file_and_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "in").mkdir()
    with tifffile.TiffWriter(tmp_path / "in" / "a.tif") as file:
        for side in (20, 20, 400):
            file.write(photograph(side, side), photometric="rgb", metadata=None)
    Image.fromarray(photograph(16, 20)).save(tmp_path / "in" / "b.png")
    assert deblur(tmp_path, "suffix=.tif", "pixel_limit=10000") == 1
    assert [file.name for file in (tmp_path / "out").glob("*.tif")] == ["b.tif"]
    assert "a.tif cannot be read: page 3: it claims 400x400 pixels" in caplog.text


def test_equal_losses_are_told_together(caplog: pytest.LogCaptureFixture) -> None:
    names = [Path(f"{number}.jpg") for number in range(5)]
    warn_of_losses(
        dict.fromkeys(names, ("its motion video",)) | {Path("x"): (), Path("y"): ("a", "b")}
    )
    assert [record.message for record in caplog.records] == [
        "5 results are without its motion video: 0.jpg, 1.jpg, 2.jpg, ...",
        "y: the result is without a; b",
    ]


def test_blurring_tells_as_well(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    stack(tmp_path, "cells.tif")
    (tmp_path / "in" / "a.heic").touch()
    cfg = compose(f"inputs=[{tmp_path / 'in'}]", f"output={tmp_path / 'out'}", config="blur")
    assert blur_files(cfg) == 0
    assert "passed over: 1 HEIC picture (" in caplog.text
    assert "cells.tif: the result is without 2 further pages" in caplog.text
