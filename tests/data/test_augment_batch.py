import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

from deblurkit.data.augment_batch import BatchAugmentation
from deblurkit.data.sources.photos import Photos
from deblurkit.errors import InputError


def convolved(sharp: Tensor, kernel: Tensor) -> Tensor:
    """Each picture with its own kernel, on a torus."""
    reach = kernel.shape[-1] // 2
    rows = [
        conv2d(pad(s[:, None], [reach] * 4, mode="circular"), k.flip(1, 2)[None])[:, 0]
        for s, k in zip(sharp, kernel, strict=True)
    ]
    return torch.stack(rows)


@pytest.fixture(scope="module")
def batch() -> dict[str, Any]:
    photos = Photos(["coffee", "rocket"])
    crops = [
        photos.crop(i % 2, top=60 + 9 * i, left=90 + 8 * i, side=48)["sharp"] for i in range(8)
    ]
    sharp = torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).double() / 255
    kernel = torch.rand(8, 1, 7, 7, generator=torch.Generator().manual_seed(0)).double()
    kernel = kernel / kernel.sum((2, 3), keepdim=True)
    names = [f"crop{number}" for number in range(8)]
    return {
        "sharp": sharp.float(),
        "blurred": convolved(sharp, kernel).float(),
        "kernel": kernel.float(),
        "name": names,
    }


def test_pictures_and_kernels_move_together(batch: dict[str, Any]) -> None:
    moved = BatchAugmentation()(batch, 3)
    blurred = convolved(moved["sharp"].double(), moved["kernel"].double())
    assert torch.allclose(blurred.float(), moved["blurred"], atol=1e-6)
    assert moved["name"] == batch["name"]
    stays = [torch.equal(a, b) for a, b in zip(moved["sharp"], batch["sharp"], strict=True)]
    assert not all(stays)


@pytest.mark.parametrize("side", [15, 48, 255, 256])
def test_flips_and_turns_reach_all_eight_and_are_exact(side: int) -> None:
    picture = torch.rand(1, 3, side, side).expand(64, -1, -1, -1)
    turned = [torch.rot90(picture[0], times, (1, 2)) for times in range(4)]
    every = torch.stack([*turned, *(one.flip(2) for one in turned)])
    moved = BatchAugmentation()({"sharp": picture}, 0)["sharp"]
    matches = (moved[:, None] == every[None]).flatten(2).all(2)
    assert (matches.sum(1) == 1).all()
    assert (matches.sum(0) > 0).all()


def test_colours_are_shared_and_jpeg_is_not(batch: dict[str, Any]) -> None:
    same = {**batch, "blurred": batch["sharp"].clone()}
    colour = {"brightness": 0.3, "contrast": 0.3, "saturation": 0.3, "hue": 0.05}
    jittered = BatchAugmentation(flip=0, turn=0, **colour)(same, 1)
    assert torch.equal(jittered["blurred"], jittered["sharp"])
    assert (jittered["sharp"] - batch["sharp"]).abs().mean() > 0.01
    packed = BatchAugmentation(flip=0, turn=0, jpeg=1, jpeg_quality=[20, 30])(same, 1)
    assert torch.equal(packed["sharp"], batch["sharp"])
    difference = (packed["blurred"] - batch["sharp"]).flatten(1).std(dim=1)
    assert difference.min() > 0.005
    assert difference.max() < 0.1
    for answer in (jittered, packed):
        assert 0 <= answer["blurred"].min() <= answer["blurred"].max() <= 1
        assert torch.equal(answer["kernel"], batch["kernel"])


def test_only_the_seed_counts_and_no_generator_moves(batch: dict[str, Any]) -> None:
    augmentation = BatchAugmentation(brightness=0.2, jpeg=0.5)
    torch.manual_seed(1)
    before = (torch.get_rng_state(), np.random.get_state()[1].copy())
    first = augmentation(batch, 5)
    assert torch.equal(before[0], torch.get_rng_state())
    assert np.array_equal(before[1], np.random.get_state()[1])
    torch.manual_seed(2)
    other, again = augmentation(batch, 6), augmentation(batch, 5)
    for role in ("blurred", "sharp", "kernel"):
        assert torch.equal(first[role], again[role])
        assert not torch.equal(first[role], other[role])


def test_a_batch_is_not_changed_in_place(batch: dict[str, Any]) -> None:
    before = {role: batch[role].clone() for role in ("blurred", "sharp", "kernel")}
    BatchAugmentation(contrast=0.3, jpeg=1)(batch, 0)
    assert all(torch.equal(before[role], batch[role]) for role in before)


def test_wrong_numbers_are_refused() -> None:
    with pytest.raises(InputError, match="flip is a probability"):
        BatchAugmentation(flip=2)
    with pytest.raises(InputError, match="jpeg_quality"):
        BatchAugmentation(jpeg=1, jpeg_quality=[90, 40])
    with pytest.raises(InputError, match="hue"):
        BatchAugmentation(hue=0.9)
    with pytest.raises(InputError, match="square crops, got 20x16"):
        BatchAugmentation()({"sharp": torch.rand(2, 3, 16, 20)}, 0)
    assert BatchAugmentation(turn=0)({"sharp": torch.rand(2, 3, 16, 20)}, 0)["sharp"].shape[2] == 16


@pytest.mark.gpu
def test_the_device_draws_the_same_moves(batch: dict[str, Any]) -> None:
    there = {k: v.cuda() if isinstance(v, Tensor) else v for k, v in batch.items()}
    state = torch.cuda.get_rng_state()
    moved = BatchAugmentation()(there, 3)
    assert torch.equal(state, torch.cuda.get_rng_state())
    assert torch.equal(moved["sharp"].cpu(), BatchAugmentation()(batch, 3)["sharp"])


def test_importing_the_adapter_does_not_import_kornia() -> None:
    code = "import sys, deblurkit.data.augment_batch; print('kornia' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.stdout.strip() == "False", answer.stderr
