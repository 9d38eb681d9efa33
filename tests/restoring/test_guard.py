"""deblurkit-deblur without any choice: shipped weights; what they harm stays as it was."""

import logging
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from page_reading import Page

import deblurkit
from deblurkit import weights
from deblurkit.commands.restore.restore_files import restore_files
from deblurkit.config import compose
from deblurkit.data.sources.photos import Photos
from deblurkit.imaging.formats.files import read_image, write_image

SMALL = ("channels=2", "encoder_blocks=[1]", "middle_blocks=1", "decoder_blocks=[1]", "window=null")


@pytest.fixture
def brightening(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights that make every picture brighter by a tenth stand where the shipped ones are."""
    method = deblurkit.build("nafnet", *(f"backbone.{size}" for size in SMALL))
    with torch.no_grad():
        method.backbone.head.weight.zero_()
        method.backbone.head.bias.fill_(0.1)
    deblurkit.save_weights(method, tmp_path / "shipped" / "tiny.safetensors")
    monkeypatch.setattr(weights, "FOLDER", tmp_path / "shipped")


def deblurred(folder: Path, *overrides: str) -> int:
    """What the command does with one file; how many could not be restored."""
    places = (f"inputs=[{folder / 'photo.png'}]", f"output={folder / 'out'}", f"paths.run={folder}")
    quiet = "trainer.enable_progress_bar=false"
    return restore_files(compose(*places, quiet, *overrides, config="deblur"))


def photograph(folder: Path, bits: int = 8, sigma: float = 2.0) -> np.ndarray:
    pixels = Photos(["chelsea"]).read(0)["sharp"][60:220, 60:260]
    pixels = pixels if sigma == 0 else cv2.GaussianBlur(pixels, None, sigma)
    pixels = pixels.astype(np.uint16) * 257 + 3 if bits == 16 else pixels
    write_image(folder / "photo.png", pixels)
    return pixels


@pytest.mark.usefixtures("brightening")
@pytest.mark.parametrize("bits", [8, 16])
def test_what_gets_worse_stays_as_it_was_and_says_so(
    bits: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pixels = photograph(tmp_path, bits)
    with caplog.at_level(logging.INFO, logger="deblurkit"):
        assert deblurred(tmp_path, "page=true") == 0
    assert np.array_equal(read_image(tmp_path / "out" / "photo.png"), pixels)
    assert "photo.png: restored, its colours shift by 2" in caplog.text
    assert "guard=False" in caplog.text
    assert f"{tmp_path}/photo.png kept as it was: {tmp_path}/out/photo.png" in caplog.text
    assert "pictures restored" not in caplog.text
    page = Page(tmp_path / "out" / "page.html")
    labels, values = ([one.text for one in page.all(tag)] for tag in ("dt", "dd"))
    told = dict(zip(labels, values, strict=True))
    assert told["kept as it was"].startswith("restored, its colours shift by 2")
    spans = ([span.text for span in page.all("span", kind)] for kind in ("label", "value"))
    figures = dict(zip(*spans, strict=True))
    assert figures["kept as they were"] == "1"
    assert figures["restored"] == "0 of 1"


@pytest.mark.usefixtures("brightening")
def test_what_was_kept_is_never_counted_as_restored(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor by a second start, which makes nothing again."""
    write_image(tmp_path / "other.png", photograph(tmp_path))
    both = f"inputs=[{tmp_path}/photo.png,{tmp_path}/other.png]"
    before = " (2 of them before; delete them to make them again)"
    for earlier in ("", before):
        caplog.clear()
        with caplog.at_level(logging.INFO, logger="deblurkit"):
            assert deblurred(tmp_path, both, "speed=exact") == 0
        assert (
            f"0 of 2 pictures restored to {tmp_path}/out{earlier} by NAFNet (weights=tiny) in "
            "float32, 2 kept as they were"
        ) in caplog.text


@pytest.mark.usefixtures("brightening")
def test_what_is_sharp_is_not_restored(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    pixels = photograph(tmp_path, sigma=0)
    with caplog.at_level(logging.INFO, logger="deblurkit"):
        assert deblurred(tmp_path) == 0
    assert np.array_equal(read_image(tmp_path / "out" / "photo.png"), pixels)
    assert "photo.png: it is sharp already (blur 0." in caplog.text


@pytest.mark.usefixtures("brightening")
def test_without_the_guard_it_is_taken(tmp_path: Path) -> None:
    pixels = photograph(tmp_path)
    deblurred(tmp_path)
    assert deblurred(tmp_path, "guard=false") == 0  # another setting: the file is made again
    brighter = read_image(tmp_path / "out" / "photo.png").astype(float) - pixels
    assert 20 < brighter.mean() < 30


@pytest.mark.usefixtures("brightening")
def test_weights_of_ones_own_are_not_guarded(tmp_path: Path) -> None:
    pixels = photograph(tmp_path)
    own = tmp_path / "shipped" / "tiny.safetensors"
    assert deblurred(tmp_path, f"weights={own}") == 0
    assert read_image(tmp_path / "out" / "photo.png").mean() > pixels.mean() + 20
