"""What of a run's config may change when it is resumed: what would not act is refused."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from lightning.pytorch import LightningDataModule, Trainer
from omegaconf import DictConfig, OmegaConf

from deblurkit.commands.shared.checkpoint_io import read_sound
from deblurkit.commands.shared.record import CONFIG
from deblurkit.config import PATH_KEYS
from deblurkit.errors import InputError
from deblurkit.former_names import with_current_names
from deblurkit.methods.frame.base import RestorationMethod
from deblurkit.methods.frame.per_picture import PerPictureMethod
from deblurkit.storage import replacing
from deblurkit.trust import parts


@contextmanager
def former_config_where_refused(
    folder: Path, trainer: Trainer, checkpoint: Path | None
) -> Iterator[None]:
    """Put the config of a run back if resuming it is refused before it has moved.

    Else what was refused would be asked for again by the next ``resume=``, which reads it.

    Args:
        folder: Of the run.
        trainer: That goes on.
        checkpoint: From which it does; None for a fresh run.
    """
    config = folder / CONFIG
    former = config.read_bytes() if checkpoint is not None and config.is_file() else None
    try:
        yield
    except InputError:
        refused = checkpoint is not None and not moved_since(checkpoint, trainer)
        if former is not None and refused and trainer.is_global_zero:
            with replacing(config) as stream:
                stream.write(former)
        raise


def moved_since(checkpoint: Path, trainer: Trainer) -> bool:
    """Whether a run has taken a step since a checkpoint was written."""
    return trainer.global_step > int(read_sound(checkpoint)["global_step"])


def require_own_weights(folder: Path, weights: str | None) -> None:
    """Refuse weights to start from: a resumed run has its own.

    Args:
        folder: Of the run.
        weights: Those of the config.

    Raises:
        InputError: If the run was not begun with them.
    """
    config = folder / CONFIG
    if not config.is_file():
        return
    stored = cast("DictConfig", OmegaConf.load(config))
    if stored.get("weights") != weights:
        raise InputError(
            f"weights={weights} would not be read: resume= goes on from the run's own checkpoint; "
            "leave one of them out"
        )


def require_changes_that_act(content: dict[str, Any], method: RestorationMethod) -> None:
    """Compare the recipe of a checkpoint with that of now.

    Most numbers may change on the way: rates, weights of terms, clipping, schedules. What makes
    first weights comes too late, and pictures that are solved one by one are partly solved.

    Raises:
        InputError: If a change would do nothing or only half of what it says.
    """
    described = content.get("deblurkit")
    recipe = described.get("recipe") if isinstance(described, dict) else None
    if not isinstance(recipe, dict) or method.recipe is None:
        return
    parts(recipe)  # before anything walks through it
    changes = changed(with_current_names(recipe), method.recipe)
    if isinstance(method, PerPictureMethod):
        idle = [key for key in changes if key.rpartition(".")[2] not in PATH_KEYS]
        reason = "pictures that are solved one by one keep the numbers that they began with"
    else:
        idle = [key for key in changes if makes_first_weights(key)]
        reason = "it makes the first weights of a run, and a checkpoint holds later ones"
    if idle:
        raise InputError(
            f"model.{idle[0]} cannot change on the way: {reason}; resume with what it was, or "
            "start a new run"
        )


def makes_first_weights(key: str) -> bool:
    """Whether a value of a recipe, by its dotted key, acts before the first step only."""
    *above, last = key.split(".")
    return last == "trunk_weights" or "start" in above


def changed(before: Any, now: Any, key: str = "") -> list[str]:
    """Dotted keys below which two plain nodes differ."""
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        names = sorted(before.keys() | now.keys(), key=str)
        inner = [changed(before.get(n), now.get(n), f"{key}.{n}".lstrip(".")) for n in names]
        return [path for paths in inner for path in paths]
    return [] if before == now else [key]


def require_batches_to_come(content: dict[str, Any], data: LightningDataModule) -> None:
    """Refuse epochs that are shorter than the part that a checkpoint has had of one.

    Raises:
        InputError: If no batch of it is left, or the checkpoint does not say.
    """
    try:
        progress = content["loops"]["fit_loop"]["epoch_loop.batch_progress"]
        had, inside = int(progress["current"]["completed"]), not progress["is_last_batch"]
    except (LookupError, TypeError, ValueError) as error:
        raise InputError("the checkpoint does not say how far it is within an epoch") from error
    batches = getattr(data, "batches_per_epoch", None)
    if batches is not None and inside and had >= batches:
        raise InputError(
            f"the checkpoint lies inside an epoch, behind its batch {had}: "
            f"data.batches_per_epoch={batches} would end it at once; give more than {had}, and "
            "change it when the epoch is over"
        )
