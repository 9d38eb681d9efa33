"""Blind deconvolution with few edges: the kernel it finds, what it refuses, real photographs."""

import csv
from functools import cache
from pathlib import Path

import pytest
import skimage.data
import torch
from running import command_line
from torch import Tensor

from deblurkit.config import build
from deblurkit.errors import InputError
from deblurkit.imaging.blur.convolution import blur
from deblurkit.imaging.blur.kernels import centroid, check_kernels, normalized
from deblurkit.methods.l0_blind import L0Blind
from deblurkit.metrics.kernel_similarity import kernel_similarity

QUICK = ("rounds=2", "steps=8", "coupling=10.0")


@cache
def method(*overrides: str) -> L0Blind:
    """As its config says, but for fewer steps."""
    made = build("l0_blind", *QUICK, *overrides)
    assert isinstance(made, L0Blind)
    return made


def hook() -> Tensor:
    """A path of 7 x 7 pixels that differs from its mirror images."""
    path = torch.zeros(1, 1, 7, 7)
    path[..., 1, 1:6] = 1
    path[..., 1:5, 5] = 1
    return normalized(path)


def photograph(height: int = 96, width: int = 88) -> Tensor:
    """A colour photograph with edges."""
    taken = torch.from_numpy(skimage.data.astronaut()[20 : 20 + height, 160 : 160 + width])
    return taken.permute(2, 0, 1)[None].float() / 255


def blurred(height: int = 60, width: int = 52) -> Tensor:
    """A photograph under the hook, without the mirrored rim."""
    pictures = blur(photograph(height + 14, width + 14), hook())
    return pictures[..., 7:-7, 7:-7].clamp(0, 1)


def kernels(pictures: Tensor, *sizes: int) -> Tensor:
    names = [str(number) for number in range(len(pictures))]
    with torch.no_grad():
        batch = {"blurred": pictures, "name": names, "kernel_size": list(sizes)}
        return method().restoration(batch)["kernel"]


def test_the_kernel_of_a_colour_photograph_is_found_and_acts_by_convolution() -> None:
    pictures = blurred(136, 136)
    found = build("l0_blind").restoration({"blurred": pictures, "name": ["a"], "kernel_size": [9]})
    kernel = found["kernel"]
    check_kernels(kernel)
    assert kernel.shape == (1, 1, 9, 9)
    assert bool((centroid(kernel).abs() <= 0.5).all())
    similar = kernel_similarity(kernel, hook())
    assert similar > 0.75
    assert similar > kernel_similarity(kernel, hook().flip(-1, -2)) + 0.1
    assert found["restored"].shape == pictures.shape
    assert found["facts"][0]["seconds"] > 0


def test_pictures_of_a_batch_are_solved_as_alone_whatever_the_sizes_of_their_kernels() -> None:
    pair = torch.cat([blurred(), blurred().flip(-1)])
    together = kernels(pair, 9, 7)
    assert together.shape == (2, 1, 9, 9)
    inner = together[1:, :, 1:-1, 1:-1]
    torch.testing.assert_close(inner, kernels(pair[1:], 7), rtol=0, atol=1e-5)
    twice = kernels(pair, 7, 7)  # sums in another order may move a faint weight
    torch.testing.assert_close(twice[1:], inner, rtol=0, atol=2e-2)


@pytest.mark.parametrize("size", [(7, 7), (12, 40), (33, 20)])
def test_any_size_is_restored_without_a_size_of_the_kernel(size: tuple[int, int]) -> None:
    pictures = photograph(*size)
    assert method().restore(pictures).shape == pictures.shape


def test_flat_pictures_stay_flat() -> None:
    flat = torch.full((1, 3, 24, 28), 0.4)
    torch.testing.assert_close(method("kernel_size=7").restore(flat), flat, rtol=0, atol=1e-3)


def test_gradients_flow_to_the_picture_and_not_through_the_kernel() -> None:
    pictures = photograph(24, 24).requires_grad_()
    found = method("kernel_size=5").restoration({"blurred": pictures, "name": ["a"]})
    assert not found["kernel"].requires_grad
    found["restored"].square().mean().backward()
    assert pictures.grad is not None
    assert bool(pictures.grad.isfinite().all())
    assert pictures.grad.abs().sum() > 0


def test_sizes_that_no_kernel_has_are_refused() -> None:
    pictures = photograph(24, 24)
    for size in (8, 1, -3):
        with pytest.raises(InputError, match="odd number of pixels"):
            method().restore(pictures, kernel_size=[size])
    with pytest.raises(InputError, match="larger than a picture"):
        method().restore(pictures, kernel_size=[25])
    with pytest.raises(InputError, match="odd number of pixels"):
        method("kernel_size=10")
    for wrong in ("ratio=1.0", "growth=1.0"):
        with pytest.raises(InputError, match="scales need"):
            method(wrong)


@pytest.mark.slow
def test_levins_pictures_gain_four_decibels(test_data: Path, tmp_path: Path) -> None:
    arguments = ("model=l0_blind", "data=levin", f"data.root={test_data / 'levin'}")
    command_line("eval", *arguments, "protocol=[levin]", "hydra.run.dir=run", folder=tmp_path)
    blind = column_means(tmp_path / "run" / "test.csv")
    arguments = ("model=unsharp", "model.amount=0", *arguments[1:])
    command_line("eval", *arguments, "protocol=[levin]", "hydra.run.dir=none", folder=tmp_path)
    none = column_means(tmp_path / "none" / "test.csv")
    assert blind["levin/psnr"] > none["levin/psnr"] + 4
    assert blind["kernel_similarity"] > 0.8


def column_means(table: Path) -> dict[str, float]:
    with table.open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 16
    return {key: sum(float(row[key]) for row in rows) / 16 for key in rows[0] if key != "name"}
