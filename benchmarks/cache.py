"""Pairs per second of training crops: the prepared cache against decoding whole frames.

Run as ``python benchmarks/cache.py``; takes about a minute on one core. Both loaders draw the same
256x256 crops of the same 1280x720 PNG pairs, which is checked; the page cache is warm for both.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from deblurkit.data.augment import crop_box
from deblurkit.data.sources.base import Pictures
from deblurkit.data.sources.cache import Cached
from deblurkit.data.sources.folders import FolderPairs
from deblurkit.data.sources.photos import Photos
from deblurkit.imaging.formats.files import write_image

HEIGHT, WIDTH, SIDE = 720, 1280, 256
Draw = Callable[[int], Pictures]


def write_pairs(folder: Path, *, count: int) -> None:
    """Photographs enlarged to 720p with noise, so that their PNG files are as large as GoPro's."""
    photos, noise = Photos(), np.random.default_rng(0)
    for number in range(count):
        photo = photos.read(number % len(photos))["sharp"]
        frame = cv2.resize(photo, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
        frame = np.roll(frame, 37 * number, axis=1)
        for role, picture in (("sharp", frame), ("blurred", cv2.blur(frame, (15, 1)))):
            noisy = picture + noise.normal(0, 2, picture.shape)
            write_image(folder / role / f"{number:03}.png", noisy.clip(0, 255) / 255)


def decoded_draw(source: FolderPairs) -> Draw:
    """The plain loader: decode both frames, then crop them."""

    def draw(number: int) -> Pictures:
        index = number % len(source)
        top, left = crop_box(HEIGHT, WIDTH, SIDE, number)
        pair = {}
        for role, file in source.files(index).items():
            frame = cv2.imread(str(file), cv2.IMREAD_COLOR_RGB)
            pair[role] = frame[top : top + SIDE, left : left + SIDE].copy()
        return pair

    return draw


def cached_draw(source: Cached) -> Draw:
    """Ours: the crop alone, out of the mapped file."""

    def draw(number: int) -> Pictures:
        index = number % len(source)
        top, left = crop_box(*source.size(index), SIDE, number)
        return source.crop(index, top=top, left=left, side=SIDE)

    return draw


def pairs_per_second(draw: Draw, draws: range) -> float:
    start = time.perf_counter()
    for number in draws:
        draw(number)
    return len(draws) / (time.perf_counter() - start)


def measure(folder: Path, *, count: int, repeats: int) -> dict[str, float]:
    """Medians of interleaved repetitions, pairs per second by loader."""
    write_pairs(folder / "pairs", count=count)
    source = FolderPairs(folder / "pairs")
    start = time.perf_counter()
    cached = Cached(source, folder / "cache")
    prepared = time.perf_counter() - start
    plain, ours = decoded_draw(source), cached_draw(cached)
    for number in range(2 * count):
        expected, crop = plain(number), ours(number)
        assert all(np.array_equal(crop[role], expected[role]) for role in expected)
    rates = {"decode whole frames": [], "prepared cache": []}
    for repeat in range(repeats):
        first = 100_000 * repeat
        few, many = range(first, first + 20), range(first, first + 2000)
        rates["decode whole frames"].append(pairs_per_second(plain, few))
        rates["prepared cache"].append(pairs_per_second(ours, many))
    kilobytes = np.mean([file.stat().st_size for file in folder.glob("pairs/*/*")]) / 1e3
    print(f"{count} pairs of 1280x720 PNG, {kilobytes:.0f} kB each; prepared in {prepared:.1f} s")
    return {name: float(np.median(values)) for name, values in rates.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=7)
    given = parser.parse_args()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        rates = measure(Path(folder), count=given.pairs, repeats=given.repeats)
    base = rates["decode whole frames"]
    print(f"{'loader of 256x256 pairs':<28}{'pairs/s':>10}{'ratio':>8}")
    for name, rate in rates.items():
        print(f"{name:<28}{rate:>10.0f}{rate / base:>8.1f}")
    print(f"one process of {os.cpu_count()} processors, page cache warm")


if __name__ == "__main__":
    main()
