"""Picture files of every kind, written without the library, and what must become of them."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import skimage.data
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

XMP = b'<x:xmpmeta><rdf:Description tiff:Orientation="6" dc:subject="gr\xc3\xbcn"/></x:xmpmeta>'
MAKER, EXPOSURE = "Camera & Sons", 0.004
GAMMA = struct.pack(">I", 45455)  # of 100,000
_TIFF_KINDS = {1: "minisblack", 2: "minisblack", 3: "rgb", 4: "rgb"}


class Kind(NamedTuple):
    """A file and the pixels that must come out of it: (height, width, channels)."""

    content: bytes
    pixels: NDArray[Any]
    icc: bytes = b""
    exif: bool = False


def photograph(height: int, width: int, channels: int = 3, dtype: Any = np.uint8) -> NDArray[Any]:
    """A photograph with all lower bits in use; opacity takes every value, zero included."""
    shown = np.resize(skimage.data.coffee()[100:400, 100:400], (height, width, 3))
    values = shown.astype(np.int64) * 257
    values += np.random.default_rng(height).integers(-128, 128, values.shape)
    opacity = np.linspace(0, 65535, height * width).astype(np.int64).reshape(height, width, 1)
    chosen = [values if channels > 2 else values[..., :1]] + [opacity] * (channels in (2, 4))
    deep = np.concatenate(chosen, axis=2).clip(0, 65535)
    return np.ascontiguousarray(deep >> (0 if dtype == np.uint16 else 8)).astype(dtype)


def chunk(kind: bytes, content: bytes) -> bytes:
    """One chunk of a PNG file."""
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def png(values: NDArray[Any], *before: bytes) -> bytes:
    """A PNG file of 1 to 4 channels with whole chunks before its pixels."""
    height, width, channels = values.shape
    color = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    head = struct.pack(">IIBBBBB", width, height, 8 * values.itemsize, color, 0, 0, 0)
    rows = values.astype(values.dtype.newbyteorder(">"))
    data = chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows)))
    begin = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head)
    return begin + b"".join(before) + data + chunk(b"IEND", b"")


def tiff(values: NDArray[Any], **options: Any) -> bytes:
    """A TIFF file of 1 to 4 channels."""
    stream = io.BytesIO()
    channels = values.shape[2]
    options = {"photometric": _TIFF_KINDS[channels], "metadata": None, **options}
    if channels in (2, 4):
        options.setdefault("extrasamples", ["unassalpha"])
    tifffile.imwrite(stream, values[..., 0] if channels == 1 else values, **options)
    return stream.getvalue()


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    """A file as Pillow writes it."""
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def camera_data(orientation: int, height: int, width: int) -> Image.Exif:
    """EXIF with its sub-folder, where the sizes are those before the picture is turned."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = MAKER, orientation
    exif[0x8769] = {0x829A: EXPOSURE, 0xA002: width, 0xA003: height}
    return exif


def profile(primaries: NDArray[Any]) -> bytes:
    """A colour profile (ICC.1:2022, sec. 7 and 10) of gamma 2.2 with the given primaries.

    Args:
        primaries: Red, green and blue in rows, as XYZ under D50.
    """

    def xyz(values: Any) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(65536 * v)) for v in values)

    def words(text: str) -> bytes:
        data = text.encode("utf-16-be")
        return b"mluc\0\0\0\0" + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(data), 28) + data

    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(2.2 * 256)) + bytes(2)
    tags = {b"desc": words("Display P3"), b"cprt": words("none"), b"wtpt": xyz((0.9642, 1, 0.8249))}
    tags |= {
        name + b"XYZ": xyz(row) for name, row in zip((b"r", b"g", b"b"), primaries, strict=True)
    }
    tags |= {name + b"TRC": curve for name in (b"r", b"g", b"b")}
    place, table, body = 132 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        table += name + struct.pack(">II", place + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    head = struct.pack(
        ">I4sI4s4s4s12x4s", place + len(body), b"none", 0x04300000, *KINDS_OF_PROFILE
    )
    head += bytes(28) + xyz((0.9642, 1, 0.8249))[8:]
    return head.ljust(128, b"\0") + table + body


KINDS_OF_PROFILE = (b"mntr", b"RGB ", b"XYZ ", b"acsp")
DISPLAY_P3 = profile(
    np.array(
        [[0.51512, 0.24120, -0.00105], [0.29198, 0.69225, 0.04189], [0.15710, 0.06657, 0.78407]]
    )
)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def every_kind() -> dict[str, Kind]:
    """Files by name."""
    return _depths_and_channels() | _eight_bits() | _camera_files() | _sizes_and_names()


def _depths_and_channels() -> dict[str, Kind]:
    made = {}
    for dtype in (np.uint8, np.uint16):
        for channels in (1, 2, 3, 4):
            pixels = photograph(9, 14, channels, dtype)
            name = f"{np.dtype(dtype).name}_{channels}"
            made[f"{name}.png"] = Kind(png(pixels), pixels)
            made[f"{name}_tiff.tif"] = Kind(tiff(pixels), pixels)
    pixels = photograph(9, 14, 3, np.uint16)
    planes = np.ascontiguousarray(pixels.transpose(2, 0, 1))
    stream = io.BytesIO()
    tifffile.imwrite(stream, planes, photometric="rgb", planarconfig="separate", metadata=None)
    made["planes.tif"] = Kind(stream.getvalue(), pixels)
    made["tiles.tif"] = Kind(tiff(pixels, tile=(16, 16), byteorder=">"), pixels)
    inverted = pixels[..., :1]
    made["white_is_zero.tif"] = Kind(tiff(~inverted, photometric="miniswhite"), inverted)
    return made


def _eight_bits() -> dict[str, Kind]:
    pixels, translucent = photograph(11, 15), photograph(11, 15, 4)
    picture = Image.fromarray(pixels)
    palette, inks = picture.quantize(16), picture.convert("CMYK")
    two_levels = picture.convert("1")
    hidden = np.where(np.asarray(palette) == 3, 0, 255).astype(np.uint8)
    shown = np.asarray(palette.convert("RGB"))
    lossy = saved(picture, "JPEG", quality=90)
    inked = saved(inks, "JPEG", quality=100, subsampling=0)
    key = chunk(b"tRNS", struct.pack(">H", int(pixels[0, 0, 0])))
    seen = np.where(pixels[..., :1] == pixels[0, 0, 0], 0, 255).astype(np.uint8)
    return {
        "lossless.webp": Kind(saved(picture, "WEBP", lossless=True), pixels),
        "translucent.webp": Kind(
            saved(Image.fromarray(translucent), "WEBP", lossless=True, exact=True), translucent
        ),
        "windows.bmp": Kind(saved(picture, "BMP"), pixels),
        "lossy.jpg": Kind(lossy, np.asarray(Image.open(io.BytesIO(lossy)))),
        "palette.png": Kind(saved(palette, "PNG"), shown),
        "palette.gif": Kind(saved(palette, "GIF"), shown),
        "hidden_palette.png": Kind(
            saved(palette, "PNG", transparency=3), np.dstack([shown, hidden])
        ),
        "hidden_level.png": Kind(
            png(pixels[..., :1], key), np.concatenate([pixels[..., :1], seen], axis=2)
        ),
        "two_levels.png": Kind(
            saved(two_levels, "PNG"), np.asarray(two_levels).astype(np.uint8)[..., None] * 255
        ),
        "inks.jpg": Kind(inked, np.asarray(Image.open(io.BytesIO(inked)).convert("RGB"))),
    }


def _camera_files() -> dict[str, Kind]:
    pixels = photograph(12, 17)
    picture = Image.fromarray(pixels)
    made = {
        "srgb.jpg": _jpeg(picture, icc_profile=SRGB),
        "display_p3.png": Kind(saved(picture, "PNG", icc_profile=DISPLAY_P3), pixels, DISPLAY_P3),
        "display_p3.tif": Kind(tiff(pixels, iccprofile=DISPLAY_P3), pixels, DISPLAY_P3),
        "gamma.png": Kind(png(pixels, chunk(b"gAMA", GAMMA)), pixels),
    }
    for orientation in range(1, 9):
        exif = camera_data(orientation, 12, 17)
        made[f"turned_{orientation}.jpg"] = _jpeg(picture, exif=exif, xmp=XMP)
    turned = tiff(photograph(12, 17, 3, np.uint16), extratags=[(274, "H", 1, 6, True)])
    made["turned.tif"] = Kind(turned, np.rot90(photograph(12, 17, 3, np.uint16), -1))
    return made


def _jpeg(picture: Image.Image, **options: Any) -> Kind:
    content = saved(picture, "JPEG", quality=95, **options)
    upright = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(content))))
    return Kind(content, upright, options.get("icc_profile", b""), "exif" in options)


def _sizes_and_names() -> dict[str, Kind]:
    made = {}
    for height, width in ((1, 1), (1, 7), (5, 1), (17, 4099), (4099, 17)):
        pixels = photograph(height, width, 3, np.uint16)
        made[f"{height}x{width}.png"] = Kind(png(pixels), pixels)
    pixels = photograph(6, 7)
    for name in ("größe 図 🙂 [1] it's ${x}.png", "x" * 251 + ".png"):
        made[name] = Kind(png(pixels), pixels)
    return made


def write_every_kind(folder: Path) -> dict[str, Kind]:
    """Write all files to a new folder."""
    folder.mkdir()
    kinds = every_kind()
    for name, kind in kinds.items():
        (folder / name).write_bytes(kind.content)
    return kinds
