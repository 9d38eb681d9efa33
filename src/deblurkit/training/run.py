"""One training run, from the config to the last row of its tables."""

import logging
from collections.abc import Sequence
from pathlib import Path

from lightning.pytorch import LightningDataModule, Trainer, seed_everything
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.utilities.model_helpers import is_overridden
from omegaconf import DictConfig

from deblurkit.callbacks.scores import Scores
from deblurkit.checkpoint import copy_weights, load, read_checkpoint, require_fit
from deblurkit.config import build_recipe, instantiate, plain
from deblurkit.errors import InputError
from deblurkit.methods.base import RestorationMethod
from deblurkit.methods.network import NetworkMethod
from deblurkit.methods.solver import SolverMethod
from deblurkit.training.record import write_record
from deblurkit.training.report import print_pooled, print_scores
from deblurkit.training.trainer import homes, make_trainer

log = logging.getLogger(__name__)


def train(cfg: DictConfig) -> float | None:
    """Train, test, and return the best value of what the best checkpoint is chosen by.

    Raises:
        InputError: If anything given cannot work; as far as possible before the first step.
    """
    folder = Path(cfg.paths.run)
    seed_everything(cfg.seed, verbose=False)
    method = build_recipe(plain(cfg.model), trust=plain(cfg.trust))
    if not is_overridden("training_step", method):
        raise InputError(
            f"{type(method).__name__} has nothing to train; score it with deblurkit-eval or use it "
            "with deblurkit-deblur"
        )
    if cfg.weights is not None and cfg.resume is None:
        start_from(method, cfg.weights, trust=plain(cfg.trust))
    data = instantiate(cfg.data, homes(cfg))
    if not may_choose(method, data) and "best" in cfg.callbacks:
        cfg.callbacks.best = None
    trainer = make_trainer(cfg, method)
    if trainer.is_global_zero:
        write_record(cfg, folder, origin=method.origin)
    resumed = resume_checkpoint(folder) if cfg.resume is not None else None
    if resumed is not None:
        look_at(resumed, method, trainer)
        keep_old_metrics(folder)
    if trainer.is_global_zero:
        log.info("%s: %s", type(method).__name__, sizes(method) or "per picture")
    trainer.fit(method, data, ckpt_path=None if resumed is None else str(resumed))
    value = best_score(trainer, str(cfg.monitor))
    if cfg.test and data.test is not None:
        best = folder / "best.ckpt"
        trainer.test(method, data, ckpt_path=str(best) if best.is_file() else None, verbose=False)
    if trainer.is_global_zero:
        log.info("run folder: %s", folder)
        for callback in trainer.callbacks:  # type: ignore[attr-defined]
            if isinstance(callback, Scores) and cfg.test:
                print_scores(callback.rows)
                print_pooled(callback.pooled)
    return value


def sizes(method: RestorationMethod) -> str:
    """Parameters of each network, in words; what has none, such as a memory, is left out."""
    counts = {
        name: sum(parameter.numel() for parameter in network.parameters())
        for name, network in method.named_children()
    }
    return ", ".join(f"{name} {count:,} parameters" for name, count in counts.items() if count)


def start_from(method: RestorationMethod, weights: str, *, trust: Sequence[str]) -> None:
    """Fill a fresh method with stored weights.

    Raises:
        InputError: If they belong to another method.
    """
    stored = load(weights, trust=trust)
    if type(stored) is not type(method):
        raise InputError(
            f"{weights} holds {type(stored).__name__}, but model= is {type(method).__name__}"
        )
    copy_weights(stored.state_dict(), method, origin=weights)
    method.origin = stored.origin


def resume_checkpoint(folder: Path) -> Path:
    """The newest checkpoint of a run folder.

    Raises:
        InputError: If there is none: a resume never starts anew in silence.
    """
    files = [file for file in (folder / "last.ckpt", folder / "best.ckpt") if file.is_file()]
    if not files:
        raise InputError(f"{folder} holds no last.ckpt to resume from; start a new run without it")
    return max(files, key=lambda file: file.stat().st_mtime)


def keep_old_metrics(folder: Path) -> None:
    """Move the table of the earlier part aside: the logger would begin it anew."""
    table = folder / "metrics.csv"
    if table.is_file():
        parts = len(list(folder.glob("metrics_part*.csv")))
        table.rename(folder / f"metrics_part{parts + 1}.csv")


def look_at(checkpoint: Path, method: RestorationMethod, trainer: Trainer) -> None:
    """Look at a checkpoint before it is resumed; say so if nothing is left to train.

    Raises:
        InputError: If it is damaged or belongs to another method.
    """
    content = read_checkpoint(checkpoint)
    if isinstance(method, NetworkMethod):  # a solver's state is made as it is loaded
        require_fit(content["state_dict"], method, origin=checkpoint)
    epochs = content.get("epoch", -1) + 1
    if trainer.max_epochs is not None and 0 <= trainer.max_epochs <= epochs:
        log.info(
            "this run is finished (%d epochs); its weights are loaded and tested; to train on, "
            "add trainer.max_epochs=<more>",
            epochs,
        )


def may_choose(method: RestorationMethod, data: LightningDataModule) -> bool:
    """Whether validation decides which state is the best one.

    Not without validation pictures, and not for a solver: its validation pictures are those that
    it solves, so the best of its answers would be known from their sharp partners only.
    """
    return not isinstance(method, SolverMethod) and getattr(data, "val", None) is not None


def best_score(trainer: Trainer, monitor: str) -> float | None:
    """What a sweep compares its jobs by: of the best checkpoint, or of the end where none is."""
    for callback in trainer.checkpoint_callbacks:
        if isinstance(callback, ModelCheckpoint) and callback.best_model_score is not None:
            return float(callback.best_model_score)
    last = trainer.callback_metrics.get(monitor)
    return None if last is None else float(last)
