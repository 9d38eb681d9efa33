"""Damaged pictures through the reader, in a child process under limits.

    PYTHONPATH=tests/support python tests/support/fuzz_pictures.py 20000

Mutant n is a function of n alone, so a finding is repeated by its number: ``20000 --only 1234``.
A child that dies, or spends more than two seconds of processor time on one mutant, is replaced by
one that goes on behind it.
"""

import argparse
import itertools
import json
import os
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import time
import warnings
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from picture_kinds import every_kind, photograph, saved, tiff
from PIL import Image

from deblurkit.errors import PictureError
from deblurkit.imaging.formats.files import picture_size, read_picture, write_picture
from deblurkit.imaging.formats.stacks import read_pages

TESTS = Path(__file__).parents[1]
SECONDS = 2  # of processor time for one picture
MEMORY = 2**30  # bytes that one picture may take
EXTREMES = (0, 1, 2, 255, 256, 32767, 32768, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1)
Damage = Callable[[np.random.Generator, bytes], bytes]


class Report(NamedTuple):
    """What became of the mutants.

    Args:
        outcomes: Counts of "read", "read with other sides" and "refused", by format.
        defects: Number of the mutant and what went wrong.
        memory: Most that a child had taken above what it had before, bytes.
        seconds: Most processor time of one mutant.
    """

    outcomes: Counter[tuple[str, str]]
    defects: dict[int, str]
    memory: int
    seconds: float


def whole_files() -> dict[str, list[bytes]]:
    """Files by format: every kind of the round trip, and larger and rarer ones."""
    picture = Image.fromarray(photograph(80, 120))
    files = [kind.content for kind in every_kind().values() if len(kind.content) < 30_000]
    files += [
        saved(picture, "JPEG", quality=60, progressive=True),
        saved(picture, "JPEG", quality=90, restart_marker_rows=1),
        saved(picture.convert("L"), "JPEG"),
        saved(picture, "PNG"),
        saved(picture, "WEBP", quality=70),
        saved(picture, "WEBP", save_all=True, append_images=[picture.rotate(90)]),
        saved(picture, "GIF", save_all=True, append_images=[picture.rotate(90)]),
        saved(picture, "GIF", interlace=1),
        saved(picture.quantize(200), "BMP"),
        saved(picture.convert("1"), "BMP"),
        saved(picture.convert("L"), "BMP"),
        saved(picture, "PPM"),
        saved(picture.convert("L"), "PPM"),
        tiff(photograph(80, 120, 3, np.uint16), compression="zlib", predictor=True),
        *(
            saved(picture, "TIFF", compression=name)
            for name in ("tiff_lzw", "jpeg", "packbits", "tiff_deflate")
        ),
        saved(picture.convert("1"), "TIFF", compression="group4"),
        saved(picture.convert("CMYK"), "TIFF"),
        saved(picture, "TIFF", save_all=True, append_images=[picture.rotate(90)]),
        tiff(photograph(40, 60, 4, np.uint16), planarconfig="contig", bigtiff=True, tile=(16, 16)),
        saved(picture, "AVIF", quality=50),
        b"P2 9 4 15\n" + b" ".join(b"%d" % (number % 16) for number in range(36)),
        b"P5 9 4 1023\n" + bytes(range(72)),
        saved(picture, "MPO", save_all=True, append_images=[picture.rotate(90)], xmp=GAIN_MAP),
    ]
    return {name: [f for f in files if signed(f, name)] for name in SIGNS}


GAIN_MAP = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/" xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/"
hdrgm:Version="1.0"><hdrgm:GainMapMax/><hdrgm:Gamma> 1 </hdrgm:Gamma></x:xmpmeta>"""
SIGNS = {
    "AVIF": b"\0\0\0",
    "PNG": b"\x89PNG",
    "JPEG": b"\xff\xd8",
    "WEBP": b"RIFF",
    "TIFF": b"II*\0",
    "BMP": b"BM",
    "GIF": b"GIF8",
    "PPM": b"P",
}


def signed(content: bytes, name: str) -> bool:
    """Whether a file is of a format, by its first bytes."""
    signs = (SIGNS[name], b"MM\0*", b"II+\0") if name == "TIFF" else SIGNS[name]
    return content.startswith(signs)


def mutant(number: int, whole: dict[str, list[bytes]]) -> tuple[str, bytes, bytes]:
    """Format, file and damaged file."""
    draw = np.random.default_rng(number)
    name = list(whole)[draw.integers(len(whole))]
    original = whole[name][draw.integers(len(whole[name]))]
    damaged = original
    for _ in range(draw.integers(1, 4)):
        damaged = DAMAGES[draw.integers(len(DAMAGES))](draw, damaged) or b"\0"
    if name == "PNG" and draw.random() < 0.7:
        damaged = with_checksums(damaged)
    return name, original, damaged


def changed_bytes(draw: np.random.Generator, content: bytes) -> bytes:
    values = np.frombuffer(content, np.uint8).copy()
    reach = len(values) if draw.random() < 0.5 else min(len(values), 200)
    places = draw.integers(0, reach, draw.integers(1, 8))
    values[places] = draw.integers(0, 256, len(places))
    return values.tobytes()


def flipped_bit(draw: np.random.Generator, content: bytes) -> bytes:
    values = np.frombuffer(content, np.uint8).copy()
    values[draw.integers(len(values))] ^= 1 << draw.integers(8)
    return values.tobytes()


def extreme_number(draw: np.random.Generator, content: bytes) -> bytes:
    value = EXTREMES[draw.integers(len(EXTREMES))]
    kind = ("<I", ">I", "<H", ">H")[draw.integers(4)]
    packed = struct.pack(kind, value & (0xFFFFFFFF if kind[1] == "I" else 0xFFFF))
    place = int(draw.integers(0, min(len(content), 300)))
    return content[:place] + packed + content[place + len(packed) :]


def cut_end(draw: np.random.Generator, content: bytes) -> bytes:
    return content[: int(draw.integers(1, len(content) + 1))]


def piece(draw: np.random.Generator, content: bytes) -> tuple[int, int]:
    first = int(draw.integers(0, len(content)))
    return first, first + int(draw.integers(1, 2 + len(content) // 4))


def left_out(draw: np.random.Generator, content: bytes) -> bytes:
    first, last = piece(draw, content)
    return content[:first] + content[last:]


def doubled(draw: np.random.Generator, content: bytes) -> bytes:
    first, last = piece(draw, content)
    return content[:last] + content[first:]


def moved(draw: np.random.Generator, content: bytes) -> bytes:
    first, last = piece(draw, content)
    place = int(draw.integers(0, len(content)))
    return content[:place] + content[first:last] + content[place + last - first :]


def noise(draw: np.random.Generator, content: bytes) -> bytes:
    first, last = piece(draw, content)
    return content[:first] + draw.bytes(last - first) + content[last:]


DAMAGES: tuple[Damage, ...] = (
    *(changed_bytes, flipped_bit, extreme_number, extreme_number),
    *(cut_end, left_out, doubled, moved, noise),
)


def with_checksums(content: bytes) -> bytes:
    """A damaged PNG whose chunks' checksums are right, so that decoders look further."""
    place, values = 8, bytearray(content)
    while place + 12 <= len(values):
        end = place + 8 + int.from_bytes(values[place : place + 4], "big")
        if end + 4 > len(values):
            break
        values[end : end + 4] = struct.pack(">I", zlib.crc32(values[place + 4 : end]))
        place = end + 4
    return bytes(values)


def read_mutants(first: int, last: int) -> None:
    """The child: one line before each mutant and one after it."""
    warnings.simplefilter("ignore")
    whole = whole_files()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "mutant"
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        room = 4 * MEMORY
        room += int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (room, room))
        for number in range(first, last):
            name, original, damaged = mutant(number, whole)
            file.write_bytes(damaged)
            print(json.dumps({"begun": number}), flush=True)
            signal.setitimer(signal.ITIMER_PROF, SECONDS)  # its signal ends the process
            begun = time.process_time()
            outcome = read_mutant(file)
            spent = time.process_time() - begun
            signal.setitimer(signal.ITIMER_PROF, 0)
            if outcome.startswith("read"):
                file.write_bytes(original)
                sides = read_picture(file).pixels.shape
                outcome = "read" if outcome == f"read {sides}" else "read with other sides"
            memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
            line = {"format": name, "outcome": outcome, "seconds": spent, "memory": memory}
            print(json.dumps(line), flush=True)


def read_mutant(file: Path) -> str:
    """What the reader makes of a file; a sentence that begins with "defect" if it is wrong."""
    try:
        picture = read_picture(file)
    except PictureError as error:
        told = str(file) in str(error) and f"{file.stat().st_size} bytes" in str(error)
        return "refused" if told else f"defect: the message lacks path or size: {error}"
    except BaseException as error:  # whatever else it is, it is a finding
        return f"defect: {type(error).__name__}: {error}"
    shape = picture.pixels.shape
    if picture_size(file) != shape[:2]:
        return f"defect: the header says {picture_size(file)}, the pixels are {shape}"
    if picture.alpha is not None and picture.alpha.shape != shape[:2]:
        return f"defect: opacity of {picture.alpha.shape} for {shape}"
    try:  # what is damaged beside the pixels must not stop a writer
        for suffix in (
            ".png",
            ".tif",
            ".jpg" if picture.bits == 8 and picture.alpha is None else ".png",
        ):
            write_picture(file.with_suffix(suffix), picture)
        for _ in read_pages(file, pixel_limit=2**24):
            pass
    except PictureError:
        pass
    except BaseException as error:
        return f"defect: {type(error).__name__}: {error}"
    return f"read {shape}"


def fuzz(first: int, last: int) -> Report:
    """Read mutants ``first`` to ``last - 1`` and gather what became of them."""
    report = Report(Counter(), {}, 0, 0.0)
    while first < last:
        before = first
        for line in child(first, last):
            if "begun" in line:
                first = line["begun"] + 1
                continue
            report = report._replace(
                memory=max(report.memory, line["memory"]),
                seconds=max(report.seconds, line["seconds"]),
            )
            if "ended" in line:
                report.defects[first - 1] = line["ended"]
            elif line["outcome"].startswith("defect"):
                report.defects[first - 1] = line["outcome"]
            else:
                report.outcomes[line["format"], line["outcome"]] += 1
        if first == before:
            raise RuntimeError("the child ended before its first mutant; run it with --child")
    return report


def child(first: int, last: int) -> Iterator[dict]:
    """Lines of one child; the last one says so if it was ended before its time."""
    command = [sys.executable, __file__, str(last), "--first", str(first), "--child"]
    with subprocess.Popen(
        command,
        env=os.environ | {"PYTHONPATH": str(TESTS / "support")},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # decoders complain there about every damaged file
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            yield json.loads(line)
    if process.returncode:
        yield {"ended": f"ended with {process.returncode}", "memory": 0, "seconds": 0.0}


def main() -> int:
    """Fuzz and print; the exit code says whether there was a finding."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("last", type=int)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--only", type=int, help="read this mutant in this process")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.only is not None:
        Path("mutant").write_bytes(mutant(given.only, whole_files())[2])
        print(read_mutant(Path("mutant")))
        return 0
    if given.child:
        read_mutants(given.first, given.last)
        return 0
    report = fuzz(given.first, given.last)
    rows = itertools.groupby(sorted(report.outcomes.items()), key=lambda row: row[0][0])
    for name, counts in rows:
        print(name, {outcome: count for (_, outcome), count in counts})
    print(f"{report.memory / 2**20:.0f} MiB, {report.seconds:.2f} s of processor time at most")
    for number, reason in report.defects.items():
        print(f"mutant {number}: {reason}")
    if report.memory > MEMORY:
        print("more memory than allowed")
    return 1 if report.defects or report.memory > MEMORY else 0


if __name__ == "__main__":
    sys.exit(main())
