"""Pictures that were read ahead of a method, and where their results go."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from deblurkit.imaging.formats.files import Picture, read_picture, write_picture
from deblurkit.imaging.formats.stacks import packed_page, page_count, read_pages, write_pages
from deblurkit.imaging.formats.tiff.writing import EncodedPage
from deblurkit.imaging.suffixes import STACKS


@dataclass(frozen=True)
class Waiting:
    """A picture, or one page of a file of several.

    Args:
        picture: As it was read.
        target: File of the result, of all pages.
        number: Of the page, from 1.
        count: How many pages the file has.
        pages: Those that are restored already; the same list for all pages of a file.
        kept: Why pages of the file stayed as they were, for each that did; likewise.
    """

    picture: Picture
    target: Path
    number: int = 1
    count: int = 1
    pages: list[EncodedPage] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    @property
    def own_target(self) -> Path:
        """Beside which drawings and kernels of this page alone are written."""
        if self.count == 1:
            return self.target
        return self.target.with_stem(f"{self.target.stem}_page{self.number}")

    def beside(self, ending: str) -> Path:
        """A drawing beside it, by the ending of its stem."""
        return self.own_target.with_name(f"{self.own_target.stem}{ending}.png")

    @property
    def page(self) -> str:
        """Which page it is, in words that begin a sentence; nothing where it is the only one."""
        return "" if self.count == 1 else f"page {self.number} of {self.count}: "

    def write(self, restored: Picture) -> bool:
        """Write the result, of several pages once the last one is there.

        Returns:
            Whether the file is complete.

        Raises:
            PictureError: If it cannot be written.
        """
        if self.count == 1:
            write_picture(self.target, restored)
            return True
        self.pages.append(packed_page(restored))
        if len(self.pages) < self.count:
            return False
        write_pages(self.target, self.pages)
        return True


def waiting_pictures(file: Path, target: Path, *, pixel_limit: int) -> Iterator[Waiting]:
    """The picture of a file; all its pages, one after another, where the result can hold them.

    Raises:
        PictureError: If one cannot be read.
    """
    count = page_count(file) if target.suffix.lower() in STACKS else 1
    if count == 1:
        yield Waiting(read_picture(file, pixel_limit=pixel_limit), target)
        return
    pages, kept = list[EncodedPage](), list[str]()
    for number, picture in enumerate(read_pages(file, pixel_limit=pixel_limit), start=1):
        yield Waiting(picture, target, number, count, pages, kept)
