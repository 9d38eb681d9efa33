"""What belongs to a file is kept where the result can hold it, and told where it cannot."""

import struct
from pathlib import Path

import numpy as np
import pytest
import tifffile
from picture_kinds import DISPLAY_P3, XMP, camera_data, chunk, photograph, png, saved, tiff
from PIL import Image, IptcImagePlugin

from deblurkit.imaging.formats.files import read_picture, write_picture
from deblurkit.imaging.formats.picture import left_out

SUFFIXES = (".png", ".tif", ".jpg", ".bmp", ".webp")
RECORD = b"\x1c\x02\x78" + struct.pack(">H", 7) + b"caption"
MAP = [
    (33550, 12, 3, (1.0, 1.0, 0.0), True),
    (33922, 12, 6, (0.0, 0.0, 0.0, 5e5, 4e6, 0.0), True),
    (34735, 3, 4, (1, 1, 0, 0), True),
]


def press_resources() -> bytes:
    """Image resources of Photoshop: one with a name, then the records of the press."""
    other = b"8BIM" + struct.pack(">H", 0x03ED) + b"\3abc" + struct.pack(">I", 3) + b"xyz\0"
    length = struct.pack(">I", len(RECORD))
    return other + b"8BIM" + struct.pack(">H", 0x0404) + bytes(2) + length + RECORD


def press_jpeg() -> bytes:
    content = saved(Image.fromarray(photograph(16, 16)), "JPEG", dpi=(300, 300), comment="page 1")
    segment = b"Photoshop 3.0\0" + press_resources()
    marked = b"\xff\xed" + struct.pack(">H", len(segment) + 2) + segment
    return content[:20] + marked + content[20:]


def results(folder: Path, name: str, content: bytes) -> dict[str, Path]:
    """The same picture in files of all suffixes."""
    (folder / name).write_bytes(content)
    picture = read_picture(folder / name)
    files = {suffix: folder / f"result{suffix}" for suffix in SUFFIXES}
    for file in files.values():
        write_picture(file, picture)
    return files


def without(folder: Path, name: str, suffix: str) -> tuple[str, ...]:
    return left_out(read_picture(folder / name), suffix)


def test_resolution_comment_and_captions_of_a_scan(tmp_path: Path) -> None:
    files = results(tmp_path, "scan.jpg", press_jpeg())
    for suffix in (".png", ".tif", ".jpg", ".bmp"):
        with Image.open(files[suffix]) as shown:
            assert shown.info["dpi"] == pytest.approx((300, 300), abs=0.01)
    for suffix in (".jpg", ".tif"):
        with Image.open(files[suffix]) as shown:
            assert IptcImagePlugin.getiptcinfo(shown) == {(2, 120): b"caption"}
    with Image.open(files[".png"]) as shown:
        assert shown.info["Comment"] == "page 1"
        assert RECORD.hex() in shown.info["Raw profile type iptc"].replace("\n", "")
    with Image.open(files[".jpg"]) as shown:
        assert shown.info["comment"] == b"page 1"
    with tifffile.TiffFile(files[".tif"]) as shown:
        assert shown.pages[0].description == "page 1"
    told = {suffix: without(tmp_path, "scan.jpg", suffix) for suffix in SUFFIXES}
    press, comment = "its captions of the press (IPTC)", "its comment"
    assert told == {
        ".png": (),
        ".tif": (),
        ".jpg": (),
        ".bmp": (press, comment),
        ".webp": (press, comment, "its resolution"),
    }


def test_what_was_kept_is_read_again(tmp_path: Path) -> None:
    files = results(tmp_path, "scan.jpg", press_jpeg())
    before = read_picture(tmp_path / "scan.jpg").metadata
    for suffix in (".png", ".tif", ".jpg"):
        after = read_picture(files[suffix]).metadata
        assert after.iptc == before.iptc == RECORD
        assert after.resolution == pytest.approx(before.resolution, abs=0.5)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("bigtiff", [False, True])
def test_a_big_tiff_keeps_what_a_classic_one_keeps(
    dtype: type, bigtiff: bool, tmp_path: Path
) -> None:
    content = tiff(
        photograph(9, 14, 3, dtype),
        bigtiff=bigtiff,
        byteorder=">",
        iccprofile=DISPLAY_P3,
        description="a note",
        resolution=(300, 150),
        resolutionunit=2,
        extratags=[
            *MAP,
            (700, 1, len(XMP), XMP.replace(b'"6"', b'"1"'), True),
            (42113, 2, 0, "-9999", True),
        ],
    )
    (tmp_path / "a.tif").write_bytes(content)
    picture = read_picture(tmp_path / "a.tif")
    write_picture(tmp_path / "b.png", picture)
    write_picture(tmp_path / "b.tif", picture)
    with Image.open(tmp_path / "b.png") as shown:
        assert shown.info["icc_profile"] == DISPLAY_P3
        assert shown.getexif()[270] == "a note"
        assert shown.info["dpi"] == pytest.approx((300, 150), abs=0.02)
        assert b"gr\xc3\xbcn" in shown.info["xmp"]
    with tifffile.TiffFile(tmp_path / "b.tif") as shown:
        tags = shown.pages[0].tags
        assert tags[33550].value == (1.0, 1.0, 0.0)
        assert tags[33922].value == (0.0, 0.0, 0.0, 5e5, 4e6, 0.0)
        assert tags[34735].value == (1, 1, 0, 0)
        assert tags[42113].value == "-9999"
        assert tags[282].value == (300, 1)
        assert tags[283].value == (150, 1)
    assert left_out(picture, ".tif") == ()
    assert left_out(picture, ".png") == ("its place on the map (GeoTIFF)", "TIFF tags 42113")


def test_a_map_that_was_turned_is_told_and_unknown_tags_too(tmp_path: Path) -> None:
    tags = [*MAP, (65000, 3, 1, 7, True), (274, 3, 1, 6, True)]
    (tmp_path / "a.tif").write_bytes(tiff(photograph(9, 14), extratags=tags))
    picture = read_picture(tmp_path / "a.tif")
    assert picture.pixels.shape == (14, 9, 3)
    assert picture.metadata.tags == ()
    place = "its place on the map, which is that of the picture before it was turned"
    assert left_out(picture, ".tif") == ("TIFF tags 65000", place)


def test_camera_data_survive_tiff_with_their_folders(tmp_path: Path) -> None:
    exif = camera_data(1, 9, 14)
    exif[0x8825] = {1: "N", 2: (48.0, 8.0, 0.5)}
    exif[0x8769][0xA005] = {1: "R98"}
    write = saved(Image.fromarray(photograph(9, 14)), "JPEG", exif=exif)
    files = results(tmp_path, "a.jpg", write)
    write_picture(tmp_path / "again.jpg", read_picture(files[".tif"]))
    for file in (files[".tif"], tmp_path / "again.jpg"):
        with Image.open(file) as shown:
            found = shown.getexif()
            assert found[0x010F] == "Camera & Sons"
            assert found.get_ifd(0x8769)[0x829A] == pytest.approx(0.004)
            assert [float(part) for part in found.get_ifd(0x8825)[2]] == [48.0, 8.0, 0.5]
            assert found.get_ifd(0xA005) == {1: "R98"}


def test_text_and_gamma_of_png_are_told(tmp_path: Path) -> None:
    content = png(photograph(9, 14), chunk(b"gAMA", bytes(4)), chunk(b"tEXt", b"Author\0me"))
    (tmp_path / "a.png").write_bytes(content)
    assert without(tmp_path, "a.png", ".png") == ()
    gamma, text = "the gamma and colours that PNG tells", "the text that PNG holds"
    assert without(tmp_path, "a.png", ".tif") == (gamma, text)


HEAD = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-'
    b'syntax-ns#"><rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    b'dc:source="a > b" '
)
TAIL = b"</rdf:Description></rdf:RDF></x:xmpmeta>"
GAIN = HEAD + b'xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0">' + TAIL
MOTION = (
    HEAD + b'xmlns:GCamera="http://ns.google.com/photos/1.0/camera/" GCamera:MotionPhoto="1" '
    b'GCamera:Lens="wide" xmlns:Container="http://ns.google.com/photos/1.0/container/" '
    b'xmlns:Item="http://ns.google.com/photos/1.0/container/item/"><Container:Directory><rdf:Seq>'
    b'<rdf:li rdf:parseType="Resource"><Container:Item Item:Semantic="MotionPhoto"/></rdf:li>'
    b"</rdf:Seq></Container:Directory>" + TAIL
)


def several(name: str) -> bytes:
    """Files with more than their first picture."""
    one, two = (Image.fromarray(photograph(16, side)) for side in (16, 17))
    both = {"save_all": True, "append_images": [two]}
    turned = {"save_all": True, "append_images": [one.rotate(90)]}
    return {
        "stereo.jpg": lambda: saved(one, "MPO", **both),
        "gain.jpg": lambda: saved(one, "JPEG", xmp=GAIN) + saved(two.convert("L"), "JPEG"),
        "apple.jpg": lambda: (
            saved(one, "JPEG") + saved(two, "JPEG", xmp=b"xmlns='http://ns.apple.com/HDRGainMap/1'")
        ),
        "motion.jpg": lambda: saved(one, "JPEG", xmp=MOTION) + b"\0\0\0\x18ftypmp42" + bytes(99),
        "three.gif": lambda: saved(one, "GIF", save_all=True, append_images=[two, one]),
        "two.webp": lambda: saved(one, "WEBP", lossless=True, **turned),
        "two.png": lambda: saved(one, "PNG", **turned),
        "two.avif": lambda: saved(one, "AVIF", **turned),
    }[name]()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("stereo.jpg", "1 further picture in the same file"),
        ("gain.jpg", "its gain map for bright screens"),
        ("apple.jpg", "its gain map for bright screens"),
        ("motion.jpg", "its motion video"),
        ("three.gif", "2 further frames of its animation"),
        ("two.webp", "the second frame of its animation"),
        ("two.png", "the second frame of its animation"),
        ("two.avif", "the second frame of its animation"),
    ],
)
def test_what_follows_the_first_picture_is_told(name: str, words: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(several(name))
    picture = read_picture(tmp_path / name)
    assert picture.left_out == (words,)
    assert picture.pixels.shape == (16, 16, 3)


def test_a_preview_behind_a_photograph_is_no_picture_of_its_own(tmp_path: Path) -> None:
    content = several("stereo.jpg")
    entries = content.index(b"MPF\0") + 4 + 8 + 2 + 3 * 12 + 4  # behind the directory
    kinds = [struct.unpack_from("<L", content, entries + at)[0] & 0xFFFFFF for at in (0, 16)]
    assert kinds == [0x030000, 0x000000]
    for kind, words in ((0x010002, ()), (0x020003, ("1 further picture in the same file",))):
        changed = bytearray(content)
        struct.pack_into("<L", changed, entries + 16, kind)
        (tmp_path / "a.jpg").write_bytes(changed)
        assert read_picture(tmp_path / "a.jpg").left_out == words


@pytest.mark.parametrize("name", ["gain.jpg", "motion.jpg"])
def test_notes_do_not_announce_what_is_not_there(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(several(name))
    for suffix in (".png", ".tif", ".jpg", ".webp"):
        write_picture(tmp_path / f"b{suffix}", read_picture(tmp_path / name))
        content = (tmp_path / f"b{suffix}").read_bytes()
        for announcing in (b"hdrgm", b"hdr-gain-map", b"MotionPhoto", b"Container"):
            assert announcing not in content
        assert b'dc:source="a > b"' in content
        assert (b'GCamera:Lens="wide"' in content) == (name == "motion.jpg")
