"""Files that claim too much or are something else, and what it costs to refuse them.

    PYTHONPATH=tests/support python tests/support/hostile_pictures.py

prints name, seconds of processor time and the answer of the reader for each, from a process whose
address space may grow by 100 MiB.
"""

import io
import json
import resource
import struct
import tempfile
import time
import warnings
import zlib
from pathlib import Path

import numpy as np
from picture_kinds import chunk, photograph, png, saved, tiff
from PIL import Image

from deblurkit.errors import PictureError
from deblurkit.imaging.formats.files import read_picture

ROOM = 100 * 2**20  # bytes


def hostile_files() -> dict[str, bytes]:
    """Files by what they try; the last one is as large as it says, and the memory is not."""
    plain = png(photograph(4, 5))
    jpeg = saved(Image.fromarray(photograph(16, 16)), "JPEG", progressive=True)
    scan = jpeg[jpeg.rindex(b"\xff\xda") : jpeg.rindex(b"\xff\xd9")]
    gif = saved(Image.fromarray(photograph(4, 5)).quantize(4), "GIF")
    head = plain[:33]
    return {
        "png_400_megapixels": bomb(20_000, 20_000),
        "png_130_megapixels_in_1_kB": bomb(13_000, 10_000, packed=1000),
        "png_of_no_height": with_size(plain, 0, 5),
        "png_text_of_100_MB": head + chunk(b"tEXt", b"a\0" + bytes(10**8)) + plain[33:],
        "png_exif_of_100_MB": head + chunk(b"eXIf", bytes(10**8)) + plain[33:],
        "png_many_chunks": head + chunk(b"tEXt", b"a\0b") * 300_000 + plain[33:],
        "png_chunk_of_2_GB": head + b"\x7f\xff\xff\xfftEXt" + plain[33:],
        "jpeg_exif_of_100_MB": jpeg[:2] + segment(b"Exif\0\0") * 1600 + jpeg[2:],
        "jpeg_fill_bytes": jpeg[:2] + b"\xff" * 10**6 + jpeg[2:],
        "jpeg_endless_scans": jpeg[: jpeg.rindex(b"\xff\xd9")] + scan * 5000 + b"\xff\xd9",
        "jpeg_claims_4_gigapixels": with_frame(jpeg, 65500, 65500),
        "gif_4_gigapixels": gif[:6] + struct.pack("<HH", 65535, 65535) + gif[10:],
        "webp_claims_2_gigapixels": webp(65535, 32000),
        "webp_exif_of_100_MB": webp(4, 5, (b"EXIF", bytes(10**8))),
        "bmp_gigapixels": with_bmp_size(2**15, 2**15),
        "avif_gigapixels": avif_of(65535, 65535),
        "pgm_gigapixels_as_text": b"P2 40000 40000 255\n" + b"0 " * 100,
        "ppm_gigapixels": b"P6\n40000 40000\n255\n" + bytes(100),
        "tiff_million_tiles": tiff_of(324, 10**6),
        "tiff_million_strips": tiff_of(273, 10**6),
        "tiff_exif_of_100_MB": tiff_of(34665, 10**8),
        "tiff_65535_channels": tiff_of(277, 1, value=65535),
        "tiff_4_gigapixels": tiff_of(256, 1, value=10**9),
        "fits.png": b"SIMPLE  =                    T" + b" " * 2850,
        "pdf.png": b"%PDF-1.7\n1 0 obj << /Type /Catalog >> endobj\n",
        "eps.png": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9999 9999\n",
        "svg.png": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="/etc/passwd"/></svg>',
        "postscript_after_a_signature.png": b"\x89PNG\r\n\x1a\n%!PS-Adobe-3.0",
        "pickle.png": b"\x80\x04\x95\x10\0\0\0\0\0\0\0\x8c\x02os\x94\x8c\x06system\x94",
        "zip.jpg": b"PK\x03\x04" + bytes(100),
        "jpeg_2000.jpg": b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(100),
        "avif.jpg": b"\0\0\0\x20ftypavif" + bytes(100),
        "psd.tif": b"8BPS\0\1" + bytes(100),
        "mcidas.tif": b"\0\0\0\0\0\0\0\4" + bytes(248),
        "honest_but_larger_than_the_memory": saved(Image.new("1", (10_000, 10_000)), "PNG"),
    }


def bomb(width: int, height: int, *, packed: int = 48_000) -> bytes:
    """A PNG of some kilobytes whose header claims many pixels."""
    data = zlib.compress(bytes(1032 * packed))[:packed]
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def with_size(content: bytes, height: int, width: int) -> bytes:
    head = struct.pack(">II", width, height) + content[24:29]
    return content[:8] + chunk(b"IHDR", head) + content[33:]


def segment(content: bytes) -> bytes:
    return b"\xff\xe1\xff\xff" + content.ljust(65533, b"\0")


def with_frame(jpeg: bytes, height: int, width: int) -> bytes:
    place = jpeg.index(b"\xff\xc2") + 5
    return jpeg[:place] + struct.pack(">HH", height, width) + jpeg[place + 4 :]


def webp(width: int, height: int, *parts: tuple[bytes, bytes]) -> bytes:
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    stream = io.BytesIO()
    for kind, content in ((b"VP8X", bytes(4) + sides), *parts, (b"VP8L", b"\x2f" + bytes(20))):
        stream.write(kind + struct.pack("<I", len(content)) + content + bytes(len(content) % 2))
    content = b"WEBP" + stream.getvalue()
    return b"RIFF" + struct.pack("<I", len(content)) + content


def avif_of(width: int, height: int) -> bytes:
    content = bytearray(saved(Image.fromarray(photograph(16, 16)), "AVIF"))
    place = content.index(b"ispe") + 8
    content[place : place + 8] = struct.pack(">II", width, height)
    return bytes(content)


def with_bmp_size(height: int, width: int) -> bytes:
    content = saved(Image.fromarray(photograph(4, 5)), "BMP")
    return content[:18] + struct.pack("<II", width, height) + content[26:]


def tiff_of(tag: int, count: int, *, value: int | None = None) -> bytes:
    """A TIFF with one more entry, which claims a number of values or has one."""
    content = bytearray(tiff(photograph(4, 5, 3, np.uint16)))
    folder = struct.unpack_from("<I", content, 4)[0]
    entries = struct.unpack_from("<H", content, folder)[0]
    place = len(content) if value is None else value
    new = bytes(content[folder + 2 : folder + 2 + 12 * entries])
    new += struct.pack("<HHII", tag, 4, count, place)
    content += bytes(0 if value is not None else 4 * min(count, 10**7))
    struct.pack_into("<I", content, 4, len(content))
    return bytes(content) + struct.pack("<H", entries + 1) + new + bytes(4)


def refuse_all() -> None:
    """Read everything within little memory; one line each."""
    warnings.simplefilter("error")
    with tempfile.TemporaryDirectory() as folder:
        for name, content in hostile_files().items():
            (Path(folder) / name).write_bytes(content)
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        room = pages * resource.getpagesize() + ROOM
        resource.setrlimit(resource.RLIMIT_AS, (room, room))
        for file in sorted(Path(folder).iterdir()):
            begun = time.process_time()
            try:
                told = f"accepted: {read_picture(file)!r:.60}"
            except PictureError as error:
                told = str(error).replace(f"{folder}/", "")
            spent = time.process_time() - begun
            print(json.dumps([file.name, spent, told]), flush=True)


if __name__ == "__main__":
    refuse_all()
