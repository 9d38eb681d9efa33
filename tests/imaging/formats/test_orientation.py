"""Wherever a file says how it lies, the picture is turned, and only then is the note changed."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from picture_kinds import chunk, photograph, png, saved, tiff
from PIL import Image, ImageOps

from deblurkit.imaging.formats.files import picture_size, read_picture, write_picture

XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-'
    b'syntax-ns#"><rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" '
    b'tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'
)


def exif(kind: int, number: int) -> bytes:
    """Camera data with an orientation of a type, and nothing else."""
    value = struct.pack("<L", number)
    return b"II*\0\x08\0\0\0" + struct.pack("<HHHL", 1, 0x112, kind, 1) + value + bytes(4)


def raw_profile(name: bytes, content: bytes) -> bytes:
    """Camera data in a text of PNG, as ImageMagick writes them."""
    text = b"\n%s\n%8d\n%s\n" % (name, len(content), content.hex().encode())
    return chunk(b"zTXt", b"Raw profile type %s\0\0" % name + zlib.compress(text))


def files() -> dict[str, bytes]:
    """The same picture, lying on its side; what says so differs."""
    pixels = photograph(12, 17)
    picture = Image.fromarray(pixels)
    text = chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP)
    both = b"Exif\0\0" + exif(3, 6)
    return {
        "xmp.jpg": saved(picture, "JPEG", quality=100, subsampling=0, xmp=XMP),
        "long.jpg": saved(
            picture, "JPEG", quality=100, subsampling=0, exif=b"Exif\0\0" + exif(4, 6)
        ),
        "byte.jpg": saved(
            picture, "JPEG", quality=100, subsampling=0, exif=b"Exif\0\0" + exif(1, 6)
        ),
        "both.jpg": saved(
            picture, "JPEG", quality=100, subsampling=0, exif=both, xmp=XMP.replace(b"6", b"3")
        ),
        "xmp.png": png(pixels, text),
        "raw.png": png(pixels, raw_profile(b"exif", both)),
        "app1.png": png(pixels, raw_profile(b"APP1", both)),
        "xmp.webp": saved(picture, "WEBP", lossless=True, xmp=XMP),
        "xmp.tif": tiff(pixels, extratags=[(700, 1, len(XMP), XMP, True)]),
        "xmp_jpeg.tif": saved(picture, "TIFF", compression="jpeg", tiffinfo={700: XMP}),
        "deep_xmp.tif": tiff(
            photograph(12, 17, 3, np.uint16), extratags=[(700, 1, len(XMP), XMP, True)]
        ),
        "long.tif": tiff(pixels, extratags=[(274, 4, 1, 6, True)]),
        "turned.avif": saved(picture, "AVIF", quality=100, exif=exif(3, 6)),
    }


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("name", files())
def test_the_picture_is_turned_and_stays_turned(name: str, suffix: str, tmp_path: Path) -> None:
    file, result = tmp_path / name, tmp_path / f"result{suffix}"
    file.write_bytes(files()[name])
    picture = read_picture(file)
    assert picture.pixels.shape[:2] == picture_size(file) == (17, 12)
    write_picture(result, picture)
    with Image.open(result) as shown:
        upright = ImageOps.exif_transpose(shown)
        assert upright.size == (12, 17)
        assert shown.size == (12, 17)
    wrong = np.rot90(photograph(12, 17), -1).astype(int) - (
        picture.pixels >> 8 * (picture.bits > 8)
    )
    assert np.abs(wrong).mean() < 6  # JPEG's loss


def test_a_number_that_is_no_orientation_turns_nothing(tmp_path: Path) -> None:
    picture = Image.fromarray(photograph(12, 17))
    for number in (0, 9, 65535):
        data = saved(picture, "JPEG", exif=b"Exif\0\0" + exif(3, number))
        (tmp_path / "a.jpg").write_bytes(data)
        assert read_picture(tmp_path / "a.jpg").pixels.shape[:2] == (12, 17)


def test_camera_data_go_before_notes(tmp_path: Path) -> None:
    """As in Pillow; the other note is made to agree."""
    picture = Image.fromarray(photograph(12, 17))
    data = saved(picture, "JPEG", exif=b"Exif\0\0" + exif(3, 1), xmp=XMP)
    (tmp_path / "a.jpg").write_bytes(data)
    found = read_picture(tmp_path / "a.jpg")
    assert found.pixels.shape[:2] == (12, 17)
    assert b'tiff:Orientation="1"' in found.metadata.xmp


def test_sides_of_unequal_resolution_change_places(tmp_path: Path) -> None:
    picture = Image.fromarray(photograph(12, 17))
    (tmp_path / "a.jpg").write_bytes(
        saved(picture, "JPEG", dpi=(204, 98), exif=b"Exif\0\0" + exif(3, 6))
    )
    for suffix in (".png", ".tif", ".jpg"):
        write_picture(tmp_path / f"b{suffix}", read_picture(tmp_path / "a.jpg"))
        with Image.open(tmp_path / f"b{suffix}") as shown:
            assert [round(side) for side in shown.info["dpi"]] == [98, 204]
