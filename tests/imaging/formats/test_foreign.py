"""What is known and not read is called by its name; only damage is called damage."""

import io
from pathlib import Path

import pytest
from picture_kinds import photograph, saved
from PIL import Image

from deblurkit.errors import PictureError
from deblurkit.imaging.formats.files import read_picture
from deblurkit.imaging.formats.foreign import KINDS, kind_of_name
from deblurkit.imaging.suffixes import READABLE, WRITABLE

HEADS = {
    "HEIC picture": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    "RAW file of a camera": b"FUJIFILMCCD-RAW 0201",
    "video": b"\0\0\0\x18ftypmp42\0\0\0\0isommp42",
    "JPEG 2000 picture": b"\0\0\0\x0cjP  \r\n\x87\n",
    "JPEG XL picture": b"\xff\x0a\0\0",
    "JPEG XR picture": b"II\xbc\x01",
    "Photoshop file": b"8BPS\0\1",
    "picture of floating-point numbers": b"PF\n4 5\n-1.0\n",
    "DICOM file": bytes(128) + b"DICM",
    "picture of a rare kind": b"P7\nWIDTH 4\n",
}


@pytest.mark.parametrize("name", HEADS)
def test_known_kinds_are_named_with_what_helps(name: str, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(HEADS[name].ljust(200, b"\0"))
    (kind,) = [kind for kind in KINDS if kind.name == name]
    with pytest.raises(PictureError) as error:
        read_picture(tmp_path / "a.png")
    assert f"it is a {name}, which is not read here: {kind.advice} (200 bytes)" in str(error.value)


def test_a_suffix_belongs_to_one_kind_and_none_that_is_read() -> None:
    suffixes = [suffix for kind in KINDS for suffix in kind.suffixes]
    assert len(suffixes) == len(set(suffixes))
    assert not READABLE & set(suffixes)
    assert WRITABLE < READABLE
    assert kind_of_name(Path("IMG_1.HEIC")).name == "HEIC picture"
    assert kind_of_name(Path("notes.txt")) is None


@pytest.mark.parametrize("suffix", [".jfif", ".jpe", ".mpo", ".dib", ".avif", ".apng", ".pnm"])
def test_rarer_suffixes_of_kinds_that_are_read(suffix: str, tmp_path: Path) -> None:
    kinds = {".mpo": "MPO", ".dib": "BMP", ".avif": "AVIF", ".apng": "PNG", ".pnm": "PPM"}
    content = saved(Image.fromarray(photograph(9, 14)), kinds.get(suffix, "JPEG"))
    (tmp_path / f"a{suffix}").write_bytes(content)
    assert suffix in READABLE
    assert read_picture(tmp_path / f"a{suffix}").pixels.shape == (9, 14, 3)


@pytest.mark.parametrize(
    ("offset", "byte", "reason"),
    [
        (4, 12, "12 bits in each channel, which is not read in JPEG; save it as PNG or TIFF"),
        (9, 2, "it has 2 channels, which is not read in JPEG"),
        (1, 0xF7, "it is a JPEG-LS picture, which is not read here"),
        (1, 0xC3, "it is packed without loss, which is not read in JPEG"),
        (1, 0xC5, "it is hierarchical, which is not read in JPEG"),
    ],
)
def test_kinds_of_jpeg_that_are_not_read(
    offset: int, byte: int, reason: str, tmp_path: Path
) -> None:
    content = bytearray(saved(Image.fromarray(photograph(16, 16)), "JPEG"))
    content[content.index(b"\xff\xc0") + offset] = byte
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(PictureError, match=reason):
        read_picture(tmp_path / "a.jpg")


def test_bitmaps_of_16_bits_have_a_white(tmp_path: Path) -> None:
    """OpenCV makes 248 of it."""
    stream = io.BytesIO()
    Image.new("RGB", (4, 2)).save(stream, "BMP")
    head = bytearray(stream.getvalue()[:54])
    head[28] = 16
    levels = [0, 31, 31 << 5, 31 << 10, 0x7FFF, 0, 0, 0]
    (tmp_path / "a.bmp").write_bytes(
        bytes(head) + b"".join(level.to_bytes(2, "little") for level in levels)
    )
    pixels = read_picture(tmp_path / "a.bmp").pixels
    assert pixels[1].tolist() == [[0, 0, 0], [0, 0, 255], [0, 255, 0], [255, 0, 0]]
    assert pixels[0, 0].tolist() == [255, 255, 255]


def test_flat_pictures_may_be_in_few_bytes(tmp_path: Path) -> None:
    """Where nothing limits how many equal pixels a byte stands for."""
    Image.new("RGB", (5000, 4000)).save(tmp_path / "a.webp", lossless=True, quality=0, method=0)
    assert (tmp_path / "a.webp").stat().st_size < 20_000
    assert read_picture(tmp_path / "a.webp").pixels.shape == (4000, 5000, 3)
