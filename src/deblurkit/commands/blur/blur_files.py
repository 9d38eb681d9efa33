"""Sharp picture files in, pairs out."""

import logging
from collections.abc import Collection, Iterable
from copy import copy
from itertools import chain
from pathlib import Path
from typing import TypeVar

import torch
from omegaconf import DictConfig
from rich.console import Console
from rich.progress import track

from deblurkit.commands.blur.pair_folder import PairFolder, Row, files_of
from deblurkit.commands.shared.inputs import passed_over, say_renamed, targets
from deblurkit.commands.shared.owners import Owners
from deblurkit.commands.shared.passed_over import warn_of, warn_of_losses
from deblurkit.commands.shared.record import write_record
from deblurkit.commands.shared.trainer import homes
from deblurkit.config import instantiate
from deblurkit.data.blur.disparity import DepthDefocus, DepthShake
from deblurkit.data.blur.synthesis import BlurSynthesis
from deblurkit.data.stream import number
from deblurkit.errors import InputError
from deblurkit.imaging.formats.files import (
    Picture,
    as_pixels,
    as_tensor,
    eight_bit,
    read_image,
    read_picture,
)
from deblurkit.imaging.suffixes import READABLE
from deblurkit.paths import expanded

log = logging.getLogger(__name__)

OPACITY = ("its opacity",)  # which no pair has, as no training reads it

Item = TypeVar("Item")


def blur_files(cfg: DictConfig) -> int:
    """Blur every picture that can be read; report the others at the end.

    Returns:
        How many could not be blurred.
    """
    if not cfg.inputs:
        raise InputError("name sharp pictures, a folder or a pattern: deblurkit-blur sharp/")
    if cfg.count < 1:
        raise InputError(f"count must be at least 1, got {cfg.count}")
    output, count = expanded(str(cfg.output)), int(cfg.count)
    inputs = [str(entry) for entry in cfg.inputs]
    owners = Owners(output)
    files = pair_names(inputs, output, count=count, owners=owners)
    names = {name: numbered(name, count) for name in files}
    maker = PairMaker(cfg)
    sources = {numbered_name: files[name] for name in files for numbered_name in names[name]}
    pairs = PairFolder(output, sources, owners)
    write_record(cfg, output)
    losses: dict[Path, tuple[str, ...]] = {}
    try:
        for name, file in following(files.items(), "blurring"):
            with pairs.noting(file):
                picture = read_picture(file)
                losses[file] = picture.left_out + OPACITY * (picture.alpha is not None)
                maker.check_disparity(name)
                for position, numbered_name in enumerate(names[name]):
                    draw = number("blur", name, position)
                    maker.make(pairs, numbered_name, picture, draw=draw)
    finally:
        warn_of(passed_over(inputs, output))
        warn_of_losses(losses)
        failed = pairs.finish()
        say_reduced(maker.reduced, "jpeg= has no more")
    return failed


def pair_names(inputs: list[str], output: Path, *, count: int, owners: Owners) -> dict[str, Path]:
    """Pictures by the names of their pairs, with ``/`` between folders, without suffix.

    Args:
        inputs: Files, folders and patterns.
        output: Folder of the pairs.
        count: Pairs of each picture.
        owners: Know what earlier commands wrote.
    """

    def name_of(target: Path) -> str:
        return target.relative_to(output).with_suffix("").as_posix()

    def writes(target: Path) -> list[Path]:
        pairs = numbered(name_of(target), count)
        return [*chain.from_iterable(files_of(output, pair) for pair in pairs)]

    destinations = targets(inputs, output, ".png", owners=owners, writes=writes)
    say_renamed(destinations)
    return {name_of(target): file for file, target in destinations}


def say_reduced(names: Collection[object], reason: str) -> None:
    """Say of how many pictures with 16 bits 8 were written, and why."""
    if names:
        log.warning("16-bit pictures written with 8 bits, since %s: %d", reason, len(names))


def numbered(name: str, count: int) -> list[str]:
    """Names of the blurs of a picture; a single one keeps the picture's name."""
    return [name] if count == 1 else [f"{name}_{index + 1}" for index in range(count)]


def following(items: Iterable[Item], description: str) -> Iterable[Item]:
    """The items, with a progress bar where somebody watches."""
    console = Console(stderr=True)
    return track(list(items), description, console=console, disable=not console.is_terminal)


class PairMaker:
    """Blurs pictures as a config says; those of 16 bits keep them, unless JPEG takes them.

    Args:
        cfg: Config of the command.

    Attributes:
        reduced: Names of pairs of 16-bit pictures that have 8 bits.

    Raises:
        InputError: If the device does not exist, or disparity maps are missing or useless.
    """

    def __init__(self, cfg: DictConfig) -> None:
        self.synthesis: BlurSynthesis = instantiate(cfg.blur, homes(cfg))
        self.exact = copy(self.synthesis)  # of the same kernels and fields
        self.exact.rounding = False  # to 8 bits
        self.reduced: list[str] = []
        self.seed, self.device = int(cfg.seed), usable(str(cfg.device))
        self.kind = self.synthesis.kind
        self.maps = None if cfg.disparity is None else expanded(cfg.disparity)
        by_depth = isinstance(self.kind, DepthDefocus | DepthShake)
        if by_depth != (self.maps is not None):
            raise InputError(
                "blur by depth needs a disparity map for each picture: give "
                "disparity=<folder of maps>"
                if by_depth
                else "disparity= is read by blur=depth_defocus and blur=depth_shake only"
            )

    def check_disparity(self, name: str) -> None:
        """Get ready for a picture: blur by depth reads its map."""
        if self.maps is not None and isinstance(self.kind, DepthDefocus | DepthShake):
            self.kind.disparity = disparity_map(self.maps, name)

    def make(self, pairs: PairFolder, name: str, picture: Picture, *, draw: int) -> None:
        """Blur a picture and write the pair."""
        bits = 8 if "jpeg" in self.synthesis.intervals else picture.bits
        if bits != picture.bits:
            self.reduced.append(name)
        pixels = picture.pixels if bits == 16 else eight_bit(picture.pixels)
        channels = 1 if picture.gray else 3  # noise and JPEG must not colour a gray picture
        sharp = as_tensor(pixels)[None, :channels].to(self.device)
        blur = (self.exact if bits == 16 else self.synthesis)(sharp, [draw])
        blurred = as_pixels(blur.blurred[0].expand(3, -1, -1), bits)
        row: Row = {"name": name, "blur": type(self.kind).__name__}
        row |= {"seed": self.seed, "draw": draw, "kernel_size": getattr(self.kind, "size", None)}
        if blur.kernel is not None:
            pairs.add_kernel(name, blur.kernel[0])
        pairs.add(
            row | blur.parameters[0],
            blurred=Picture(blurred, gray=picture.gray),
            sharp=Picture(pixels, gray=picture.gray),
        )


def usable(device: str) -> torch.device:
    """The device of a name.

    Raises:
        InputError: If this machine has no such device.
    """
    try:
        return torch.zeros(1, device=device).device
    except (RuntimeError, AssertionError) as error:  # torch without CUDA asserts
        raise InputError(
            f"device={device} cannot be used here; take device=cpu, or cuda where there is a GPU"
        ) from error


def disparity_map(folder: Path, name: str) -> torch.Tensor:
    """The map of a picture, (1, 1, height, width) in [0, 1], 8 or 16 bit gray in the file.

    Raises:
        InputError: If there is none, or it cannot be read.
    """
    files = [file for suffix in sorted(READABLE) if (file := folder / f"{name}{suffix}").is_file()]
    if not files:
        raise InputError(f"{folder / name}.png does not exist: each picture needs a disparity map")
    return as_tensor(read_image(files[0]))[None, :1]
