"""TIFF files to pixels: one page or all of them."""

from collections.abc import Iterator
from dataclasses import replace

from PIL import ImagePalette, TiffImagePlugin

from deblurkit.imaging.formats.containers import CUT, Container, DecodingError, File
from deblurkit.imaging.formats.decoded import Decoded, made_upright, reasons, refuse_large
from deblurkit.imaging.formats.metadata import Metadata
from deblurkit.imaging.formats.tiff.directories import Directory
from deblurkit.imaging.formats.tiff.layout import TiffLayout, layout
from deblurkit.imaging.formats.tiff.pages import Pages, pages
from deblurkit.imaging.formats.tiff.pixels import for_pillow, plain_pixels
from deblurkit.imaging.formats.tiff.tags import MAP, XMP, beside
from deblurkit.imaging.formats.with_pillow import GRAY_MODES, pillow_pixels
from deblurkit.imaging.formats.xmp import xmp_orientation

_COLORS = 320  # of a palette: all reds, all greens, all blues


def tiff_size(file: File) -> tuple[int, int]:
    """Height and width of the first page once upright.

    Raises:
        DecodingError: If there is none that is read.
    """
    directory = pages(file).directories[0]
    stored = layout(directory)
    sides = stored.rows, stored.columns
    return sides[::-1] if _turn(directory, stored) >= 5 else sides


def first_page(file: File, container: Container, *, pixel_limit: int) -> Decoded:
    """The first page; the others are told as left out.

    Raises:
        DecodingError: If it cannot be read.
    """
    listed = pages(file)
    rest = len(listed.directories) - 1
    alone = listed._replace(complete=listed.complete and not rest)
    page = _page(container, alone, 0, pixel_limit=pixel_limit)
    more = (f"{rest} further page{'s' * (rest > 1)}",) if rest else ()
    return page._replace(left_out=more + page.left_out)


def all_pages(file: File, container: Container, *, pixel_limit: int) -> Iterator[Decoded]:
    """One page after the other.

    Raises:
        DecodingError: If one of them cannot be read; it names the page.
    """
    listed = pages(file)
    layouts = [layout(directory) for directory in listed.directories]
    pixels = sum(stored.rows * stored.columns for stored in layouts)
    depth = max(_depth(stored) for stored in layouts)
    refuse_large(container, 1, pixels, depth=depth, pixel_limit=max(pixels, pixel_limit))
    for number in range(len(listed.directories)):
        try:
            with reasons():
                page = _page(container, listed, number, pixel_limit=pixel_limit)
        except DecodingError as error:
            raise DecodingError(f"page {number + 1}: {error}") from error
        yield page


def _page(container: Container, listed: Pages, number: int, *, pixel_limit: int) -> Decoded:
    directory = listed.directories[number]
    stored = layout(directory)
    refuse_large(
        container, stored.rows, stored.columns, depth=_depth(stored), pixel_limit=pixel_limit
    )
    turn = _turn(directory, stored)
    metadata, left_out = beside(
        directory, pages=len(listed.directories), complete=listed.complete and turn == 1
    )
    if turn != 1 and any(tag in MAP for tag, _ in metadata.tags):
        tags = tuple((tag, value) for tag, value in metadata.tags if tag not in MAP)
        metadata = replace(metadata, tags=tags)
        left_out += ("its place on the map, which is that of the picture before it was turned",)
    if stored.plain:
        picture = Decoded(plain_pixels(directory, stored), stored.gray, metadata)
        extra = stored.samples - stored.colors - (stored.opacity > 0)
        if extra > 0:
            left_out += (f"{extra} further channel{'s' * (extra > 1)} of no stated meaning",)
    else:
        picture = _by_pillow(directory, metadata, turned=turn != 1)
        left_out += ("what its inks have beyond 8 bits",) if stored.bits == 16 else ()
    if picture.values.shape[:2] != (stored.rows, stored.columns):
        raise DecodingError(CUT)
    return made_upright(picture._replace(left_out=left_out), turn)


def _by_pillow(directory: Directory, metadata: Metadata, *, turned: bool) -> Decoded:
    picture = TiffImagePlugin.TiffImageFile(for_pillow(directory, turned=turned))
    gray, inks = picture.mode in GRAY_MODES, picture.mode in ("CMYK", "LAB")
    colors = directory.numbers(_COLORS)
    if picture.mode == "P" and max(colors, default=0) < 256:  # old writers, of 8 bits
        picture.palette = ImagePalette.raw("RGB;L", bytes(colors))
    values = pillow_pixels(picture, metadata.icc)
    # A profile of inks does not describe the RGB that they became.
    return Decoded(values, gray, replace(metadata, icc=b"") if inks else metadata)


def _turn(directory: Directory, stored: TiffLayout) -> int:
    return stored.turn or xmp_orientation(directory.data(XMP)) or 1


def _depth(stored: TiffLayout) -> float:
    return stored.samples * stored.bits / 8
