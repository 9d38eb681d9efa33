"""Checkpoints written beside their target and renamed; read without running anything."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins.io import CheckpointIO

from deblurkit.checkpoint import read_checkpoint
from deblurkit.storage import replacing


class AtomicCheckpointIO(CheckpointIO):
    """A crash or a full disk leaves the last good checkpoint as it was.

    Lightning's own writer stages the file in the temporary folder; if that lies on another file
    system, the old checkpoint is gone while the new one is being copied.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: Any, storage_options: Any | None = None
    ) -> None:
        """Write, flush, rename."""
        with replacing(path) as stream:
            torch.save(checkpoint, stream)

    def load_checkpoint(
        self,
        path: Any,
        map_location: Callable[..., Any] | None = None,
        weights_only: bool | None = None,
    ) -> dict[str, Any]:
        """Read tensors and plain values, nothing else, whatever is asked for."""
        return read_checkpoint(Path(path))

    def remove_checkpoint(self, path: Any) -> None:
        """Delete a checkpoint that a better one replaced."""
        Path(path).unlink(missing_ok=True)
