"""Sequences of sharp frames in, pairs out: a long exposure is the mean of short ones."""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from omegaconf import DictConfig

from deblurkit.commands.blur.blur_files import following, say_reduced
from deblurkit.commands.blur.pair_folder import PairFolder, Row
from deblurkit.commands.shared.owners import Owners
from deblurkit.commands.shared.record import write_record
from deblurkit.data.blur.averaging import frame_mean
from deblurkit.data.sources.base import Pixels
from deblurkit.data.sources.folders import FolderPictures
from deblurkit.errors import InputError
from deblurkit.imaging.formats.files import Picture, eight_bit, read_image
from deblurkit.paths import expanded

UNUSED = ("boost", "photons", "noise", "jpeg")


class Window(NamedTuple):
    """Neighbouring frames of one sequence, by their positions in the source.

    Attributes:
        centre: Position of the sharp frame.
        frames: Positions of all of them, in time.
    """

    centre: int
    frames: list[int]


def average_frames(cfg: DictConfig) -> int:
    """Average every window of every sequence; report at the end what cannot be used.

    Returns:
        How many pairs could not be made.
    """
    refuse_impossible(cfg)
    output, gamma = expanded(str(cfg.output)), 1.0 if cfg.gamma is None else float(cfg.gamma)
    source = FolderPictures(expanded(cfg.frames), role="sharp")
    inputs = [source.files(index)["sharp"] for index in range(len(source))]
    if any(output.resolve() in file.resolve().parents for file in inputs):
        raise InputError(
            f"{output} holds pictures that would be read as frames; choose another output="
        )
    averages = list(windows(source.names, int(cfg.window), int(cfg.stride)))
    if not averages:
        raise InputError(
            f"no folder in {cfg.frames} holds {cfg.window} frames in a row; take a smaller window="
        )
    centres = {source.names[window.centre]: inputs[window.centre] for window in averages}
    pairs = PairFolder(output, centres, Owners(output))
    deep: set[Path] = set()

    @lru_cache(maxsize=int(cfg.window))
    def read(index: int) -> Pixels:
        pixels = read_image(inputs[index])
        if pixels.dtype == np.uint16:
            deep.add(inputs[index])
        return eight_bit(pixels)

    write_record(cfg, output)
    try:
        for window in following(averages, "averaging"):
            with pairs.noting(inputs[window.centre]):
                average(pairs, source.names, window, gamma, read)
    finally:
        failed = pairs.finish()
        say_reduced(deep, "frames are averaged with 8")
    return failed


def refuse_impossible(cfg: DictConfig) -> None:
    """Say at once what makes no sense.

    Raises:
        InputError: With what to change.
    """
    if cfg.inputs:
        raise InputError("give either sharp pictures or frames=<folder of sequences>, not both")
    if not isinstance(cfg.gamma, int | float | None):
        raise InputError(f"gamma is a number, such as 2.2, got {cfg.gamma}")
    if cfg.window < 1 or cfg.window % 2 == 0:
        raise InputError(f"a window of {cfg.window} frames has no centre frame: take an odd number")
    if cfg.stride < 1:
        raise InputError(f"stride must be at least 1 frame, got {cfg.stride}")
    unused = [key for key in UNUSED if cfg[key] is not None]
    if unused or cfg.count != 1:
        raise InputError(
            f"{unused[0] if unused else 'count'}= does not act on averaged frames; leave it out"
        )


def windows(names: list[str], window: int, stride: int) -> Iterator[Window]:
    """Windows of each unbroken row of frames; those left over at its end are dropped.

    Args:
        names: Of all frames, folder by folder, in time.
        window: Frames of each.
        stride: Frames from one to the next.
    """
    for positions in unbroken(names):
        for start in range(0, len(positions) - window + 1, stride):
            frames = positions[start : start + window]
            yield Window(frames[window // 2], frames)


def unbroken(names: list[str]) -> Iterator[list[int]]:
    """Positions of the frames of each folder, cut where a number is missing: there time jumped.

    A frame's number is the last one in its name; the least step between two counts as one frame.
    Folders in which a name has no number are taken as they are.
    """
    folders: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        folders.setdefault(name.rpartition("/")[0], []).append(index)
    for positions in folders.values():
        numbers = [re.findall(r"\d+", names[index].rpartition("/")[2]) for index in positions]
        if not all(numbers) or len(positions) < 2:
            yield positions
            continue
        steps = [int(b[-1]) - int(a[-1]) for a, b in pairwise(numbers)]
        least = min((step for step in steps if step > 0), default=1)
        cuts = [count for count, step in enumerate(steps, start=1) if step != least]
        for begin, end in pairwise([0, *cuts, len(positions)]):
            yield positions[begin:end]


def average(
    pairs: PairFolder,
    names: list[str],
    window: Window,
    gamma: float,
    read: Callable[[int], Pixels],
) -> None:
    """Write the mean of a window with its centre frame."""
    frames = (torch.from_numpy(read(index).transpose(2, 0, 1)) for index in window.frames)
    levels = frame_mean(frames, gamma=gamma).round().to(torch.uint8)
    blurred = np.ascontiguousarray(levels.permute(1, 2, 0).numpy())
    row: Row = {"name": names[window.centre], "frames": len(window.frames), "gamma": gamma}
    row |= {"first": names[window.frames[0]], "last": names[window.frames[-1]]}
    pairs.add(row, blurred=Picture(blurred), sharp=Picture(read(window.centre)))
