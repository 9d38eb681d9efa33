"""Which directories of a TIFF file are its pictures: thumbnails and reduced copies are none."""

from typing import NamedTuple

from deblurkit.imaging.formats.containers import DecodingError, File
from deblurkit.imaging.formats.foreign import RAW
from deblurkit.imaging.formats.tiff.directories import SUBDIRECTORIES, Directory, chain
from deblurkit.imaging.formats.tiff.layout import PHOTOMETRIC

_KIND, _OLD_KIND = 254, 255  # of a directory: bits, and numbers before TIFF 6.0
_REDUCED, _MASK, _OLD_REDUCED = 1, 4, 2
_JPEG_THUMBNAIL = 513  # the tag of EXIF for a preview
_DNG_VERSION, _MOSAIC = 50706, 33421
_RAW_PHOTOMETRICS = frozenset({32803, 34892})  # colour filters, and linear raw
_CANON = 8  # where CR2 files say what they are
_SEARCHED = 16  # directories at the beginning that are asked for pixels of a sensor


class Pages(NamedTuple):
    """Pictures of a file in full size.

    Args:
        directories: Of each, at least one.
        complete: Whether the file has no other directory in its list.
    """

    directories: list[Directory]
    complete: bool


def pages(file: File) -> Pages:
    """The pictures of a TIFF file, in their order.

    Where the list of directories holds reduced copies only, as in files of cameras, the picture
    stands below one of them.

    Raises:
        DecodingError: If the file holds pixels of a sensor, or cannot be followed.
    """
    directories = chain(file)
    file.seek(_CANON)
    canon = file.read(2) == b"CR"
    head = directories[:_SEARCHED]
    below = [
        child for parent in head if SUBDIRECTORIES in parent.entries for child in parent.below()
    ]
    if canon or any(_of_sensor(directory) for directory in [*head, *below]):
        raise DecodingError(RAW.sentence)
    full = [
        directory
        for number, directory in enumerate(directories)
        if _full(directory) and not (number and _JPEG_THUMBNAIL in directory.entries)
    ]
    if not full:
        full = [directory for directory in below if _full(directory)][:1] or directories[:1]
        return Pages(full, complete=False)
    return Pages(full, complete=len(full) == len(directories))


def _full(directory: Directory) -> bool:
    bits = directory.number(_KIND, 0)
    return not bits & (_REDUCED | _MASK) and directory.number(_OLD_KIND, 0) != _OLD_REDUCED


def _of_sensor(directory: Directory) -> bool:
    marked = _DNG_VERSION in directory.entries or _MOSAIC in directory.entries
    return marked or directory.number(PHOTOMETRIC, 0) in _RAW_PHOTOMETRICS
