"""The data sets of known blur, on the real files."""

from pathlib import Path

import pytest
import torch
from torch.nn.functional import conv2d

import deblurkit
from deblurkit.config import instantiate
from deblurkit.data.known.known_blur import KnownBlurDataModule


def built(data: str, root: Path) -> KnownBlurDataModule:
    made = instantiate(deblurkit.compose(f"data={data}", f"data.root={root}").data)
    assert isinstance(made, KnownBlurDataModule)
    return made


def best_psnr(batch: dict[str, torch.Tensor]) -> float:
    """Of the sharp picture under its kernel against the blurred one, over whole-pixel shifts."""
    kernel = batch["kernel"]
    reach = 6  # pixels
    cut = kernel.shape[-1] // 2 + reach
    predicted = conv2d(batch["sharp"][:, :1], kernel.flip((-2, -1)))  # of valid pixels
    wanted = batch["blurred"][:, :1, cut:-cut, cut:-cut]
    height, width = wanted.shape[-2:]
    errors = [
        (predicted[..., down : down + height, right : right + width] - wanted).square().mean()
        for down in range(2 * reach + 1)
        for right in range(2 * reach + 1)
    ]
    return float(-10 * torch.stack(errors).min().log10())


def test_levins_kernels_act_by_convolution(test_data: Path) -> None:
    made = built("levin", test_data / "levin")
    batches = [made.on_after_batch_transfer(batch, 0) for batch in made.test_dataloader()]
    assert [batch["name"] for batch in batches] == [
        [f"im{scene}_kernel{kernel}_img"] for scene in (1, 2) for kernel in range(1, 9)
    ]
    sides = [batch["kernel"].shape[-1] for batch in batches]
    assert sides == 2 * [19, 17, 15, 27, 13, 21, 23, 23]
    for batch in batches:
        assert batch["kernel"].sum() == pytest.approx(1)
        assert batch["blurred"].shape == (1, 3, 255, 255)
        assert best_psnr(batch) > 36
        turned = batch | {"kernel": batch["kernel"].flip((-2, -1))}
        if batch["name"][0][10] not in "13":  # nearly symmetric
            assert best_psnr(batch) > best_psnr(turned) + 3, batch["name"]


def test_levins_pictures_come_as_a_list_with_the_sizes_of_their_kernels(test_data: Path) -> None:
    made = built("levin", test_data / "levin")
    assert made.offers == {"pictures"}
    sizes = 2 * [17, 15, 13, 27, 11, 19, 21, 21]  # as SelfDeblur's authors give them
    assert made.pictures()["kernel_size"] == sizes
    batches = [made.on_after_batch_transfer(batch, 0) for batch in made.test_dataloader()]
    assert [batch["kernel_size"] for batch in batches] == [[size] for size in sizes]


def test_without_given_sizes_those_of_the_kernels_count(test_data: Path) -> None:
    cfg = deblurkit.compose("data=levin", f"data.root={test_data / 'levin'}").data
    cfg.kernel_sizes = {}
    made = instantiate(cfg)
    assert made.pictures()["kernel_size"] == 2 * [19, 17, 15, 27, 13, 21, 23, 23]


def test_lais_pairs_are_luminance(test_data: Path) -> None:
    made = built("lai", test_data / "lai")
    assert len(made.test) == 20
    assert len(set(made.test.groups)) == 5
    loader = iter(made.test_dataloader())
    batch = made.on_after_batch_transfer(next(loader), 0)
    assert batch["name"] == ["manmade_02_kernel_01"]
    assert "kernel" not in batch
    assert batch["kernel_size"] == [31]
    assert made.pictures()["kernel_size"] == 5 * [31, 51, 55, 75]
    for role in ("blurred", "sharp"):
        assert torch.equal(batch[role][:, 0], batch[role][:, 2])
    assert batch["blurred"].shape == batch["sharp"].shape
    shift = (batch["blurred"].mean() - batch["sharp"].mean()).abs()
    assert shift < 0.02  # a limited range would be 0.06 to 0.15 off
