"""Pairs of photographs for tests of protocols."""

from functools import cache
from pathlib import Path
from typing import Any

import skimage.data
import torch
from torch import Tensor
from torch.nn import functional

from deblurkit.config import compose, instantiate, plain
from deblurkit.imaging.formats.files import as_tensor, read_image
from deblurkit.metrics.parts.protocol import Protocol


def picture(path: Path) -> Tensor:
    """A stored picture, (1, 3, H, W) in [0, 1]."""
    return as_tensor(read_image(path))[None]


def photograph(height: int = 96, width: int = 112) -> Tensor:
    """Part of a photograph of 8 bits."""
    pixels = torch.from_numpy(skimage.data.astronaut()[100 : 100 + height, 180 : 180 + width])
    return pixels.movedim(-1, 0)[None].float() / 255


def spoiled(sharp: Tensor) -> Tensor:
    """Blurred and noisy."""
    padded = functional.pad(sharp, (2, 2, 2, 2), mode="replicate")
    noise = torch.randn(sharp.shape, generator=torch.Generator().manual_seed(0))
    return (functional.avg_pool2d(padded, 5, stride=1) + 0.02 * noise).clamp(0, 1)


@cache
def node(name: str, *overrides: str) -> Any:
    """What the YAML of a protocol says."""
    return plain(compose(f"protocol=[{name}]", *overrides, config="eval").protocol)[name]


def protocol(name: str, *overrides: str) -> Protocol:
    """A protocol as its YAML makes it."""
    made: Protocol = instantiate(node(name, *overrides))
    return made
