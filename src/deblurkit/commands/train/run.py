"""One training run, from the config to the last row of its tables."""

import logging
from pathlib import Path
from typing import cast

from lightning.pytorch import LightningDataModule, Trainer, seed_everything
from lightning.pytorch.callbacks import ModelCheckpoint
from omegaconf import DictConfig

from deblurkit.callbacks.scores import Scores
from deblurkit.commands.shared.checkpoint_io import AtomicCheckpointIO
from deblurkit.commands.shared.record import write_record
from deblurkit.commands.shared.speed.scored_along import scored_along
from deblurkit.commands.shared.sweeps import compared_by
from deblurkit.commands.shared.tables import print_pooled, print_scores
from deblurkit.commands.shared.trainer import homes, make_trainer, wait_for_devices
from deblurkit.commands.train.changes import former_config_where_refused
from deblurkit.commands.train.monitor import with_directions
from deblurkit.commands.train.resume import (
    make_ready,
    restarted,
    resume_checkpoint,
    validate_checkpoint,
)
from deblurkit.commands.train.start import FormerScore, score_before, start_from
from deblurkit.commands.train.switches import settle_switches
from deblurkit.commands.train.torchrun import isolate_rendezvous
from deblurkit.config import build_recipe, instantiate, plain
from deblurkit.errors import InputError
from deblurkit.methods.frame.base import RestorationMethod
from deblurkit.methods.frame.classical import ClassicalMethod
from deblurkit.metrics.parts.protocol import Direction, leading

log = logging.getLogger(__name__)

TESTED, VALIDATED = "held-out pictures, PSNR in dB", "validation pictures, PSNR in dB"


def train(cfg: DictConfig) -> float | None:
    """Train, test, and return the best value of what the best checkpoint is chosen by.

    Raises:
        InputError: If anything given cannot work; as far as possible before the first step.
    """
    folder = Path(cfg.paths.run)
    seed_everything(cfg.seed, verbose=False)
    method = trainable(cfg)
    resumes = cfg.resume is not None or restarted(folder)
    if cfg.weights is not None and not resumes:
        start_from(method, cfg.weights, trust=plain(cfg.trust))
    data = instantiate(cfg.data, homes(cfg))
    settled, direction = settle(cfg, method, data)
    trainer = make_trainer(settled, method)
    trainer.callbacks.extend(scored_along(settled, method))  # type: ignore[attr-defined]
    isolate_rendezvous(trainer.strategy)
    resumed = resume_checkpoint(folder) if resumes else None
    if resumed is not None:
        validate_checkpoint(resumed, method, trainer=trainer, data=data, weights=cfg.weights)
    before = fit(cfg, trainer, method, data, resumed=resumed, direction=direction)
    checkpoints = cast("AtomicCheckpointIO", trainer.strategy.checkpoint_io)
    checkpoints.try_again()  # the best weights may be wanted now
    value = best_score(trainer, str(cfg.monitor))
    tested = cfg.test and data.test is not None
    if tested:
        trainer.test(method, data, ckpt_path=best_of(folder), verbose=False)
    if trainer.is_global_zero:
        title = TESTED if tested else VALIDATED
        print_results(trainer, folder, title=title if cfg.test else None)
        if before is not None:
            before.compare(value, direction)
    checkpoints.finish()
    wait_for_devices(trainer)
    return value


def fit(
    cfg: DictConfig,
    trainer: Trainer,
    method: RestorationMethod,
    data: LightningDataModule,
    *,
    resumed: Path | None,
    direction: Direction,
) -> FormerScore | None:
    """Train, or train on.

    Args:
        cfg: Of the run.
        trainer: With its callbacks.
        method: What is trained.
        data: Its pictures.
        resumed: Checkpoint from which the run goes on; None for a fresh run.
        direction: Which value of ``monitor`` is best, ``max`` or ``min``.

    Returns:
        What held-out pictures scored before the first step, where a fresh run starts from weights.
    """
    before = None
    with former_config_where_refused(Path(cfg.paths.run), trainer, resumed):
        if trainer.is_global_zero:
            begin_folder(cfg, method, resumed=resumed, direction=direction)
        if resumed is None and cfg.weights is not None and validating(cfg, data):
            before = score_before(trainer, method, data, str(cfg.monitor))
        trainer.fit(method, data, ckpt_path=None if resumed is None else str(resumed))
    return before


def settle(
    cfg: DictConfig, method: RestorationMethod, data: LightningDataModule
) -> tuple[DictConfig, Direction]:
    """Fill in what a config leaves to the method, its data and the processor.

    Args:
        cfg: Of the run; what is filled in here is written down with it.
        method: What is trained.
        data: What it is trained on.

    Returns:
        The config for the trainer, and the direction of ``monitor``.

    Raises:
        InputError: If a number that is followed is not there, or nobody knows its direction.
    """
    settle_switches(cfg, method)
    validates = validating(cfg, data)
    if not (validates and may_choose(method)) and "best" in cfg.callbacks:
        cfg.callbacks.best = None
    return with_directions(cfg, method, validates=validates)


def begin_folder(
    cfg: DictConfig, method: RestorationMethod, *, resumed: Path | None, direction: str
) -> None:
    """Tidy the run folder, write down how the run came to be, and say what is trained.

    Args:
        cfg: Of the run.
        method: What is trained.
        resumed: Checkpoint from which the run goes on; None for a fresh run.
        direction: Which value of ``monitor`` is best, ``max`` or ``min``; sweeps compare by it.
    """
    folder = Path(cfg.paths.run)
    compared_by(direction)
    make_ready(folder, resumed)
    write_record(cfg, folder, origin=method.origin)
    log.info("%s: %s", type(method).__name__, sizes(method) or "per picture")


def trainable(cfg: DictConfig) -> RestorationMethod:
    """The method of a config, fresh.

    Raises:
        InputError: If it is of a kind that is not trained.
    """
    method = build_recipe(plain(cfg.model), trust=plain(cfg.trust))
    if isinstance(method, ClassicalMethod):
        raise InputError(
            f"{type(method).__name__} has nothing to train; score it with deblurkit-eval or use it "
            "with deblurkit-deblur"
        )
    return method


def best_of(folder: Path) -> str | None:
    """The best checkpoint of a run; None where none was chosen."""
    best = folder / "best.ckpt"
    return str(best) if best.is_file() else None


def print_results(trainer: Trainer, folder: Path, *, title: str | None) -> None:
    """Say where the run lies, and show the scores of the pictures that were looked at last.

    Args:
        trainer: Has tested, or where nothing tests, validated.
        folder: Of the run.
        title: Of the table; None for no table.
    """
    log.info("run folder: %s", folder)
    for callback in trainer.callbacks:  # type: ignore[attr-defined]
        if title is not None and isinstance(callback, Scores):
            if title == VALIDATED and callback.rows:
                log.info("nothing tests: these are scores of what validates, of the last epoch")
            print_scores(callback.rows, title, leading=leading(callback.protocols))
            print_pooled(callback.pooled)


def sizes(method: RestorationMethod) -> str:
    """Parameters of each network, in words; what has none, such as a memory, is left out."""
    counts = {
        name: sum(parameter.numel() for parameter in network.parameters())
        for name, network in method.named_children()
    }
    return ", ".join(f"{name} {count:,} parameters" for name, count in counts.items() if count)


def validating(cfg: DictConfig, data: LightningDataModule) -> bool:
    """Whether a run looks at validation pictures."""
    return getattr(data, "val", None) is not None and cfg.trainer.get("limit_val_batches") != 0


def may_choose(method: RestorationMethod) -> bool:
    """Whether validation decides which state is the best one.

    Not where validation pictures are the pictures that are optimised: the best of their answers
    would be known from their sharp partners only.
    """
    return not method.restores_untrained


def best_score(trainer: Trainer, monitor: str) -> float | None:
    """What a sweep compares its jobs by: of the best checkpoint, or of the end where none is."""
    for callback in trainer.checkpoint_callbacks:
        if isinstance(callback, ModelCheckpoint) and callback.best_model_score is not None:
            return float(callback.best_model_score)
    last = trainer.callback_metrics.get(monitor)
    return None if last is None else float(last)
