"""What tests of blind per-picture methods share: a small scene under a known kernel."""

from pathlib import Path
from typing import Any

import skimage.data
import torch
from torch import Tensor, nn

import deblurkit
from deblurkit.config import build_recipe, plain
from deblurkit.imaging.blur.convolution import convolved_inside
from deblurkit.imaging.formats.files import as_pixels, as_tensor, write_image

SIZE = 5  # of the kernel, pixels
TINY = (
    "model.priors.picture.channels=4",
    "model.priors.picture.skipped=2",
    "model.priors.picture.scales=2",
    "model.priors.kernel.hidden=8",
)


def scene(height: int, width: int) -> tuple[Tensor, Tensor, Tensor]:
    """Sharp picture, blurred picture, and a kernel that no turn maps to itself."""
    edge = SIZE // 2
    photograph = as_tensor(skimage.data.astronaut()[60:, 180:])
    around = photograph[None, :, : height + 2 * edge, : width + 2 * edge]
    kernel = torch.zeros(1, 1, SIZE, SIZE)
    kernel[0, 0, 1, 1:4] = torch.tensor([0.2, 0.3, 0.1])
    kernel[0, 0, 2:4, 3] = torch.tensor([0.3, 0.1])
    blurred = convolved_inside(around, kernel)[0].clamp(0, 1)
    return around[0, :, edge:-edge, edge:-edge], blurred, kernel


def selfdeblur(*overrides: str, iterations: int = 4, model: str = "selfdeblur") -> Any:
    """A tiny method."""
    given = (f"model.priors.stopping.iterations={iterations}", *TINY, *overrides)
    return build_recipe(plain(deblurkit.compose(f"model={model}", *given).model), trust=[])


class Poisoned(nn.Module):
    """Passes values on, but gradients that are not finite in some iterations."""

    def __init__(self, network: nn.Module, bad: set[int]) -> None:
        super().__init__()
        self.network, self.bad, self.calls = network, bad, 0

    def forward(self, noise: Tensor) -> Tensor:
        made = self.network(noise)
        self.calls += 1
        return made * float("nan") if self.calls in self.bad else made


def write_scenes(folder: Path) -> dict[str, Any]:
    """Two pairs of different sizes on the disk; the config of their data."""
    for name, size in {"a.b": (24, 33), "values": (30, 21)}.items():
        sharp, blurred, _ = scene(*size)
        write_image(folder / "sharp" / f"{name}.png", as_pixels(sharp))
        write_image(folder / "blurred" / f"{name}.png", as_pixels(blurred))
    return {
        "_target_": "deblurkit.data.pictures.PictureListDataModule",
        "source": {
            "_target_": "deblurkit.data.sources.folders.FolderPairs",
            "root": str(folder),
            "blurred": "blurred",
            "sharp": "sharp",
        },
        "kernel_size": SIZE,
        "iterations_per_epoch": 2,
    }
