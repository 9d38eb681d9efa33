"""Checkpoints written beside their target and renamed; read without running anything."""

import logging
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins.io import CheckpointIO

from deblurkit.checkpoint import read_checkpoint
from deblurkit.errors import InputError
from deblurkit.storage import damage, replacing

log = logging.getLogger(__name__)


class AtomicCheckpointIO(CheckpointIO):
    """A crash or a full disk leaves the last good checkpoint as it was.

    Lightning's own writer stages the file in the temporary folder; if that lies on another file
    system, the old checkpoint is gone while the new one is being copied.

    What the disk refuses stays in memory, training goes on, and each later save tries again.

    Attributes:
        waiting: What could not be written, by its path.
    """

    def __init__(self) -> None:
        self.waiting: dict[Path, BytesIO] = {}

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: Any, storage_options: Any | None = None
    ) -> None:
        """Write, flush, rename.

        Args:
            checkpoint: Tensors and plain values.
            path: Of the file.
            storage_options: ``keep`` says where the file goes that stood there; lost if not given.
        """
        target = Path(path)
        self.waiting.pop(target, None)  # this one is newer
        self.try_again()
        try:
            with replacing(target, **(storage_options or {})) as stream:
                torch.save(checkpoint, stream)
        except InputError as error:
            log.error("%s; training goes on, and the next save tries again", error)
            self.waiting[target] = BytesIO()
            torch.save(checkpoint, self.waiting[target])

    def try_again(self) -> None:
        """Write what the disk refused before, if it lets us now."""
        for target, content in list(self.waiting.items()):
            try:
                with replacing(target) as stream:
                    stream.write(content.getbuffer())
            except InputError:
                continue
            log.info("%s is written now", target)
            del self.waiting[target]

    def finish(self) -> None:
        """Try a last time.

        Raises:
            InputError: If checkpoints will be lost with this process, with their paths.
        """
        self.try_again()
        if self.waiting:
            paths = " and ".join(map(str, self.waiting))
            raise InputError(
                f"{paths} could not be written: the disk refused until the end, so what was there "
                "is older; make room, then go on with resume=<run folder>"
            )

    def load_checkpoint(
        self,
        path: Any,
        map_location: Callable[..., Any] | None = None,
        weights_only: bool | None = None,
    ) -> dict[str, Any]:
        """Read tensors and plain values, nothing else, whatever is asked for."""
        return read_sound(Path(path))

    def remove_checkpoint(self, path: Any) -> None:
        """Delete a checkpoint that a better one replaced."""
        self.waiting.pop(Path(path), None)
        Path(path).unlink(missing_ok=True)


def read_sound(path: Path) -> dict[str, Any]:
    """Read a checkpoint after a look at its checksums.

    Raises:
        InputError: If it is missing, damaged, or holds more than plain data.
    """
    try:
        wrong = damage(path)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    if wrong is not None:
        raise InputError(f"{path} is damaged: {wrong}")
    return read_checkpoint(path)
