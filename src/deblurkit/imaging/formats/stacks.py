"""Files of several pages: TIFF in and out."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from deblurkit.imaging.formats.decoding import decoded_pages, page_count_of
from deblurkit.imaging.formats.encoding import EncodingError, encoded_stack, encoded_stack_page
from deblurkit.imaging.formats.picture import (
    Picture,
    channels_of,
    opened,
    picture_of,
    unwritable,
    written,
)
from deblurkit.imaging.formats.tiff.writing import EncodedPage


def page_count(path: str | Path) -> int:
    """How many pages a TIFF file has, reduced copies and masks aside; 1 of every other file.

    Raises:
        PictureError: As in ``read_picture``.
    """
    with opened(path) as file:
        return page_count_of(file)


def read_pages(path: str | Path, *, pixel_limit: int) -> Iterator[Picture]:
    """Read the pages of a file one after another.

    Args:
        path: As in ``read_picture``.
        pixel_limit: Largest height times width of each.

    Raises:
        PictureError: As in ``read_picture``; it names the page.
    """
    with opened(path) as file:
        for page in decoded_pages(file, pixel_limit=pixel_limit):
            yield picture_of(page)


def packed_page(picture: Picture) -> EncodedPage:
    """A picture as a page of a TIFF file, packed, so that many of them fit into memory."""
    return encoded_stack_page(channels_of(picture), picture.metadata)


def write_pages(path: str | Path, pages: Sequence[EncodedPage]) -> None:
    """Write a TIFF file of several pages, all or nothing.

    Args:
        path: Its suffix must be one of ``STACKS``; missing folders are made.
        pages: As ``packed_page`` gives them.

    Raises:
        PictureError: If they are too large for the format, or the disk refuses.
    """
    try:
        written(path, encoded_stack(pages))
    except EncodingError as error:
        raise unwritable(path, str(error)) from error
