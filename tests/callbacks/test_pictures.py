"""What is drawn of a validation: pictures of one height, and the kernel where it is estimated."""

from pathlib import Path

import pytest
import torch
from lightning.pytorch import Trainer
from toys import Doubled

from deblurkit.callbacks.pictures import Pictures, enlarged
from deblurkit.imaging.drawing.grid import BESIDE
from deblurkit.imaging.formats.files import read_image


def drawn(folder: Path, outputs: dict[str, torch.Tensor]) -> tuple[int, ...]:
    batch = {"blurred": torch.rand(1, 3, 40, 30), "name": ["photo"]}
    trainer = Trainer(accelerator="cpu", logger=False, enable_checkpointing=False)
    found = {"restored": batch["blurred"]} | outputs
    Pictures(str(folder)).on_validation_batch_end(trainer, Doubled(), found, batch, 0)
    return read_image(folder / "epoch_0000_photo.png").shape


def test_an_estimated_kernel_stands_beside_the_pictures(tmp_path: Path) -> None:
    height, width, _ = drawn(tmp_path / "plain", {})
    kernel = torch.rand(1, 1, 7, 7)
    with_kernel = drawn(tmp_path / "kernel", {"kernel": kernel / kernel.sum()})
    assert with_kernel == (height, width + BESIDE + 40, 3)


def test_a_kernel_is_enlarged_pixel_by_pixel_and_made_bright() -> None:
    kernel = torch.zeros(1, 3, 3)
    kernel[0, 0, 2], kernel[0, 1, 1] = 0.75, 0.25
    shown = enlarged(kernel, side=9)
    assert shown.shape == (3, 9, 9)
    assert bool((shown[:, :3, 6:] == 1).all())
    torch.testing.assert_close(shown[:, 3:6, 3:6], torch.full((3, 3, 3), 1 / 3))
    assert shown.sum().item() == pytest.approx(36)
