"""Fetches the photographs of ``free_photographs.yaml``: hashes are compared, licences are read.

Debian's wallpaper packages are downloaded by ``apt-get`` and unpacked into a temporary folder, or
taken from ``--packages``; Kodak's pictures lie in a folder. What is left is train/, val/ and test/
for ``data=free_exposures``, and a table of files, licences and authors for the card.

    python studies/free_photographs.py --kodak kodak --output data/free_photographs

``--note`` writes hashes that are not noted yet into the list.
"""

import argparse
import hashlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import cv2
import yaml  # type: ignore[import-untyped,unused-ignore]

from deblurkit.data.sources.photos import Photos
from deblurkit.imaging.formats.files import Pixels, read_image, write_image

LIST = Path(__file__).with_suffix(".yaml")
PARTS = ("train", "val", "test")
PICTURES = ("*.jpg", "*.jpeg", "*.png", "*.webp")


class Photograph(NamedTuple):
    """One picture before it is made smaller."""

    name: str
    pixels: Pixels
    scales: list[int]
    origin: str
    licence: str
    author: str
    digest: str


def main() -> None:
    options = arguments()
    listed = yaml.safe_load(LIST.read_text("utf-8"))
    rows, digests = [], {}
    with TemporaryDirectory() as folder:
        root = options.packages or fetched(listed["packages"], Path(folder))
        for part in PARTS:
            for photograph in photographs(listed, part, root, options.kodak):
                digests[photograph.name] = photograph.digest
                expected = (listed["sha256"] or {}).get(photograph.name)
                if expected != photograph.digest and not (options.note and expected is None):
                    raise SystemExit(
                        f"{photograph.name} is another file than the one that is listed"
                    )
                for scale in photograph.scales:
                    write(photograph, scale, options.output / part)
                rows.append((part, photograph))
    if options.note:
        text = LIST.read_text("utf-8").partition("\nsha256:")
        noted = "".join(f"\n  {name}: {digest}" for name, digest in digests.items())
        comment = text[2].splitlines()[0]
        LIST.write_text(f"{text[0]}{text[1]}{comment}{noted}\n", encoding="utf-8")
    (options.output / "licences.md").write_text(table(rows), encoding="utf-8")
    print(table(rows))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kodak", type=Path, required=True, help="folder of kodim01.png ...")
    parser.add_argument("--packages", type=Path, help="folder of unpacked packages")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--note", action="store_true", help="write missing hashes into the list")
    return parser.parse_args()


def fetched(packages: list[str], folder: Path) -> Path:
    """Download and unpack; apt compares its own hashes."""
    subprocess.run(["apt-get", "download", *packages], cwd=folder, check=True, stdout=sys.stderr)
    for file in folder.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", str(file), str(folder / "unpacked")], check=True)
    return folder / "unpacked"


def photographs(listed: dict[str, Any], part: str, root: Path, kodak: Path) -> Iterator[Photograph]:
    """All that a part is made of."""
    for entry in listed[part]:
        if "file" in entry:
            yield wallpaper(root, entry["file"], entry["scales"], listed["licences"])
        for name in entry.get("skimage", ()):
            pixels = Photos([name]).read(0)["sharp"]
            digest = hashlib.sha256(pixels.tobytes()).hexdigest()
            yield Photograph(
                name,
                pixels,
                [1],
                "scikit-image",
                "CC0 or public domain",
                "see scikit-image",
                digest,
            )
        for name in entry.get("kodak", ()):
            file = kodak / f"{name}.png"
            yield Photograph(
                name, read_image(file), [1], "Kodak's set", "free use", "Kodak", digest_of(file)
            )


def wallpaper(root: Path, name: str, scales: list[int], licences: list[str]) -> Photograph:
    """A picture of a package, if its copyright file gives it one of the licences.

    Raises:
        SystemExit: If it is missing, or its licence is another one.
    """
    (file,) = [*root.rglob(name)] or [None]
    if file is None:
        raise SystemExit(f"{name} is in none of the packages")
    title = Path(name).with_suffix("").as_posix().replace("/", "_")
    for copyright_file in sorted(root.rglob("usr/share/doc/*/copyright")):
        licence, author = stated(copyright_file.read_text("utf-8"), name)
        if licence in licences:
            package = copyright_file.parent.name
            return Photograph(
                title, read_image(file), scales, package, licence, author, digest_of(file)
            )
    raise SystemExit(f"no copyright file gives {name} one of the licences {', '.join(licences)}")


def stated(text: str, name: str) -> tuple[str, str]:
    """Licence and author of a file that a machine-readable copyright file names, else nothing.

    A paragraph for all files of a folder is not enough: the file itself must be named.
    """
    for paragraph in re.split(r"\n\s*\n", text):
        fields = dict(re.findall(r"(?m)^(Files|Copyright|License):\s*((?:.|\n[ \t])*)", paragraph))
        patterns = fields.get("Files", "").split()
        if any(f"/{pattern}".endswith(f"/{name}") for pattern in patterns):
            author = " ".join(fields.get("Copyright", "").split())
            return fields.get("License", "").split("\n")[0].strip(), author
    return "", ""


def digest_of(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def write(photograph: Photograph, scale: int, folder: Path) -> None:
    """Store it, made smaller by averaging."""
    height, width = (side // scale for side in photograph.pixels.shape[:2])
    smaller = cv2.resize(photograph.pixels, (width, height), interpolation=cv2.INTER_AREA)
    suffix = "" if scale == 1 else f"_{scale}"
    write_image(folder / f"{photograph.name}{suffix}.png", smaller)


def table(rows: list[tuple[str, Photograph]]) -> str:
    """Files, licences and authors."""
    lines = ["| picture | from | licence | author | made smaller by | for |", "| --- " * 6 + "|"]
    lines += [
        f"| {p.name} | {p.origin} | {p.licence} | {p.author} "
        f"| {', '.join(map(str, p.scales))} | {part} |"
        for part, p in rows
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
