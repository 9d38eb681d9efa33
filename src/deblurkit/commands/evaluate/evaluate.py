"""Scores of a method, or of pictures that any other code restored."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from omegaconf import DictConfig

from deblurkit.callbacks.scores import Scores
from deblurkit.callbacks.showcase import Showcase, exhibit_of
from deblurkit.commands.evaluate.comparison.task import compare
from deblurkit.commands.evaluate.page import Shown, write_evaluation
from deblurkit.commands.evaluate.ranking import rank_by, rank_of, with_gain
from deblurkit.commands.evaluate.restored_folder import Stored
from deblurkit.commands.evaluate.test_data import held_out
from deblurkit.commands.shared.method import chosen_method
from deblurkit.commands.shared.names import is_folder
from deblurkit.commands.shared.owners import Owners
from deblurkit.commands.shared.record import as_text, keep_earlier, versions, write_record
from deblurkit.commands.shared.speed.choice import chosen_path
from deblurkit.commands.shared.speed.scored_along import scored_along
from deblurkit.commands.shared.tables import (
    exceptions,
    infinite,
    print_exceptions,
    print_pooled,
    print_scores,
)
from deblurkit.commands.shared.trainer import homes, make_trainer, wait_for_devices
from deblurkit.config import instantiate, plain
from deblurkit.data.module import WholePictures, with_unit_range
from deblurkit.data.sources.base import Source
from deblurkit.data.sources.folders import FolderPictures
from deblurkit.errors import InputError
from deblurkit.metrics.parts.means import comparable, comparable_means
from deblurkit.metrics.parts.pooled import PooledProtocol, measured, pooled
from deblurkit.metrics.parts.protocol import Protocol, leading
from deblurkit.pages.selection import COUNT, Selection
from deblurkit.paths import expanded
from deblurkit.storage import as_json, replacing, write_rows

RESULTS = ("scores.json", "test.csv", "page.html", "detections")
Row = dict[str, Any]
Protocols = dict[str, Protocol | PooledProtocol]


class Scored(NamedTuple):
    """What an evaluation found out.

    Attributes:
        rows: One per picture.
        pooled: Figures of all pictures together, where a protocol counts.
        protocols: By name.
        shown: Pictures on the page, if one is wanted.
    """

    rows: list[Row]
    pooled: dict[str, float | int]
    protocols: Protocols
    shown: Shown | None = None


def evaluate(cfg: DictConfig) -> None:
    """Score, print a table, write ``test.csv`` (a row per picture), ``scores.json``, ``page.html``.

    Several methods are compared instead, see ``compare``.
    """
    if cfg.compare is not None:
        compare(cfg)
        return
    folder = Path(cfg.paths.run)
    if cfg.restored is None or cfg.blurred is not None or cfg.sharp is None:
        scored = score_method(cfg)
    else:
        keep_earlier(cfg, folder, RESULTS)
        scored = score_without_blurred(cfg)
        write_record(cfg, folder)
        write_rows(folder / "test.csv", scored.rows)
    if scored.rows:
        report(cfg, folder, scored)


def report(cfg: DictConfig, folder: Path, scored: Scored) -> None:
    """Write the scores and the page, and print the tables."""
    scores = summary(scored.rows, scored.pooled)
    with replacing(folder / "scores.json") as stream:
        stream.write(as_json(scores))
    if scored.shown is not None:
        write_evaluation(folder / "page.html", cfg, scores, scored.shown)
    leader = leading(scored.protocols)
    before = scored.shown.before if scored.shown is not None else []
    print_scores(with_gain(scored.rows, before, leader), leading=leader)
    print_pooled(scored.pooled)
    print_exceptions(exceptions(scored.rows))
    if scored.shown is not None:
        print(f"before and after: {folder / 'page.html'}")
    print(f"rows and means: {folder}")


def score_method(cfg: DictConfig) -> Scored:
    """Restore the test pictures, or find them restored, and score them."""
    method = chosen_method(cfg) if cfg.restored is None else stored(cfg)
    data = held_out(cfg)
    if isinstance(method, Stored):
        method.require(data.test.names)
    path = chosen_path(cfg, method, usual="exact")
    trainer = make_trainer(cfg, method)
    trainer.callbacks.extend(scored_along(cfg, method))  # type: ignore[attr-defined]
    if trainer.is_global_zero:
        keep_earlier(cfg, Path(cfg.paths.run), RESULTS)
        if cfg.save is not None:
            claim_pictures(cfg, data.test)
        write_record(cfg, Path(cfg.paths.run), origin=method.origin, computed=str(path))
    scores = next(c for c in trainer.callbacks if isinstance(c, Scores))  # type: ignore[attr-defined]
    rank = partial(rank_of, leader=leading(scores.protocols))
    selection = Selection(count=COUNT, seed=cfg.seed)
    showcase = Showcase(scores, untouched(cfg), selection, rank=rank)
    if cfg.page:
        trainer.callbacks.append(showcase)  # type: ignore[attr-defined]
    trainer.test(method, data, verbose=False)
    wait_for_devices(trainer)
    shown = Shown(showcase.selection, showcase.before.rows, scores.protocols, method, path)
    rows = scores.rows if trainer.is_global_zero else []
    return Scored(rows, scores.pooled, scores.protocols, shown if cfg.page else None)


def claim_pictures(cfg: DictConfig, test: Source) -> None:
    """Look whether ``save`` is free for the test pictures, or holds those of the same evaluation.

    Raises:
        InputError: If others would be written over.
    """
    folder = expanded(str(cfg.save))
    owners, owner = Owners(folder), f"evaluation {hashlib.sha256(as_text(cfg)).hexdigest()}"
    roles = ("blurred", "restored", "sharp")
    files = [folder / role / f"{name}.png" for role in roles for name in test.names]
    others = [file for file in files if not owners.may_write(file, owner)]
    if others:
        raise InputError(
            f"save={cfg.save} holds {others[0]}, which this evaluation did not write and would "
            "write over: choose another folder"
        )
    owners.claim(dict.fromkeys(files, owner))


def untouched(cfg: DictConfig) -> Scores:
    """Scores of the blurred pictures as they came; protocols that count have them already."""
    averaged = {
        key: protocol for key, protocol in protocols(cfg).items() if isinstance(protocol, Protocol)
    }
    return Scores(averaged, cfg.paths.run)


def protocols(cfg: DictConfig) -> Protocols:
    """The protocols of a config, by name."""
    return {key: instantiate(node, homes(cfg)) for key, node in plain(cfg.protocol).items()}


def stored(cfg: DictConfig) -> Stored:
    """What stands in ``restored`` for a method.

    Raises:
        InputError: If something else would restore too, or be written again.
    """
    if cfg.weights is not None or cfg.get("model") is not None:
        raise InputError("restored= is restored already: leave weights= and model= out")
    if cfg.save is not None:
        raise InputError("save= writes what a method restores; restored= is written already")
    return Stored(cfg.restored)


def score_without_blurred(cfg: DictConfig) -> Scored:
    """Score stored pictures against their sharp counterparts alone."""
    restored = stored(cfg)
    sharp = FolderPictures(is_folder(cfg.sharp), role="sharp")
    restored.require(sharp.names)
    measures, selection = protocols(cfg), Selection(count=COUNT, seed=cfg.seed)
    rows = []
    for item in map(WholePictures(sharp).__getitem__, range(len(sharp))):
        name, partner = item["name"], with_unit_range(item)["sharp"]
        height, width = partner.shape[-2:]
        picture = restored.picture(name, height=height, width=width)
        row: Row = {"name": name}
        for key, protocol in measures.items():
            scores = measured(protocol, {"restored": picture[None], "sharp": partner[None]}, name)
            row |= {f"{key}/{score}": value for score, value in scores.items()}
        rows.append(row)
        if cfg.page:
            look = partial(exhibit_of, {"restored": picture, "sharp": partner}, {})
            selection.offer(name, row[rank_by(row, leading(measures)).key], look)
    shown = Shown(selection, [], measures, None) if cfg.page else None
    return Scored(rows, pooled(measures), measures, shown)


def summary(rows: Sequence[Row], pooled_figures: Mapping[str, float | int]) -> dict[str, Any]:
    """Means over pictures, figures of all together, exceptions, and the rows they come from.

    ``packages`` says by which versions they were taken: OpenCV's moves those of ``realblur_ecc``.
    ``infinite`` says how many scores of a column are infinite; the means are then over the other
    pictures, ``pictures_in_mean`` of them. A ratio of nothing to nothing is null.
    """
    averaged = [
        key
        for key in dict.fromkeys(key for row in rows for key in row)
        if all(isinstance(row.get(key, 0.0), float) for row in rows)
    ]
    means = comparable_means(rows, averaged)
    figures = {key: None if math.isnan(value) else value for key, value in pooled_figures.items()}
    return {
        "pictures": len(rows),
        "pictures_in_mean": len(comparable(rows, averaged)),
        "mean": {key: mean.value for key, mean in means.items()},
        "infinite": infinite(means),
        **({"pooled": figures} if figures else {}),
        "exceptions": exceptions(rows),
        "packages": versions(),
        "rows": list(rows),
    }
