"""Every protocol of conf/protocol with what it needs on the disk, and pictures that suit all."""

import json
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import skimage.data
import torch
from photographs import spoiled

from deblurkit.config import compose, conf_dir, instantiate, plain
from deblurkit.contracts import Images
from deblurkit.imaging.formats.files import as_pixels, write_image
from deblurkit.metrics.parts.pooled import PooledProtocol, measured
from deblurkit.metrics.parts.protocol import Protocol
from deblurkit.trust import RECIPE_HOMES, RUN_HOMES

NAMES = sorted(file.stem for file in (conf_dir() / "protocol").glob("*.yaml"))
SIZE = (64, 72)  # of the pictures, pixels
LARGE = {"kohler": (180, 192)}  # four halvings and a window must fit
PICTURES = ("Blurry1_1", "Blurry1_2", "Blurry2_1")  # Koehler's asks for such names
CLASSES = ["red", "green", "blue"]


@cache
def written(name: str) -> Any:
    """What the YAML of a protocol says; some are another one with changes."""
    return next(iter(plain(compose(f"protocol=[{name}]", config="eval").protocol).values()))


def made(name: str, folder: Path) -> Protocol | PooledProtocol:
    """A protocol as its YAML makes it, with its files in a folder."""
    node = deepcopy(written(name))
    if "frames" in node:
        node |= {"frames": f"{folder}/Image{{scene}}/Kernel{{trajectory}}/*.png"}
        node |= {"count": 2, "counts": {}}
    if "known" in node:
        node["known"] = str(folder / "known")
    if node.get("size"):
        node["size"] = list(SIZE)
    if "detector" in node:
        node |= {"detector": {"_target_": "toy_detectors.Rectangles", "threshold": 0.5}}
        node["folder"] = None
        if "file" in node["truth"]:
            node["truth"] |= {"file": str(folder / "annotations.json"), "classes": CLASSES}
    protocol: Protocol | PooledProtocol = instantiate(
        node, (*RECIPE_HOMES, *RUN_HOMES, "toy_detectors")
    )
    return protocol


def sharp(number: int, name: str = "") -> Images:
    """One of the pictures, as large as a protocol wants it."""
    whole = torch.from_numpy(skimage.data.astronaut()).movedim(-1, 0)[None].float() / 255
    top, left = 60 + 30 * number, 120 + 20 * number
    height, width = LARGE.get(name, SIZE)
    return whole[..., top : top + height, left : left + width]


def row(name: str, protocol: Protocol | PooledProtocol, number: int) -> dict[str, float | int]:
    """Scores of one of the pictures, spoiled."""
    truth = sharp(number, name)
    shown = {"restored": spoiled(truth), "sharp": truth}
    return measured(protocol, shown, PICTURES[number])


def values(protocol: Protocol | PooledProtocol) -> dict[str, str]:
    """What ``compute`` says, to the last bit."""
    return {name: float(value).hex() for name, value in protocol.compute().items()}


def write_files(folder: Path) -> None:
    """What some protocols read: frames, results with the true kernels, annotations."""
    for number, name in enumerate(PICTURES):
        scene, trajectory = name.removeprefix("Blurry").split("_")
        frames = folder / f"Image{scene}" / f"Kernel{trajectory}"
        for frame in (1, 2):
            moved = sharp(number, "kohler").roll(frame, -1)
            write_image(frames / f"GroundTruth{name}_{frame}.png", as_pixels(moved[0]))
        known = spoiled(sharp(number)) * 0.5 + sharp(number) * 0.5
        write_image(folder / "known" / f"{name}.png", as_pixels(known[0]))
    box = {"category_id": 1, "bbox": [10, 16, 40, 50]}
    content: dict[str, Any] = {
        "images": [
            {"id": n, "file_name": f"{name}.png", "height": SIZE[0], "width": SIZE[1]}
            for n, name in enumerate(PICTURES)
        ],
        "categories": [{"id": 1, "name": "red"}],
        "annotations": [{"image_id": n, **box} for n in range(len(PICTURES))],
    }
    (folder / "annotations.json").write_text(json.dumps(content))
