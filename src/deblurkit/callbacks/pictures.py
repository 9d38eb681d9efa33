"""The same crops of the same pictures, validation after validation."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from lightning.pytorch import LightningModule, Trainer
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from deblurkit.callbacks.picture_callback import PictureCallback, Stage
from deblurkit.contracts import Image
from deblurkit.imaging.blur.kernel_files import kernel_levels
from deblurkit.imaging.drawing.compare import liveliest_crop, side_by_side
from deblurkit.imaging.formats.files import as_pixels, write_image
from deblurkit.storage import tolerate_disk_errors


class Pictures(PictureCallback):
    """Draws blurred | restored | sharp of the first pictures, as PNG and in the logger.

    Where a method estimates the kernel, that stands beside them.

    Args:
        folder: Folder of the PNG files, named by epoch.
        count: Pictures per validation.
        side: Side of the crop in pixels, chosen once per picture where it is liveliest.
        every_n_validations: Draw only at every so many validations.
        test_folder: Where the test pictures are written, whole and with 8 bits, as
            ``blurred/<name>.png``, ``restored/<name>.png`` and ``sharp/<name>.png``, which can be
            scored again; nowhere if not given.
    """

    def __init__(
        self,
        folder: str,
        *,
        count: int = 4,
        side: int = 256,
        every_n_validations: int = 1,
        test_folder: str | None = None,
    ) -> None:
        self.folder = Path(folder)
        self.test_folder = None if test_folder is None else Path(test_folder)
        self.count, self.side, self.every_n_validations = count, side, every_n_validations
        self._validations = 0

    def on_picture_batch(self, stage: Stage, batch: Any, outputs: Any) -> None:
        """Draw one of the first validation pictures; write the test pictures of this device."""
        if stage.name == "test":
            self._write(batch, outputs)
            return
        due = self._validations % self.every_n_validations == 0
        if stage.batch_index < self.count and due and stage.trainer.is_global_zero:
            with tolerate_disk_errors():
                self._draw(stage.trainer, batch, outputs)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Count."""
        self._validations += not trainer.sanity_checking

    def _write(self, batch: Any, outputs: Any) -> None:
        if self.test_folder is None:
            return
        for number, name in enumerate(batch["name"]):
            for role, picture in columns(batch, outputs, number).items():
                finite = picture.nan_to_num()  # a broken method shows black, the test goes on
                write_image(self.test_folder / role / f"{name}.png", as_pixels(finite))

    def _draw(self, trainer: Trainer, batch: Any, outputs: Any) -> None:
        name = str(batch["name"][0]).replace("/", "_")
        shown = columns(batch, outputs, 0)
        rows, cols = liveliest_crop(shown.get("sharp", shown["blurred"]), self.side)
        crops = {key: picture[:, rows, cols] for key, picture in shown.items()}
        if "kernel" in outputs:
            crops["kernel"] = enlarged(outputs["kernel"][0], side=rows.stop - rows.start)
        drawn = side_by_side(crops)
        write_image(self.folder / f"epoch_{trainer.current_epoch:04d}_{name}.png", drawn)
        log_picture(trainer, f"val/{name}", drawn)


def columns(batch: Any, outputs: Any, number: int) -> dict[str, Image]:
    """What there is to see of one picture of a batch."""
    shown = {"blurred": batch["blurred"][number], "restored": outputs["restored"][number]}
    return shown | ({"sharp": batch["sharp"][number]} if "sharp" in batch else {})


def enlarged(kernel: Float[Tensor, "1 size size"], *, side: int) -> Image:
    """A kernel as a square picture of a side in pixels, its largest weight white."""
    shares = torch.from_numpy(kernel_levels(kernel)) / 255
    return functional.interpolate(shares[None, None], (side, side))[0].expand(3, -1, -1)


def log_picture(trainer: Trainer, name: str, drawn: NDArray[np.uint8]) -> None:
    """Hand a picture to every logger that shows pictures."""
    for logger in trainer.loggers:
        if hasattr(logger, "log_image"):  # wandb and those that follow it
            logger.log_image(key=name, images=[drawn], step=trainer.global_step)
        elif hasattr(logger, "experiment") and hasattr(logger.experiment, "add_image"):
            picture = torch.from_numpy(drawn)
            logger.experiment.add_image(name, picture, trainer.global_step, dataformats="HWC")
