"""Pictures of every kind through the whole of deblurkit-deblur with a method that changes nothing.

What comes out is read by other libraries than what comes in.
"""

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from deblurring import deblur
from picture_kinds import DISPLAY_P3, EXPOSURE, GAMMA, MAKER, every_kind, tiff, write_every_kind
from PIL import Image, ImageCms

from deblurkit.imaging.formats.files import picture_size, read_picture

KINDS = every_kind()
SUFFIXES = (".png", ".tif")


@pytest.fixture(scope="module")
def restored(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of outputs by suffix."""
    folder = tmp_path_factory.mktemp("kinds")
    write_every_kind(folder / "in")
    for suffix in SUFFIXES:
        assert deblur(folder, f"suffix={suffix}", f"output={folder / suffix[1:]}") == 0
    return {suffix: folder / suffix[1:] for suffix in SUFFIXES}


def test_there_are_enough_kinds_and_their_profile_is_one() -> None:
    assert len(KINDS) >= 40
    opened = ImageCms.getOpenProfile(io.BytesIO(DISPLAY_P3))
    assert ImageCms.getProfileDescription(opened).strip() == "Display P3"


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", KINDS)
def test_pixels_depth_and_channels_come_back(
    name: str, suffix: str, restored: dict[str, Path]
) -> None:
    file = (restored[suffix] / name).with_suffix(suffix)
    expected = KINDS[name].pixels
    if suffix == ".tif":
        found = tifffile.imread(file)
        shown = found[..., None] if found.ndim == 2 else found
    else:
        found = cv2.imdecode(np.frombuffer(file.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
        shown = found[..., None] if found.ndim == 2 else found[..., [2, 1, 0, 3][: found.shape[2]]]
        if expected.shape[2] == 2:  # OpenCV shows gray with opacity as RGBA
            assert file.read_bytes()[25] == 4
            shown = shown[..., [0, 3]]
    assert shown.dtype == expected.dtype
    np.testing.assert_array_equal(shown, expected)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.exif])
def test_camera_data_come_back_true(name: str, suffix: str, restored: dict[str, Path]) -> None:
    with Image.open((restored[suffix] / name).with_suffix(suffix)) as picture:
        exif, inside = picture.getexif(), picture.getexif().get_ifd(0x8769)
        height, width = KINDS[name].pixels.shape[:2]
        assert exif[0x010F] == MAKER
        assert exif[0x0112] == 1
        assert float(inside[0x829A]) == pytest.approx(EXPOSURE)
        assert (inside[0xA003], inside[0xA002]) == (height, width)
        xmp = picture.info["xmp"]
    assert b'tiff:Orientation="1"' in xmp
    assert "grün".encode() in xmp


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", KINDS)
def test_profiles_come_back(name: str, suffix: str, restored: dict[str, Path]) -> None:
    file = (restored[suffix] / name).with_suffix(suffix)
    if suffix == ".tif":
        with tifffile.TiffFile(file) as opened:
            found = opened.pages[0].iccprofile or b""
    else:
        with Image.open(file) as picture:
            found = picture.info.get("icc_profile", b"")
    assert found == KINDS[name].icc


def test_the_gamma_of_a_png_comes_back(restored: dict[str, Path]) -> None:
    assert b"gAMA" + GAMMA in (restored[".png"] / "gamma.png").read_bytes()


@pytest.mark.parametrize("name", KINDS)
def test_the_size_is_known_without_decoding(name: str, tmp_path: Path) -> None:
    (tmp_path / "picture").write_bytes(KINDS[name].content)
    assert picture_size(tmp_path / "picture") == KINDS[name].pixels.shape[:2]
    assert read_picture(tmp_path / "picture").pixels.shape[:2] == KINDS[name].pixels.shape[:2]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int16, np.uint32])
def test_values_without_a_white_are_listed_and_not_guessed(
    dtype: type, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "measured.tif").write_bytes(tiff(np.ones((4, 5, 1), dtype)))
    assert deblur(tmp_path) == 1
    assert "measured.tif cannot be read: it holds" in caplog.text
    assert "save it with 8 or 16 bits" in caplog.text
