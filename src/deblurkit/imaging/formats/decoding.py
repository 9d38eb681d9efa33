"""A picture file to pixels: which decoder, and what is refused before it runs.

OpenCV decodes, since Pillow cuts 16-bit colour to 8 in silence; Pillow reads headers and decodes
what OpenCV gets wrong (palettes, CMYK, BMP of 16 bits). TIFF and Netpbm have readers of their own.
Files are not trusted.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
)
from PIL import Image as PillowImage

from deblurkit.imaging.formats.containers import (
    CUT,
    GIF_FRAME,
    WEBP_FRAME,
    Container,
    DecodingError,
    File,
    jpeg_end,
    opened_container,
    webp_size,
)
from deblurkit.imaging.formats.decoded import (
    Decoded,
    made_upright,
    reasons,
    refuse_large,
    refuse_long,
)
from deblurkit.imaging.formats.jpeg import left_out_of_jpeg, refuse_frame, refuse_rare
from deblurkit.imaging.formats.metadata import Metadata, metadata_of, orientation
from deblurkit.imaging.formats.netpbm import netpbm_header, netpbm_pixels
from deblurkit.imaging.formats.tiff.pages import pages
from deblurkit.imaging.formats.tiff.reading import all_pages, first_page, tiff_size
from deblurkit.imaging.formats.with_pillow import GRAY_MODES, pillow_pixels

# Opened by name: Image.open has a limit of pixels of its own, for the whole process.
_PLUGINS = {
    "AVIF": AvifImagePlugin.AvifImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "JPEG": JpegImagePlugin.JpegImageFile,
    "PNG": PngImagePlugin.PngImageFile,
}
_BY_PILLOW = frozenset({"AVIF", "BMP", "GIF"})
_PILLOW_MODES = frozenset({"CMYK", "HSV", "LAB", "P", "PA", "YCbCr"})
_SWAPPED = {3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGBA}
_LIMIT = 2**31  # pixels, where only a header is read
_opencv_log = getattr(cv2.utils, "logging", cv2)  # where OpenCV 5 and 4 keep it


class _Header(NamedTuple):
    """What is known before pixels are decoded; height and width as they are stored."""

    container: Container
    height: int
    width: int
    depth: float  # bytes for each pixel, once decoded
    pillow: PillowImage.Image | None  # None for WebP and Netpbm
    metadata: Metadata


def decoded(file: File, *, pixel_limit: int) -> Decoded:
    """Decode the first picture of a file; others are told as left out.

    Raises:
        DecodingError: If it is empty, truncated, too large or no picture.
    """
    with reasons():
        container = opened_container(file)
        if container.format == "TIFF":
            return first_page(file, container, pixel_limit=pixel_limit)
        return _decoded(file, container, pixel_limit)


def decoded_pages(file: File, *, pixel_limit: int) -> Iterator[Decoded]:
    """Decode the pages of a TIFF file one after another, or the picture of another file.

    Raises:
        DecodingError: As in ``decoded``; it names the page.
    """
    with reasons():
        container = opened_container(file)
        if container.format == "TIFF":
            yield from all_pages(file, container, pixel_limit=pixel_limit)
        else:
            yield _decoded(file, container, pixel_limit)


def page_count_of(file: File) -> int:
    """How many pages a TIFF file has; 1 of every other file.

    Raises:
        DecodingError: If it is no picture.
    """
    with reasons():
        tiff = opened_container(file).format == "TIFF"
        return len(pages(file).directories) if tiff else 1


def decoded_size(file: File) -> tuple[int, int]:
    """Height and width in pixels once upright, from the header alone.

    Raises:
        DecodingError: If there is no readable header.
    """
    with reasons():
        container = opened_container(file)
        if container.format == "TIFF":
            return tiff_size(file)
        header = _header(file, container, _LIMIT)
        swapped = orientation(header.metadata) >= 5
        return (header.width, header.height) if swapped else (header.height, header.width)


def _header(file: File, container: Container, pixel_limit: int) -> _Header:
    if container.format == "WEBP":
        width, height = webp_size(file)
        return _Header(container, height, width, 4, None, metadata_of(container))
    if container.format == "PPM":
        netpbm = netpbm_header(file)
        depth = netpbm.channels * netpbm.bits / 8
        return _Header(container, netpbm.height, netpbm.width, depth, None, Metadata())
    refuse_long(container.size, pixel_limit)
    if container.format == "JPEG":
        refuse_frame(container)
    if container.format == "PNG" and container.parts and container.parts[0][0] == b"CgBI":
        raise DecodingError("it is a PNG as Xcode packs them; take the original")
    file.seek(0)
    pillow = _PLUGINS[container.format](file)
    depth = len(pillow.getbands()) / (8 if pillow.mode == "1" else 1)
    metadata = _metadata(file, container, pillow)
    return _Header(container, pillow.height, pillow.width, depth, pillow, metadata)


def _metadata(file: File, container: Container, pillow: PillowImage.Image) -> Metadata:
    if container.format == "AVIF":
        keys = ("exif", "icc_profile", "xmp")
        exif, icc, xmp = (pillow.info.get(key, b"") for key in keys)
        return Metadata(exif=exif.removeprefix(b"Exif\0\0"), icc=icc, xmp=xmp)
    if container.format == "BMP":
        file.seek(14)
        head = file.read(32)
        across, down = (int.from_bytes(head[at : at + 4], "little", signed=True) for at in (24, 28))
        known = head[0] >= 40 and across > 0 and down > 0
        return Metadata(resolution=(float(across), float(down)) if known else None)
    if container.format == "GIF":
        comment = pillow.info.get("comment", b"")
        return Metadata(comment=comment if isinstance(comment, bytes) else b"")
    return metadata_of(container)


def _decoded(file: File, container: Container, pixel_limit: int) -> Decoded:
    header = _header(file, container, pixel_limit)
    height, width, metadata = header.height, header.width, header.metadata
    refuse_large(container, height, width, depth=header.depth, pixel_limit=pixel_limit)
    if container.format == "PPM":
        netpbm = netpbm_header(file)
        values = netpbm_pixels(file, netpbm)
        return Decoded(values, netpbm.channels == 1, metadata)
    file.seek(0)
    data = file.read()
    left_out = _left_out(header, data)
    mode = None if header.pillow is None else header.pillow.mode
    if header.pillow is not None and (container.format in _BY_PILLOW or mode in _PILLOW_MODES):
        pixels: NDArray[Any] | None = pillow_pixels(header.pillow, metadata.icc)
    else:
        pixels = _opencv_pixels(data)
        if pixels is None and container.format == "JPEG":
            refuse_rare(container)
    gray = mode in GRAY_MODES or _is_gray_png(data)
    if pixels is None or pixels.shape[:2] != (height, width):
        raise DecodingError(CUT)
    if gray and container.format == "PNG":
        pixels = _with_transparent_level(pixels, container, depth=data[24])
    if mode == "CMYK":
        metadata = replace(metadata, icc=b"")  # its profile is of inks
    return made_upright(Decoded(pixels, gray, metadata, left_out), orientation(metadata))


def _left_out(header: _Header, data: bytes) -> tuple[str, ...]:
    """What the file holds beside its first picture, in words."""
    container, count = header.container, 1
    if container.format == "JPEG":
        return left_out_of_jpeg(container, data[jpeg_end(data) :])
    kinds = [kind for kind, _ in container.parts]
    if container.format == "WEBP":
        count = kinds.count(WEBP_FRAME)
    elif container.format == "PNG" and b"acTL" in kinds:
        count = int.from_bytes(dict(container.parts)[b"acTL"][:4], "big")
    elif container.format == "GIF":
        count = kinds.count(GIF_FRAME)
    elif container.format == "AVIF":
        count = getattr(header.pillow, "n_frames", 1)
    words = [f"{count - 1} further frames of its animation"] if count > 2 else []
    words += ["the second frame of its animation"] if count == 2 else []
    if container.format == "AVIF" and _beyond_eight_bits(data):
        words.append("what its colours have beyond 8 bits")
    return tuple(words)


def _beyond_eight_bits(data: bytes) -> bool:
    """Whether the first picture of an AVIF file has 10 or 12 bits, which Pillow rounds to 8."""
    position = data.find(b"av1C")
    return position >= 0 and bool(data[position + 6 : position + 7] and data[position + 6] & 0x40)


def _is_gray_png(data: bytes) -> bool:
    return data.startswith(b"\x89PNG") and data[25] in (0, 4)


def _opencv_pixels(data: bytes) -> NDArray[Any] | None:
    level = _opencv_log.getLogLevel()
    _opencv_log.setLogLevel(0)  # our sentence is enough
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    finally:
        _opencv_log.setLogLevel(level)
    if pixels is None or pixels.ndim == 2:
        return pixels
    return cv2.cvtColor(pixels, _SWAPPED[pixels.shape[2]])


def _with_transparent_level(pixels: NDArray[Any], container: Container, depth: int) -> NDArray[Any]:
    """Gray pixels of a PNG that declares one level to be transparent, as RGBA."""
    level = dict(container.parts).get(b"tRNS")
    if level is None or pixels.ndim != 2:
        return pixels
    top = np.iinfo(pixels.dtype).max
    hidden = int.from_bytes(level[:2], "big") * (top // (2**depth - 1))
    return np.dstack([pixels] * 3 + [np.where(pixels == hidden, 0, top).astype(pixels.dtype)])
