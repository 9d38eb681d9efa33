"""What travels with the pixels, and where it would be wrong if it stayed as it was."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from picture_kinds import DISPLAY_P3, SRGB, XMP, camera_data, chunk, photograph, png, saved, tiff
from PIL import Image, ImageCms

from deblurkit.imaging.formats.containers import opened_container
from deblurkit.imaging.formats.exif import exif_orientation
from deblurkit.imaging.formats.files import Picture, read_picture, write_picture
from deblurkit.imaging.formats.metadata import (
    Metadata,
    fits_profile,
    metadata_of,
    upright,
)

PREVIEW = b"\xff\xd8 a preview \xff\xd9"


def phone_exif(order: str) -> bytes:
    """Sizes and orientation in the first folder, and a second folder with a preview."""
    entries = ((0x0100, 4, 17), (0x0101, 3, 12), (0x0112, 3, 6))
    first = struct.pack(order + "H", len(entries))
    for tag, kind, value in entries:
        packed = struct.pack(order + ("HH" if kind == 3 else "L"), *((value, 0)[: 5 - kind]))
        first += struct.pack(order + "HHL", tag, kind, 1) + packed
    place = 8 + len(first) + 4
    first += struct.pack(order + "L", place)
    second = struct.pack(order + "HHHLLL", 1, 0x0201, 4, 1, place + 18, 0)
    start = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "L", 8)
    return start + first + second + PREVIEW


@pytest.mark.parametrize("order", "<>")
def test_sizes_and_orientation_become_true_and_the_preview_is_cut_off(order: str) -> None:
    before = phone_exif(order)
    assert exif_orientation(before) == 6
    after = upright(Metadata(exif=before), 6, height=17, width=12).exif
    assert len(after) == len(before)
    exif = Image.Exif()
    exif.load(b"Exif\0\0" + after)
    assert (exif[0x0100], exif[0x0101], exif[0x0112]) == (12, 17, 1)
    assert not exif.get_ifd(0x0201)
    assert struct.unpack_from(order + "L", after, 8 + 2 + 3 * 12) == (0,)


def test_damaged_camera_data_never_raise() -> None:
    draw = np.random.default_rng(0)
    for content in (phone_exif("<"), phone_exif(">"), camera_data(6, 4, 5).tobytes()[6:]):
        for _ in range(300):
            damaged = bytearray(content)
            damaged[draw.integers(len(damaged))] = draw.integers(256)
            damaged = bytes(damaged[: draw.integers(len(damaged) + 1)])
            assert exif_orientation(damaged) in range(9)
            after = upright(Metadata(exif=damaged), 1, height=4, width=5).exif
            assert len(after) in (0, len(damaged))
            assert exif_orientation(after) in (0, 1)


def test_a_profile_in_several_segments_is_joined_and_an_incomplete_one_is_left_out() -> None:
    profile = SRGB + bytes(range(256)) * 600  # more than two segments hold
    content = saved(Image.fromarray(photograph(8, 9)), "JPEG", icc_profile=profile)
    assert metadata_of(opened_container(io.BytesIO(content))).icc == profile
    place = content.index(b"ICC_PROFILE\0\2")
    length = int.from_bytes(content[place - 2 : place], "big")
    cut = content[: place - 4] + content[place - 2 + length :]
    assert metadata_of(opened_container(io.BytesIO(cut))).icc == b""


def test_a_packed_profile_may_not_grow_without_end() -> None:
    packed = chunk(b"iCCP", b"bomb\0\0" + zlib.compress(bytes(2**25)))
    content = png(photograph(4, 5), packed)
    assert metadata_of(opened_container(io.BytesIO(content))).icc == b""


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp"])
def test_every_format_holds_profile_camera_data_and_notes(suffix: str, tmp_path: Path) -> None:
    exif = camera_data(1, 8, 9).tobytes()[6:]
    beside = Metadata(exif=exif, icc=DISPLAY_P3, xmp=XMP)
    write_picture(tmp_path / f"a{suffix}", Picture(photograph(8, 9), metadata=beside))
    found = read_picture(tmp_path / f"a{suffix}").metadata
    assert found.icc == DISPLAY_P3
    assert found.xmp == XMP.replace(b'"6"', b'"1"')
    assert found.exif == exif or suffix == ".tif"  # there it is written anew
    assert Image.open(tmp_path / f"a{suffix}").getexif()[0x010F] == "Camera & Sons"


def test_what_does_not_fit_is_left_out_and_the_picture_is_written(tmp_path: Path) -> None:
    beside = Metadata(exif=b"MM\0*" + bytes(70_000), icc=DISPLAY_P3, xmp=bytes(70_000))
    gray = Picture(np.full((4, 5, 3), 9, np.uint8), gray=True, metadata=beside)
    write_picture(tmp_path / "gray.jpg", gray)
    assert read_picture(tmp_path / "gray.jpg").metadata == Metadata()
    assert fits_profile(DISPLAY_P3, 3)
    assert not fits_profile(DISPLAY_P3, 1)


def test_chunks_of_png_stay_in_png(tmp_path: Path) -> None:
    chunks = ((b"gAMA", bytes(4)), (b"tEXt", b"Author\0me"), (b"pHYs", bytes(9)))
    picture = Picture(photograph(4, 5, 3, np.uint16), metadata=Metadata(chunks=chunks))
    for suffix, kept in ((".png", chunks), (".tif", ())):
        write_picture(tmp_path / f"a{suffix}", picture)
        assert read_picture(tmp_path / f"a{suffix}").metadata.chunks == kept


def test_a_profile_that_does_not_fit_inks_does_no_harm(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    inks = Image.fromarray(photograph(8, 9)).convert("CMYK")
    (tmp_path / "inks.tif").write_bytes(saved(inks, "TIFF", icc_profile=SRGB))
    found = read_picture(tmp_path / "inks.tif")
    assert np.array_equal(found.pixels, np.asarray(inks.convert("RGB")))
    assert found.metadata.icc == b""
    assert "profile does not fit" in caplog.text
    with pytest.raises(ImageCms.PyCMSError):
        ImageCms.profileToProfile(inks, io.BytesIO(SRGB), ImageCms.createProfile("sRGB"), 0, "RGB")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_premultiplied_opacity_is_divided_out(dtype: type, tmp_path: Path) -> None:
    top = np.iinfo(dtype).max
    straight = photograph(8, 9, 4, dtype)
    opacity = straight[..., 3:].astype(np.float64) / top
    multiplied = np.dstack([np.rint(straight[..., :3] * opacity).astype(dtype), straight[..., 3:]])
    (tmp_path / "a.tif").write_bytes(tiff(multiplied, extrasamples=["assocalpha"]))
    found = read_picture(tmp_path / "a.tif")
    np.testing.assert_array_equal(found.alpha, straight[..., 3])
    opaque = straight[..., 3] > top // 2
    wrong = np.abs(found.pixels.astype(np.int64) - straight[..., :3])[opaque]
    assert wrong.max() <= 2
