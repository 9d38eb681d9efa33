"""Scores of restored pictures under named protocols, for trained and classical methods alike."""

import logging
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer

from deblurkit.callbacks.picture_callback import PictureCallback, Stage
from deblurkit.callbacks.reference import Reference
from deblurkit.contracts import Images
from deblurkit.imaging.psnr import psnr
from deblurkit.metrics.kernel_similarity import kernel_scores
from deblurkit.metrics.parts.means import MeanScore, mean_score
from deblurkit.metrics.parts.pooled import PooledProtocol, measured, pooled
from deblurkit.metrics.parts.protocol import Direction, Protocol, rounded
from deblurkit.storage import tolerate_disk_errors, write_rows

log = logging.getLogger(__name__)

Row = dict[str, Any]

# Columns that are logged whatever the protocols are, and whether their highest value is best.
COLUMNS: Mapping[str, Direction] = MappingProxyType(
    {"psnr_gain": "max", "kernel_similarity": "max", "kernel_mse": "min"}
)
LEFT_OUT = (
    "infinite scores, of pictures that are equal to their sharp ones, are left out of the means of "
    "%s; what is chosen by such a mean, as best.ckpt is, compares the other pictures"
)


class Scores(PictureCallback):
    """Measures every validation and test picture and keeps a row for each.

    Logs ``val/psnr``, ``val/ssim`` of the first protocol, the other protocols' scores under their
    names (``val/<protocol>/<score>``), and ``val/psnr_gain``: restored minus blurred, in dB.
    The columns ``psnr_...`` of the rows are PSNR of 8-bit RGB pictures, whatever the protocols.
    Where a method returns its kernel and the data knows the true one, the columns
    ``kernel_similarity`` and ``kernel_mse`` compare them, and the means are logged.
    Of a protocol that counts the rows hold the counts of each version of the picture, and what is
    logged are its figures of all pictures together (``val/<protocol>/restored/<figure>``).
    Means are those of ``mean_score``; where scores are infinite, their number is logged beside the
    mean, as ``val/psnr_infinite``.

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
        self._warned = False  # of infinite scores in a validation

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

    def on_picture_batch(self, stage: Stage, batch: Any, outputs: Any) -> None:
        """Measure pictures; those of a test are restored by the references, too."""
        self.measure(batch, outputs, self.references if stage.name == "test" else None)

    def measure(
        self, batch: Any, outputs: Any, references: Mapping[str, Reference] | None = None
    ) -> None:
        """Add the rows of a batch; pictures without a sharp partner are left out."""
        if "sharp" not in batch:
            return
        restored, sharp, blurred = outputs["restored"].float(), batch["sharp"], batch["blurred"]
        others = {
            key: reference.restoration(batch)["restored"]
            for key, reference in (references or {}).items()
        }
        for number, name in enumerate(batch["name"]):
            alone = slice(number, number + 1)
            row: Row = {"name": name}
            versions = {"blurred": blurred, "restored": restored, "sharp": sharp}
            pictures = {version: batched[alone] for version, batched in versions.items()}
            for key, protocol in self.protocols.items():
                scores = measured(protocol, pictures, name)
                row |= {f"{key}/{score}": value for score, value in scores.items()}
            row["psnr_blurred"] = psnr8(blurred[alone], sharp[alone])
            for key, other in others.items():
                row[f"psnr_{key}"] = psnr8(other[alone], sharp[alone])
            row["psnr_restored"] = psnr8(restored[alone], sharp[alone])
            row["psnr_gain"] = gain(row["psnr_restored"], row["psnr_blurred"])
            if "kernel" in outputs and "kernel" in batch:
                row |= kernel_scores(outputs["kernel"][alone], batch["kernel"][alone])
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
        self.pooled = pooled(self.protocols)
        means = self._means()
        # All devices have the same values; without sync_dist Lightning warns that they might not.
        log_value = partial(module.log, sync_dist=True)
        first = next(iter(self.protocols), "")
        for column, mean in means.items():
            shown = column == "psnr_gain" or column.startswith(f"{first}/")
            log_value(self._logged_name(stage, column), mean.value, prog_bar=shown)
        for figure, value in self.pooled.items():
            log_value(self._logged_name(stage, figure), float(value))
        for column, mean in means.items():
            if infinite := mean.above + mean.below:
                log_value(f"{self._logged_name(stage, column)}_infinite", float(infinite))
        left_out = [
            f"{self._logged_name(stage, column)} ({mean.left_out})"
            for column, mean in means.items()
            if mean.left_out
        ]
        if left_out and stage == "val" and not self._warned and module.trainer.is_global_zero:
            self._warned = True
            log.warning(LEFT_OUT, ", ".join(left_out))

    def _means(self) -> dict[str, MeanScore]:
        """The means that are logged, by their columns."""
        scores = (
            f"{key}/{score}"
            for key, protocol in self.protocols.items()
            if isinstance(protocol, Protocol)
            for score in protocol.scores
        )
        references = (f"psnr_{key}" for key in self.references)
        columns = {
            column: [row[column] for row in self.rows if column in row]
            for column in (*scores, *COLUMNS, *references)
        }
        return {column: mean_score(values) for column, values in columns.items() if values}

    def _logged_name(self, stage: str, column: str) -> str:
        """Of a column in the log; those of the first protocol are short."""
        first = next(iter(self.protocols), "")
        return f"{stage}/{column.removeprefix(f'{first}/')}"

    def directions(self, stage: str) -> dict[str, Direction | None]:
        """Names of what may be logged, and which value is best: the highest or the lowest.

        Args:
            stage: ``val`` or ``test``.
        """
        directions = {
            self._logged_name(stage, f"{key}/{score}"): protocol.direction(score)
            for key, protocol in self.protocols.items()
            for score in protocol.scores
        }
        return directions | {f"{stage}/{column}": COLUMNS[column] for column in COLUMNS}


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
