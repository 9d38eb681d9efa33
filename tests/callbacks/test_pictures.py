"""What is drawn of a validation: pictures of one height, and the kernel where it is estimated."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from lightning.pytorch import Trainer
from lightning.pytorch.loggers import Logger
from toys import Doubled

from deblurkit.callbacks.pictures import Pictures, enlarged
from deblurkit.config import compose, conf_dir, instantiate, plain
from deblurkit.imaging.drawing.grid import BESIDE, NAME
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


class Keeping(Logger):
    """Keeps the pictures that it is handed, in the way of a kind of logger."""

    name, version = "keeping", 0

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[np.ndarray] = []

    def log_metrics(self, metrics: Any, step: int | None = None) -> None:
        """No numbers."""

    def log_hyperparams(self, *arguments: Any, **options: Any) -> None:
        """No settings."""


class LikeWandb(Keeping):
    def log_image(self, key: str, images: list[Any], step: int) -> None:
        self.kept += images


class LikeTensorBoard(Keeping):
    @property
    def experiment(self) -> "LikeTensorBoard":
        return self

    def add_image(self, name: str, picture: torch.Tensor, step: int, dataformats: str) -> None:
        assert dataformats == "HWC"
        self.kept.append(picture.numpy())


def test_loggers_are_handed_levels_of_8_bits_whatever_the_pictures_are(tmp_path: Path) -> None:
    """Wandb draws floats black and lets 16 bits wrap."""
    trainer = Trainer(accelerator="cpu", logger=False, enable_checkpointing=False)
    trainer.loggers = [LikeWandb(), LikeTensorBoard()]
    batch = {
        "blurred": torch.full((1, 3, 8, 8), 0.6),
        "sharp": torch.full((1, 3, 8, 8), 51 * 257 / 65535, dtype=torch.float64),  # of 16 bits
        "name": ["photo"],
    }
    restored = torch.full((1, 3, 8, 8), 7.5, dtype=torch.bfloat16)  # linear light, beyond white
    Pictures(str(tmp_path)).on_validation_batch_end(
        trainer, Doubled(), {"restored": restored}, batch, 0
    )
    file = read_image(tmp_path / "epoch_0000_photo.png")
    for logger in trainer.loggers:
        (pixels,) = logger.kept
        assert pixels.dtype == np.uint8
        assert np.array_equal(pixels, file)
        middles = [4 + position * (8 + BESIDE) for position in range(3)]
        assert [pixels[NAME + 4, middle].tolist() for middle in middles] == [
            [level] * 3 for level in (153, 255, 51)
        ]


@pytest.mark.parametrize("key", sorted(file.stem for file in (conf_dir() / "logger").iterdir()))
def test_every_logger_shows_pictures_in_a_way_that_is_known_or_not_at_all(key: str) -> None:
    """A kind that is not known would go without pictures, or get them in a form of its own."""
    for node in plain(compose(f"logger={key}", "paths.run=run").logger or {}).values():
        logger = instantiate(node | {"_partial_": True}).func
        shows = hasattr(logger, "log_image") or "tensorboard" in logger.__module__
        assert shows or not hasattr(logger, "experiment")
