"""Restoring picture files by a blind method: extent of the blur, kernel files, refusals."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from blind_scenes import SIZE, TINY, scene

import deblurkit
from deblurkit.commands.restore.restore_files import restore_files
from deblurkit.errors import InputError
from deblurkit.imaging.formats.files import as_pixels, read_image, read_picture, write_image

ITERATIONS = "model.priors.stopping.iterations=3"


def deblur(folder: Path, *overrides: str, model: str = "selfdeblur") -> int:
    cfg = deblurkit.compose(
        f"paths.run={folder}",
        f"inputs=[{folder / 'in'}]",
        f"output={folder / 'out'}",
        f"model={model}",
        *overrides,
        config="deblur",
    )
    return restore_files(cfg)


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    _, blurred, _ = scene(24, 30)
    write_image(tmp_path / "in" / "photo.png", as_pixels(blurred))
    return tmp_path


def test_a_photograph_and_its_kernel_are_written(photographs: Path) -> None:
    assert deblur(photographs, f"kernel_size={SIZE}", ITERATIONS, *TINY) == 0
    before, after = (
        read_image(photographs / part / "photo.png").astype(float) for part in ("in", "out")
    )
    assert after.shape == before.shape
    assert np.abs(after - before).max() > 10
    inside = ((after > 0) & (after < 255)).all(axis=2)
    moved = (after - before)[inside]
    assert np.abs(moved - moved.mean(axis=1, keepdims=True)).max() <= 1  # luminance only
    kernel = cv2.imread(str(photographs / "out" / "photo_kernel.png"), cv2.IMREAD_UNCHANGED)
    assert kernel.shape == (SIZE, SIZE)
    assert kernel.dtype == np.uint16
    assert kernel.max() == 2**16 - 1
    assert read_picture(photographs / "out" / "photo_kernel.png").gray


def test_the_extent_is_searched_on_request(photographs: Path) -> None:
    assert deblur(photographs, "kernel_size=auto", ITERATIONS, *TINY) == 0
    height, width, _ = read_image(photographs / "out" / "photo_kernel.png").shape
    assert height == width
    assert height % 2 == 1
    assert 3 <= height <= 7  # a third of the picture at most


def test_a_picture_that_is_refused_is_listed_and_the_others_are_restored(
    photographs: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _, small, _ = scene(24, 24)
    write_image(photographs / "in" / "little.png", as_pixels(small[:, :9, :9]))
    assert deblur(photographs, "kernel_size=11", ITERATIONS, *TINY) == 1
    assert "a kernel of 11 pixels is larger than the picture of 9x9" in caplog.text
    assert (photographs / "out" / "photo.png").is_file()
    assert not (photographs / "out" / "little.png").exists()
    assert not (photographs / "out" / "little_kernel.png").exists()


def test_an_extent_that_nothing_reads_or_that_is_none_is_refused(photographs: Path) -> None:
    with pytest.raises(InputError, match="UnsharpMask does not use kernel_size"):
        deblur(photographs, "kernel_size=5", model="unsharp")
    with pytest.raises(InputError, match="odd number of pixels or auto, got large"):
        deblur(photographs, "kernel_size=large", ITERATIONS, *TINY)


def test_an_even_extent_is_refused_for_every_picture(
    photographs: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert deblur(photographs, "kernel_size=30", ITERATIONS, *TINY) == 1
    assert "must be an odd number of pixels from 3 on, got 30; take 31" in caplog.text
