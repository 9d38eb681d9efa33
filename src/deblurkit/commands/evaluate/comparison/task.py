"""The task of ``compare=``: several methods on the same pictures, who is better, and where."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning.pytorch import Trainer
from omegaconf import DictConfig, OmegaConf

from deblurkit.callbacks.scores import Scores
from deblurkit.commands.evaluate.comparison.crops import DisagreementCrop, DisagreementCrops
from deblurkit.commands.evaluate.comparison.figures import crops_figure, errors_figure
from deblurkit.commands.evaluate.comparison.methods import compared_methods
from deblurkit.commands.evaluate.comparison.multi_method import Compare, Together
from deblurkit.commands.evaluate.comparison.page import write_comparison
from deblurkit.commands.evaluate.comparison.pairs import pairs
from deblurkit.commands.evaluate.comparison.report import (
    compared_scores,
    print_means,
    print_pairs,
    rows_of_all,
    summary,
)
from deblurkit.commands.evaluate.comparison.statistics import Resampling
from deblurkit.commands.evaluate.restored_folder import Stored
from deblurkit.commands.evaluate.test_data import held_out
from deblurkit.commands.shared.record import keep_earlier, versions, write_record
from deblurkit.commands.shared.trainer import homes, make_trainer
from deblurkit.config import instantiate, plain
from deblurkit.errors import InputError
from deblurkit.imaging.drawing.grid import Pixels
from deblurkit.imaging.formats.files import write_image
from deblurkit.methods.frame.base import RestorationMethod
from deblurkit.metrics.parts.protocol import leading
from deblurkit.storage import as_json, replacing, write_rows

FIGURES = ("compare_crops.png", "compare_errors.png")
RESULTS = ("compare.csv", "compare.json", *FIGURES, "page.html")


def compare(cfg: DictConfig) -> None:
    """Restore every test picture by every method; write tables and figures of the outcome.

    The run folder then holds ``compare.csv`` (a row per picture and method), ``compare.json``
    (means, pairs, crops), ``compare_crops.png``, ``compare_errors.png`` and ``page.html``.

    Raises:
        InputError: If the methods or the pictures do not fit together, or something else is asked
            for at the same time.
    """
    if any(cfg.get(key) is not None for key in ("weights", "model", "restored", "save")):
        raise InputError(
            "compare= names all methods itself: leave weights=, model=, restored= and save= out"
        )
    if cfg.speed not in (None, "exact"):
        raise InputError("compare= restores exactly, by every method: leave speed= out")
    methods = compared_methods(cfg)
    data = held_out(cfg)
    for method in methods.values():
        if isinstance(method, Stored):
            method.require(data.test.names)
    trainer = plain_trainer(cfg, methods)
    scores = {name: of_method(cfg, name) for name in methods}
    crops = DisagreementCrops(count=cfg.comparison.crops, side=cfg.comparison.side)
    trainer.callbacks.append(Compare(scores, crops))  # type: ignore[attr-defined]
    if trainer.is_global_zero:
        keep_earlier(cfg, Path(cfg.paths.run), RESULTS)
        write_record(cfg, Path(cfg.paths.run))
    trainer.test(Together(methods), data, verbose=False)
    if trainer.is_global_zero:
        report(cfg, scores, crops.kept)


def plain_trainer(cfg: DictConfig, methods: Mapping[str, RestorationMethod]) -> Trainer:
    """A trainer without the callbacks that score a single method."""
    alone = OmegaConf.merge(cfg, {"callbacks": dict.fromkeys(cfg.callbacks)})
    assert isinstance(alone, DictConfig)
    return make_trainer(alone, next(iter(methods.values())))


def of_method(cfg: DictConfig, name: str) -> Scores:
    """Protocols of one method; what they draw goes into a folder of its name."""
    own = OmegaConf.merge(cfg, {"paths": {"run": f"{cfg.paths.run}/{name}"}})
    assert isinstance(own, DictConfig)
    protocols = {key: instantiate(node, homes(cfg)) for key, node in plain(own.protocol).items()}
    return Scores(protocols, own.paths.run)


def report(cfg: DictConfig, scores: Mapping[str, Scores], crops: list[DisagreementCrop]) -> None:
    """Print the tables; write tables and figures."""
    folder, settings = Path(cfg.paths.run), plain(cfg.comparison)
    rows = {name: of_method.rows for name, of_method in scores.items()}
    leader = leading(next(iter(scores.values())).protocols)
    heads = compared_scores(rows_of_all(scores), leader)
    resampling = Resampling(settings["resamples"], settings["confidence"], settings["seed"])
    compared = pairs(rows, list(heads), resampling=resampling)
    listed = [{"method": name, **row} for name, of_method in rows.items() for row in of_method]
    write_rows(folder / "compare.csv", listed)
    content: dict[str, Any] = {
        "compare": plain(cfg.compare),
        "pictures": len(listed) // len(rows),
        "resampling": {**resampling._asdict(), "corrected for several comparisons": False},
        **summary(scores, compared),
        "packages": versions(),
        "crops": [crop.described() for crop in crops],
    }
    with replacing(folder / "compare.json") as stream:
        stream.write(as_json(content))
    figures = drawn(crops, list(rows))
    for file, figure in zip(FIGURES, figures.values(), strict=False):
        write_image(folder / file, figure)
    if cfg.page:
        page = folder / "page.html"
        write_comparison(page, cfg, scores, compared=compared, heads=heads, figures=figures)
    print_means(scores)
    print_pairs(compared, heads)
    if cfg.page:
        print(f"means, tests and figures: {folder / 'page.html'}")
    print(f"rows, tests and figures: {folder}")


def drawn(crops: list[DisagreementCrop], methods: list[str]) -> dict[str, Pixels]:
    """The figures, by what they show; none where there is no crop."""
    if not crops:
        return {}
    return {
        "Pictures; the best one is framed": crops_figure(crops, methods),
        "Errors": errors_figure(crops, methods),
    }
