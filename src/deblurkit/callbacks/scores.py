"""Scores of restored pictures under named protocols, for trained and classical methods alike."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from deblurkit.metrics.protocol import Protocol, rounded
from deblurkit.metrics.rgb8 import psnr
from deblurkit.storage import replacing

Row = dict[str, Any]


class Scores(Callback):
    """Measures every validation and test picture and keeps a row for each.

    Logs ``val/psnr``, ``val/ssim`` of the first protocol, the other protocols' scores under their
    names (``val/<protocol>/<score>``), and ``val/psnr_gain``: restored minus blurred, in dB.

    Args:
        protocols: Protocols by name; several are measured in one pass.
        folder: Folder of the tables of rows, ``val.csv`` and ``test.csv``.
    """

    def __init__(self, protocols: Mapping[str, Protocol], folder: str) -> None:
        self.protocols = dict(protocols)
        self.folder = Path(folder)
        self.rows: list[Row] = []  # of this device, later of all

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin anew."""
        self._begin(pl_module)

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin anew."""
        self._begin(pl_module)

    def _begin(self, module: LightningModule) -> None:
        self.rows = []
        for protocol in self.protocols.values():
            protocol.to(module.device).reset()

    def on_validation_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Measure one picture."""
        self.measure(batch, outputs)

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Measure one picture."""
        self.measure(batch, outputs)

    def measure(self, batch: Any, outputs: Any) -> None:
        """Add the rows of a batch; pictures without a sharp partner are left out."""
        if "sharp" not in batch:
            return
        restored, sharp, blurred = outputs["restored"].float(), batch["sharp"], batch["blurred"]
        for number, name in enumerate(batch["name"]):
            one = slice(number, number + 1)
            row: Row = {"name": name}
            for key, protocol in self.protocols.items():
                for score, value in protocol(restored[one], sharp[one]).items():
                    row[f"{key}/{score}"] = float(value)
            before = psnr(rounded(blurred[one]), rounded(sharp[one]))
            row["psnr_blurred"] = float(before)
            row["psnr_gain"] = float(psnr(rounded(restored[one]), rounded(sharp[one])) - before)
            row |= outputs.get("facts", [{}] * len(batch["name"]))[number]
            self.rows.append(row)

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Log the means, write the rows."""
        if not trainer.sanity_checking:
            self._finish(trainer, pl_module, "val")

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Log the means, write the rows."""
        self._finish(trainer, pl_module, "test")

    def _finish(self, trainer: Trainer, module: LightningModule, stage: str) -> None:
        self.rows = sorted(gathered(self.rows), key=lambda row: str(row["name"]))
        if not self.rows:
            return
        first = True
        for key, protocol in self.protocols.items():
            for score, value in protocol.compute().items():
                name = f"{stage}/{score}" if first else f"{stage}/{key}/{score}"
                module.log(name, value.float(), prog_bar=first)
            first = False
        gain = sum(row["psnr_gain"] for row in self.rows) / len(self.rows)
        module.log(f"{stage}/psnr_gain", gain, prog_bar=True)
        if trainer.is_global_zero:
            write_rows(self.folder / f"{stage}.csv", self.rows)


def gathered(rows: list[Row]) -> list[Row]:
    """The rows of all devices."""
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return rows
    shares: list[list[Row]] = [[] for _ in range(torch.distributed.get_world_size())]
    torch.distributed.all_gather_object(shares, rows)
    return [row for share in shares for row in share]


def write_rows(path: Path, rows: list[Row]) -> None:
    """Write a table whose columns are all keys that occur, in order of appearance."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    with replacing(path) as stream:
        stream.write(text.getvalue().encode())
