"""Checkpoints written beside their target and renamed; read without running anything."""

import logging
from collections.abc import Callable
from copy import deepcopy
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins.io import CheckpointIO

from deblurkit.checkpoint import read_checkpoint
from deblurkit.errors import InputError
from deblurkit.storage import replacing

log = logging.getLogger(__name__)

# What Lightning goes on with.
PARTS = {
    "epoch": int,
    "loops": dict,
    "callbacks": dict,
    "optimizer_states": list,
    "lr_schedulers": list,
    "pytorch-lightning_version": str,
}
LARGEST, SPARE = 16, 2**28  # size of a checkpoint, in times its weights, and bytes beside them


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
        """Read tensors and plain values, nothing else, whatever is asked for.

        They are copies: the file may be replaced while a run trains on.

        Raises:
            InputError: As in ``read_sound``.
        """
        content = read_sound(Path(path))
        weights = sum(value.nbytes for value in content["state_dict"].values())
        try:
            if Path(path).stat().st_size > LARGEST * weights + SPARE:
                raise InputError(f"{path} is damaged: it is much larger than its weights")
            return deepcopy(content)
        except RecursionError as error:
            raise InputError(f"{path} is damaged: its values lie too deep in each other") from error

    def remove_checkpoint(self, path: Any) -> None:
        """Delete a checkpoint that a better one replaced.

        Which one that was is also read from checkpoints, so nothing else is ever deleted.
        """
        self.waiting.pop(Path(path), None)
        if Path(path).suffix == ".ckpt" and ".." not in Path(path).parts:
            Path(path).unlink(missing_ok=True)
        else:
            log.warning("%s is kept: it is no checkpoint of this run", path)


def read_sound(path: Path) -> dict[str, Any]:
    """Read a checkpoint from which a run can go on.

    Raises:
        InputError: If it is missing, damaged, no run's, or holds more than plain data.
    """
    try:
        content = read_checkpoint(path)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    if not isinstance(content.get("global_step"), int):
        raise InputError(f"{path} is no checkpoint of a run: it has no 'global_step'")
    return content


def require_run(content: dict[str, Any], *, origin: Path) -> None:
    """Look whether a checkpoint has what Lightning goes on with.

    Raises:
        InputError: If a part is missing or of another kind.
    """
    missing = [key for key, kind in PARTS.items() if not isinstance(content.get(key), kind)]
    if missing:
        raise InputError(f"{origin} is no checkpoint of a run: it has no {missing[0]!r}")
