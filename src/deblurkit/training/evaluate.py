"""Scores of a method, or of pictures that any other code restored."""

import glob
import json
import math
import os
from pathlib import Path
from typing import Any, NamedTuple

from omegaconf import DictConfig

from deblurkit.callbacks.scores import Scores, write_rows
from deblurkit.config import instantiate, plain
from deblurkit.data.folders import FolderPairs
from deblurkit.data.module import WholePictures, with_unit_range
from deblurkit.errors import InputError
from deblurkit.metrics.pooled import PooledProtocol, measured, pooled
from deblurkit.metrics.protocol import Protocol
from deblurkit.storage import replacing
from deblurkit.training.method import chosen_method
from deblurkit.training.record import write_record
from deblurkit.training.report import mean, print_pooled, print_scores
from deblurkit.training.trainer import homes, make_trainer

Row = dict[str, Any]


class Scored(NamedTuple):
    """A row per picture, and figures of all pictures together where a protocol counts."""

    rows: list[Row]
    pooled: dict[str, float | int]


def evaluate(cfg: DictConfig) -> None:
    """Score, print a table, write ``test.csv`` (a row per picture) and ``scores.json``."""
    folder = Path(cfg.paths.run)
    if cfg.restored is not None or cfg.sharp is not None:
        write_record(cfg, folder)
        scored = score_folders(cfg)
        write_rows(folder / "test.csv", scored.rows)
    else:
        scored = score_method(cfg)
    if scored.rows:
        with replacing(folder / "scores.json") as stream:
            stream.write(json.dumps(summary(scored), indent=2).encode())
        print_scores(scored.rows)
        print_pooled(scored.pooled)
        print(f"rows and means: {folder}")


def score_method(cfg: DictConfig) -> Scored:
    """Restore the test pictures of a data set and score them."""
    method = chosen_method(cfg)
    data = instantiate(test_only(cfg), homes(cfg))
    if data.test is None:
        raise InputError("this data has no test pictures; set data.test or choose other data")
    trainer = make_trainer(cfg, method)
    if trainer.is_global_zero:
        write_record(cfg, Path(cfg.paths.run))
    trainer.test(method, data, verbose=False)
    scores = next(c for c in trainer.callbacks if isinstance(c, Scores))  # type: ignore[attr-defined]
    return Scored(scores.rows if trainer.is_global_zero else [], scores.pooled)


def test_only(cfg: DictConfig) -> dict[str, Any]:
    """The data's config without what only training reads: those folders may not be here.

    References of the scores are tuned on training pictures, so with them everything stays.
    """
    node: dict[str, Any] = plain(cfg.data)
    if "train" in node and not cfg.callbacks.scores.get("references"):
        node |= {"train": {}, "val": None}
    return node


def score_folders(cfg: DictConfig) -> Scored:
    """Score stored pictures against their sharp counterparts."""
    if cfg.restored is None or cfg.sharp is None:
        raise InputError("to score stored pictures give both restored=<folder> and sharp=<folder>")
    if cfg.save is not None:
        raise InputError("save= writes what a method restores; restored= is written already")
    folders = [is_folder(cfg.restored), is_folder(cfg.sharp)]
    root = os.path.commonpath(folders)
    restored, sharp = (glob.escape(os.path.relpath(folder, root)) for folder in folders)
    pairs = FolderPairs(root, blurred=restored, sharp=sharp)
    protocols: dict[str, Protocol | PooledProtocol] = {
        key: instantiate(node, homes(cfg)) for key, node in plain(cfg.protocol).items()
    }
    rows = []
    for item in map(WholePictures(pairs).__getitem__, range(len(pairs))):
        item = with_unit_range(item)
        if item["blurred"].shape != item["sharp"].shape:
            raise InputError(
                f"{item['name']}: the restored picture is {tuple(item['blurred'].shape[1:])}, the "
                f"sharp one {tuple(item['sharp'].shape[1:])}; scores need equal sizes"
            )
        row: Row = {"name": item["name"]}
        for key, protocol in protocols.items():
            shown = {"restored": item["blurred"][None], "sharp": item["sharp"][None]}
            taken = measured(protocol, shown, item["name"])
            row |= {f"{key}/{score}": value for score, value in taken.items()}
        rows.append(row)
    return Scored(rows, pooled(protocols))


def is_folder(folder: str) -> Path:
    """The folder, absolute.

    Raises:
        InputError: If it is none.
    """
    path = Path(folder).expanduser().resolve()
    if not path.is_dir():
        raise InputError(f"{folder} is no folder of pictures")
    return path


def summary(scored: Scored) -> dict[str, Any]:
    """Means over pictures, figures of all together, and the rows they come from.

    A ratio of nothing to nothing is null.
    """
    rows = scored.rows
    scores = [key for key, value in rows[0].items() if isinstance(value, float)]
    means = {score: mean([row[score] for row in rows]) for score in scores}
    figures = {key: None if math.isnan(value) else value for key, value in scored.pooled.items()}
    counted = {"pooled": figures} if figures else {}
    return {"pictures": len(rows), "mean": means, **counted, "rows": rows}
