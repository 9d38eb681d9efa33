"""Scores of restored pictures under named protocols, for trained and classical methods alike."""

import csv
import io
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from deblurkit.callbacks.reference import Reference
from deblurkit.contracts import Images
from deblurkit.imaging.psnr import psnr
from deblurkit.metrics.kernel_similarity import kernel_scores
from deblurkit.metrics.parts.pooled import PooledProtocol, measured, pooled
from deblurkit.metrics.parts.protocol import Protocol, rounded
from deblurkit.storage import as_bytes, replacing, tolerate_disk_errors

Row = dict[str, Any]


class Scores(Callback):
    """Measures every validation and test picture and keeps a row for each.

    Logs ``val/psnr``, ``val/ssim`` of the first protocol, the other protocols' scores under their
    names (``val/<protocol>/<score>``), and ``val/psnr_gain``: restored minus blurred, in dB.
    The columns ``psnr_...`` of the rows are PSNR of 8-bit RGB pictures, whatever the protocols.
    Where a method returns its kernel and the data knows the true one, the columns
    ``kernel_similarity`` and ``kernel_mse`` compare them, and the means are logged.
    Of a protocol that counts the rows hold the counts of each version of the picture, and what is
    logged are its figures of all pictures together (``val/<protocol>/restored/<figure>``).

    Args:
        protocols: Protocols by name; several are measured in one pass.
        folder: Folder of the tables of rows, ``val.csv`` and ``test.csv``.
        references: What test pictures are also restored by; ``unsharp`` adds a column
            ``psnr_unsharp`` and logs ``test/psnr_unsharp``.
    """

    def __init__(
        self,
        protocols: Mapping[str, Protocol | PooledProtocol],
        folder: str,
        references: Mapping[str, Reference] | None = None,
    ) -> None:
        self.protocols = dict(protocols)
        self.folder = Path(folder)
        self.references = dict(references or {})
        self.rows: list[Row] = []  # of this device, later of all
        self.pooled: dict[str, float | int] = {}  # figures of those protocols that count

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin anew."""
        self._begin(pl_module)

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin anew; references get ready."""
        self._begin(pl_module)
        for reference in self.references.values():
            reference.prepare(trainer)

    def _begin(self, module: LightningModule) -> None:
        self.rows, self.pooled = [], {}
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
        """Measure one picture, restored by the method and by the references."""
        self.measure(batch, outputs, self.references)

    def measure(
        self, batch: Any, outputs: Any, references: Mapping[str, Reference] | None = None
    ) -> None:
        """Add the rows of a batch; pictures without a sharp partner are left out."""
        if "sharp" not in batch:
            return
        others = {name: one.restoration(batch) for name, one in (references or {}).items()}
        restored, sharp, blurred = outputs["restored"].float(), batch["sharp"], batch["blurred"]
        for number, name in enumerate(batch["name"]):
            one = slice(number, number + 1)
            row: Row = {"name": name}
            shown = {"blurred": blurred[one], "restored": restored[one], "sharp": sharp[one]}
            for key, protocol in self.protocols.items():
                taken = measured(protocol, shown, name)
                row |= {f"{key}/{score}": value for score, value in taken.items()}
            row["psnr_blurred"] = psnr8(blurred[one], sharp[one])
            for key, other in others.items():
                row[f"psnr_{key}"] = psnr8(other["restored"][one], sharp[one])
            row["psnr_restored"] = psnr8(restored[one], sharp[one])
            row["psnr_gain"] = gain(row["psnr_restored"], row["psnr_blurred"])
            if "kernel" in outputs and "kernel" in batch:
                row |= kernel_scores(outputs["kernel"][one], batch["kernel"][one])
            row |= outputs.get("facts", [{}] * len(batch["name"]))[number]
            self.rows.append(row)

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Log the means, write the rows; a disk that refuses them does not end a training."""
        if not trainer.sanity_checking:
            self._finish(pl_module, "val")
            if trainer.is_global_zero and self.rows:
                with tolerate_disk_errors():
                    write_rows(self.folder / "val.csv", self.rows)

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Log the means, write the rows."""
        self._finish(pl_module, "test")
        if trainer.is_global_zero and self.rows:
            write_rows(self.folder / "test.csv", self.rows)

    def _finish(self, module: LightningModule, stage: str) -> None:
        self.rows = sorted(gathered(self.rows), key=lambda row: str(row["name"]))
        if not self.rows:
            return
        # All devices have the same values; without sync_dist Lightning warns that they might not.
        log = partial(module.log, sync_dist=True)
        first = True
        for key, protocol in self.protocols.items():
            for score, value in protocol.compute().items():
                name = f"{stage}/{score}" if first else f"{stage}/{key}/{score}"
                log(name, value.float(), prog_bar=first)
            first = False
        self.pooled = pooled(self.protocols)
        others = (f"psnr_{key}" for key in self.references)
        for column in ("psnr_gain", "kernel_similarity", "kernel_mse", *others):
            values = [row[column] for row in self.rows if column in row]
            if values:
                mean = sum(values) / len(values)
                log(f"{stage}/{column}", mean, prog_bar=column == "psnr_gain")


def psnr8(pictures: Images, sharp: Images) -> float:
    """PSNR of one picture as 8-bit RGB, in dB; infinite for equal pictures."""
    return float(psnr(rounded(pictures), rounded(sharp)))


def gain(restored: float, blurred: float) -> float:
    """Difference in dB; none where both are equal, be it that both are infinite."""
    return 0.0 if restored == blurred else restored - blurred


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
        stream.write(as_bytes(text.getvalue()))
