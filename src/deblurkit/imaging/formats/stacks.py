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

    >>> from deblurkit.imaging.formats.files import write_image
    >>> import numpy as np
    >>> write_image("white.png", np.full((2, 3, 3), 255, np.uint8))
    >>> page_count("white.png")
    1

    Raises:
        PictureError: As in ``read_picture``.
    """
    with opened(path) as file:
        return page_count_of(file)


def read_pages(path: str | Path, *, pixel_limit: int) -> Iterator[Picture]:
    """Read the pages of a file one after another.

    >>> import numpy as np
    >>> page = packed_page(Picture(np.zeros((2, 3, 3), np.uint8)))
    >>> write_pages("two.tif", [page, page])
    >>> [picture.pixels.shape for picture in read_pages("two.tif", pixel_limit=100)]
    [(2, 3, 3), (2, 3, 3)]

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
    """A picture as a page of a TIFF file, packed, so that many of them fit into memory.

    >>> import numpy as np
    >>> len(packed_page(Picture(np.zeros((2, 3, 3), np.uint8))).strips)
    1
    """
    return encoded_stack_page(channels_of(picture), picture.metadata)


def write_pages(path: str | Path, pages: Sequence[EncodedPage]) -> None:
    """Write a TIFF file of several pages, all or nothing.

    >>> import numpy as np
    >>> page = packed_page(Picture(np.zeros((2, 3, 3), np.uint8)))
    >>> write_pages("three.tif", [page, page, page])
    >>> page_count("three.tif")
    3

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
