"""TIFF of every layout: 8 and 16 bits alike, and what is not read is called by its name."""

import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from picture_kinds import photograph, saved, tiff
from PIL import Image
from tiff_by_hand import SHORT, packed_by_pillow, plain_entries, tiff_by_hand

from deblurkit.errors import PictureError
from deblurkit.imaging.formats.files import Picture, read_picture

DEPTHS = pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
NUMBERS = {"tiff_lzw": 5, "tiff_adobe_deflate": 8, "packbits": 32773, "lzma": 34925, "zstd": 50000}


def read(folder: Path, content: bytes) -> Picture:
    (folder / "a.tif").write_bytes(content)
    return read_picture(folder / "a.tif")


def reason(folder: Path, content: bytes) -> str:
    with pytest.raises(PictureError) as error:
        read(folder, content)
    return str(error.value)


@DEPTHS
@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_what_libtiff_packs_is_read(name: str, channels: int, dtype: type, tmp_path: Path) -> None:
    pixels = photograph(9, 14, channels, dtype)
    entries = plain_entries(pixels, NUMBERS[name], extra=2 if channels in (2, 4) else None)
    strip = packed_by_pillow(pixels.astype(pixels.dtype.newbyteorder("<")).tobytes(), 9, name)
    picture = read(tmp_path, tiff_by_hand(entries, strip))
    np.testing.assert_array_equal(
        picture.pixels, pixels[..., [0, 1, 2] if channels > 2 else [0] * 3]
    )
    assert picture.bits == 8 * pixels.itemsize
    assert picture.gray == (channels < 3)
    if channels in (2, 4):
        np.testing.assert_array_equal(picture.alpha, pixels[..., -1])


@DEPTHS
@pytest.mark.parametrize(
    "options",
    [
        {"rowsperstrip": 4},
        {"rowsperstrip": 4, "compression": "zlib", "predictor": True},
        {"tile": (16, 32), "compression": "zlib", "predictor": True},
        {"tile": (32, 16), "byteorder": ">"},
        {"byteorder": ">", "compression": "zlib", "predictor": True},
        {"bigtiff": True, "rowsperstrip": 5},
        {"bigtiff": True, "byteorder": ">", "tile": (16, 16), "compression": "zlib"},
        {"compression": "lzma", "predictor": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("separate", [False, True])
def test_order_and_pieces_do_not_matter(
    options: dict[str, object], dtype: type, *, separate: bool, tmp_path: Path
) -> None:
    pixels = photograph(37, 53, 4, dtype)
    stored = pixels.transpose(2, 0, 1) if separate else pixels
    tifffile.imwrite(
        tmp_path / "a.tif",
        np.ascontiguousarray(stored),
        photometric="rgb",
        planarconfig="separate" if separate else "contig",
        extrasamples=["unassalpha"],
        metadata=None,
        **options,
    )
    picture = read_picture(tmp_path / "a.tif")
    np.testing.assert_array_equal(picture.pixels, pixels[..., :3])
    np.testing.assert_array_equal(picture.alpha, pixels[..., 3])


def test_what_opencv_packs_by_lzw_with_differences_is_read(tmp_path: Path) -> None:
    pixels = photograph(37, 53, 3, np.uint16)
    cv2.imwrite(str(tmp_path / "a.tif"), pixels[..., ::-1], [cv2.IMWRITE_TIFF_COMPRESSION, 5])
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        assert file.pages[0].predictor == 2
    np.testing.assert_array_equal(read_picture(tmp_path / "a.tif").pixels, pixels)


@DEPTHS
def test_gray_with_premultiplied_opacity_is_divided(dtype: type, tmp_path: Path) -> None:
    top = np.iinfo(dtype).max
    stored = np.array([[[top // 4, top // 2], [0, 0], [top, top]]], dtype)
    picture = read(tmp_path, tiff(stored, extrasamples=["assocalpha"]))
    half = round(top // 4 * top / (top // 2))
    assert picture.pixels[0, :, 0].tolist() == [half, 0, top]
    assert picture.alpha[0].tolist() == [top // 2, 0, top]


@DEPTHS
def test_channels_of_no_stated_meaning_are_told(dtype: type, tmp_path: Path) -> None:
    pixels = photograph(9, 14, 4, dtype)
    picture = read(tmp_path, tiff(pixels, extrasamples=["unspecified"]))
    np.testing.assert_array_equal(picture.pixels, pixels[..., :3])
    assert picture.alpha is None
    assert picture.left_out == ("1 further channel of no stated meaning",)
    two = photograph(9, 14, 2, dtype)
    told = reason(tmp_path, tiff(two, extrasamples=["unspecified"]))
    assert "it has 2 channels that are neither colours nor opacity; save each of them as" in told


def test_values_keep_their_scale_and_the_note_of_their_range(tmp_path: Path) -> None:
    """TIFF 6.0: the largest value "is not to be used to affect the visual appearance"."""
    pixels = photograph(9, 14, 3, np.uint16) >> 4
    note = [(281, 3, 3, (4095,) * 3, True)]
    picture = read(tmp_path, tiff(pixels, extratags=note))
    np.testing.assert_array_equal(picture.pixels, pixels)
    assert [tag for tag, _ in picture.metadata.tags] == [281]


@pytest.mark.parametrize("step", [1, 257])
def test_palettes_of_8_and_of_16_bits(step: int, tmp_path: Path) -> None:
    levels = photograph(9, 14, 1)[..., 0]
    rising = np.arange(256, dtype=np.uint16) * step
    colors = np.stack([rising, rising[::-1], rising])
    tifffile.imwrite(
        tmp_path / "a.tif", levels, photometric="palette", colormap=colors, metadata=None
    )
    expected = np.dstack([levels, 255 - levels, levels])
    np.testing.assert_array_equal(read_picture(tmp_path / "a.tif").pixels, expected)


def test_luma_and_lab_become_rgb(tmp_path: Path) -> None:
    picture = Image.fromarray(photograph(9, 14))
    luma = np.asarray(picture.convert("YCbCr"))
    found = read(tmp_path, tiff(luma, photometric="ycbcr", subsampling=(1, 1)))
    expected = np.asarray(picture.convert("YCbCr").convert("RGB"))
    np.testing.assert_array_equal(found.pixels, expected)
    middle_gray = np.full((4, 5, 3), (137, 0, 0), np.uint8)  # L* = 53.7, which is 119 in cIELAB
    found = read(tmp_path, tiff(middle_gray, photometric="cielab"))
    assert np.abs(found.pixels.astype(int) - 128).max() <= 2


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (34712, "JPEG 2000"),
        (34887, "LERC"),
        (50001, "WebP"),
        (50002, "JPEG XL"),
        (34676, "SGI LogLuv"),
        (34661, "JBIG"),
        (65000, "method 65000"),
    ],
)
@DEPTHS
def test_packing_that_is_not_read_is_named(
    number: int, name: str, dtype: type, tmp_path: Path
) -> None:
    entries = plain_entries(photograph(9, 14, 3, dtype), number, extra=None)
    told = reason(tmp_path, tiff_by_hand(entries, bytes(100)))
    assert f"its pixels are packed by {name}, which is not read in TIFF; save it with LZW" in told
    assert "damaged" not in told


def test_depths_and_kinds_that_are_not_read_are_named(tmp_path: Path) -> None:
    deep = plain_entries(photograph(9, 14, 3, np.uint16), 1, extra=None)
    cases = {
        "values of 12 bits; save": deep | {258: (SHORT, [12] * 3)},
        "its channels differ in depth": deep | {258: (SHORT, [8, 16, 8])},
        "neither gray nor RGB but L*a*b*": deep | {262: (SHORT, [8])},
        "packed by JPEG, which": deep | {259: (SHORT, [7])},
        "fewer colours than pixels": plain_entries(photograph(9, 14), 1, extra=None)
        | {262: (SHORT, [6])},
    }
    for sentence, entries in cases.items():
        assert sentence in reason(tmp_path, tiff_by_hand(entries, bytes(10_000)))


@DEPTHS
@pytest.mark.parametrize("options", [{}, {"compression": "zlib"}, {"tile": (16, 16)}], ids=str)
def test_what_is_cut_is_called_cut(options: dict[str, object], dtype: type, tmp_path: Path) -> None:
    content = tiff(photograph(40, 50, 3, dtype), **options)
    assert "it is truncated or damaged" in reason(tmp_path, content[:-200])


def test_hostile_pieces_are_refused(tmp_path: Path) -> None:
    entries = plain_entries(photograph(64, 4), 1, extra=None) | {278: (SHORT, [1])}
    content = bytearray(tiff_by_hand(entries, *[bytes(12)] * 64))
    assert read(tmp_path, bytes(content)).pixels.shape == (64, 4, 3)
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        sizes = file.pages[0].tags[279].valueoffset
    for number in range(64):
        struct.pack_into("<L", content, sizes + 4 * number, 2000)
    assert "overlap" in reason(tmp_path, bytes(content))
    tiles = saved(Image.fromarray(photograph(4, 5)), "TIFF", tiffinfo={})
    assert read(tmp_path, tiles).pixels.shape == (4, 5, 3)
    huge = plain_entries(photograph(4, 5), 8, extra=None)
    del huge[278]
    huge |= {322: (SHORT, [65000]), 323: (SHORT, [65000]), 324: (4, [8]), 325: (4, [10])}
    assert "far larger than its picture" in reason(tmp_path, tiff_by_hand(huge, bytes(20)))


@pytest.mark.filterwarnings("error")
def test_pillow_limits_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """30 megapixels of 16-bit RGB are more bytes than it lets pass as pixels."""
    pixels = photograph(37, 53, 3, np.uint16)
    two_levels = Image.fromarray(photograph(9, 14)).convert("1")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    cv2.imwrite(str(tmp_path / "a.tif"), pixels[..., ::-1], [cv2.IMWRITE_TIFF_COMPRESSION, 5])
    np.testing.assert_array_equal(read_picture(tmp_path / "a.tif").pixels, pixels)
    fax = read(tmp_path, saved(two_levels, "TIFF", compression="group4"))
    np.testing.assert_array_equal(fax.pixels[..., 0], np.asarray(two_levels) * np.uint8(255))
