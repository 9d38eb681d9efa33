"""Several pictures in a TIFF file: which is the photograph, and what is told of the rest."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from picture_kinds import photograph
from tiff_by_hand import plain_entries, tiff_by_hand

from deblurkit.errors import PictureError
from deblurkit.imaging.formats.files import picture_size, read_picture
from deblurkit.imaging.formats.stacks import packed_page, page_count, read_pages, write_pages

LIMIT = 2**20  # pixels
VERSION_OF_DNG = (50706, 1, 4, (1, 4, 0, 0), True)


@pytest.mark.parametrize("bigtiff", [False, True])
def test_a_thumbnail_before_the_picture_is_not_the_picture(bigtiff: bool, tmp_path: Path) -> None:
    full, small = photograph(40, 60), photograph(10, 15)
    for name, mark in (
        ("new.tif", {"subfiletype": 1}),
        ("old.tif", {"extratags": [(255, 3, 1, 2)]}),
    ):
        with tifffile.TiffWriter(tmp_path / name, bigtiff=bigtiff) as file:
            file.write(small, photometric="rgb", metadata=None, **mark)
            file.write(full, photometric="rgb", metadata=None)
        picture = read_picture(tmp_path / name)
        np.testing.assert_array_equal(picture.pixels, full)
        assert picture.left_out == ()
        assert picture_size(tmp_path / name) == (40, 60)
        assert page_count(tmp_path / name) == 1


def test_a_picture_below_its_thumbnail_is_found(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(photograph(10, 15), photometric="rgb", metadata=None, subfiletype=1, subifds=1)
        file.write(photograph(40, 60), photometric="rgb", metadata=None)
    np.testing.assert_array_equal(read_picture(tmp_path / "a.tif").pixels, photograph(40, 60))


def raw_files(folder: Path) -> None:
    """In the manner of cameras: the first picture is a preview."""
    preview, sensor = photograph(10, 15), photograph(40, 60, 1, np.uint16)[..., 0]
    mosaic = [(33421, 3, 2, (2, 2), True), (33422, 1, 4, (0, 1, 1, 2), True)]
    for name, tags in (("a.dng", [VERSION_OF_DNG]), ("renamed.tif", [])):
        with tifffile.TiffWriter(folder / name) as file:
            options = {"photometric": "rgb", "metadata": None, "extratags": tags}
            file.write(preview, subfiletype=1, subifds=1, **options)
            file.write(sensor, photometric="cfa", metadata=None, extratags=mosaic)
    tifffile.imwrite(folder / "linear.tif", photograph(4, 5), photometric=34892, metadata=None)
    tifffile.imwrite(folder / "a.NEF", preview, photometric="rgb", metadata=None)
    canon = tiff_by_hand(plain_entries(preview, 1, extra=None), b"CR\2\0" + preview.tobytes())
    (folder / "canon.tif").write_bytes(canon)
    (folder / "a.orf").write_bytes(b"IIRO\x08\0\0\0" + bytes(100))
    (folder / "a.cr3").write_bytes(b"\0\0\0\x18ftypcrx \0\0\0\1crx isom")


def test_the_preview_of_a_raw_file_is_never_taken_for_the_photograph(tmp_path: Path) -> None:
    raw_files(tmp_path)
    files = sorted(tmp_path.iterdir())
    assert len(files) == 7
    for file in files:
        for read in (read_picture, page_count):
            with pytest.raises(PictureError, match=r"RAW file of a camera.*develop it to a 16-bit"):
                read(file)


def test_pages_are_read_and_written_one_after_another(tmp_path: Path) -> None:
    kinds = [(3, np.uint8), (1, np.uint16), (2, np.uint8), (4, np.uint16)]
    pages = [photograph(9 + n, 14, *kind) for n, kind in enumerate(kinds)]
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        for page in pages:
            color = "rgb" if page.shape[2] > 2 else "minisblack"
            extra = {"extrasamples": ["unassalpha"]} if page.shape[2] in (2, 4) else {}
            shown = page[..., 0] if page.shape[2] == 1 else page
            file.write(shown, photometric=color, metadata=None, **extra)
    assert page_count(tmp_path / "a.tif") == 4
    pictures = list(read_pages(tmp_path / "a.tif", pixel_limit=LIMIT))
    assert [picture.left_out for picture in pictures] == [()] * 4
    write_pages(tmp_path / "b.tif", [packed_page(picture) for picture in pictures])
    with tifffile.TiffFile(tmp_path / "b.tif") as file:
        assert len(file.pages) == 4
        for page, stored in zip(pages, file.pages, strict=True):
            np.testing.assert_array_equal(stored.asarray().reshape(page.shape), page)
    assert read_picture(tmp_path / "a.tif").left_out == ("3 further pages",)


def test_masks_previews_and_reduced_copies_are_no_pages(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(photograph(40, 60), photometric="rgb", metadata=None)
        for _ in range(3):
            file.write(photograph(10, 15), photometric="rgb", metadata=None, subfiletype=1)
        preview = [(513, 4, 1, 8, True), (514, 4, 1, 1, True)]
        file.write(photograph(5, 6), photometric="rgb", metadata=None, extratags=preview)
    content = bytearray((tmp_path / "a.tif").read_bytes())
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        for page, kind in zip(file.pages[1:4], (1, 4, 5), strict=True):
            content[page.tags[254].valueoffset] = kind
    (tmp_path / "a.tif").write_bytes(content)
    assert page_count(tmp_path / "a.tif") == 1
    assert read_picture(tmp_path / "a.tif").left_out == ()


def microscope_files(folder: Path) -> np.ndarray:
    stack = np.stack([photograph(12, 16, 1, np.uint16)[..., 0] // n for n in (1, 2, 3)])
    tifffile.imwrite(
        folder / "a.ome.tif", stack, photometric="minisblack", metadata={"axes": "CYX"}
    )
    tifffile.imwrite(folder / "b.tif", stack, imagej=True, metadata={"axes": "ZYX"})
    tifffile.imwrite(folder / "c.tif", stack, photometric="minisblack")  # tifffile's own note
    return stack


@pytest.mark.parametrize("name", ["a.ome.tif", "b.tif", "c.tif"])
def test_descriptions_of_planes_stay_with_the_planes(name: str, tmp_path: Path) -> None:
    stack = microscope_files(tmp_path)
    (tmp_path / "out").mkdir()
    result, single = tmp_path / "out" / name, tmp_path / "out" / "single.tif"
    pages = [packed_page(page) for page in read_pages(tmp_path / name, pixel_limit=LIMIT)]
    write_pages(result, pages)
    np.testing.assert_array_equal(tifffile.imread(result), stack)
    with tifffile.TiffFile(tmp_path / name) as before, tifffile.TiffFile(result) as after:
        assert after.pages[0].description == before.pages[0].description
    first = read_picture(tmp_path / name)
    assert first.left_out == (
        "2 further pages",
        "a description of planes that are not in the result",
    )
    write_pages(single, [packed_page(first)])
    np.testing.assert_array_equal(tifffile.imread(single), stack[0])


def test_planes_without_a_directory_are_told(tmp_path: Path) -> None:
    """ImageJ writes stacks of more than 4 GB so: one directory, and planes behind each other."""
    note = "ImageJ=1.54f\nimages=40\nslices=40\n"
    tifffile.imwrite(
        tmp_path / "a.tif", photograph(4, 5), photometric="rgb", metadata=None, description=note
    )
    assert read_picture(tmp_path / "a.tif").left_out == (
        "39 further planes, which stand in no directory of the file",
        "a description of planes that are not in the result",
    )


def test_a_page_that_cannot_be_read_is_named_and_a_list_without_end_is_refused(
    tmp_path: Path,
) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(photograph(4, 5), photometric="rgb", metadata=None)
        file.write(photograph(400, 500), photometric="rgb", metadata=None)
    pages = read_pages(tmp_path / "a.tif", pixel_limit=1000)
    assert next(pages).pixels.shape == (4, 5, 3)
    with pytest.raises(
        PictureError, match="page 2: it claims 500x400 pixels and the limit is 1000"
    ):
        next(pages)
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        first, second = (page.offset for page in file.pages)
    content = bytearray((tmp_path / "a.tif").read_bytes())
    end = second + 2 + 12 * int.from_bytes(content[second : second + 2], "little")
    content[end : end + 4] = first.to_bytes(4, "little")
    (tmp_path / "a.tif").write_bytes(content)
    with pytest.raises(PictureError, match="its list of pages has no end"):
        page_count(tmp_path / "a.tif")
