"""DCLNet's configs: sizes, the residual form, and the rows of the paper's tables."""

from itertools import product
from pathlib import Path

import cv2
import numpy as np
import pytest

from deblurkit.config import build, compose, instantiate
from deblurkit.methods.dclnet import DCLNet

LOOPS = {"cycle": 1.0, "lambda1": 0.1, "lambda2": 0.1}
PAIRS_ONLY = {"k1": 1.0, "k2": 0.0, "k3": 0.0}
PAPER = {**LOOPS, **PAIRS_ONLY, "anchor": 0.0}
OURS = {**PAPER, "anchor": 0.1}
ROWS = {  # numbers and pools of each experiment
    "dclnet_gopro": (OURS, {"paired"}),
    "dclnet_poster": (PAPER, {"paired"}),
    "dclnet_none": ({**PAPER, "cycle": 0, "lambda1": 0, "lambda2": 0}, {"paired"}),
    "dclnet_inverse": ({**PAPER, "lambda2": 0}, {"paired"}),
    "dclnet_auxiliary": ({**PAPER, "cycle": 0, "lambda1": 0}, {"paired"}),
    "dclnet_t1": (OURS, {"paired"}),
    "dclnet_t2": ({**OURS, "k2": 0.1}, {"paired", "blurred"}),
    "dclnet_t3": ({**OURS, "k3": 0.1}, {"paired", "sharp"}),
    "dclnet_t4": ({**OURS, "k2": 0.1, "k3": 0.1}, {"paired", "blurred", "sharp"}),
}
SMALL_WEIGHTS = {"inverse": 0.1, "sharp_cycle": 0.1, "auxiliary": 0.1, "anchor": 0.1}


@pytest.mark.parametrize(
    ("key", "parameters", "cycle"),
    [
        ("dclnet", 10_215_513, 1.0),
        ("dclnet_tiny", 642_717, 1.0),
        ("dclnet_large", 40_816_809, 1.0),
        ("dclnet_residual", 10_215_513, 0.1),
    ],
)
def test_every_size_is_built_with_its_weights(key: str, parameters: int, cycle: float) -> None:
    method = build(key)
    assert isinstance(method, DCLNet)
    assert sum(p.numel() for p in method.backbone.parameters()) == parameters
    weights = {name: weight for name, weight in method.objective.weights.items() if weight}
    assert weights == pytest.approx({"content": 1.0, "blurred_cycle": cycle, **SMALL_WEIGHTS})
    assert method.needs == {"paired"}


def test_the_residual_form_has_the_numbers_of_the_plain_one() -> None:
    plain, residual = compose("model=dclnet").model, compose("model=dclnet_residual").model
    assert residual.backbone.backbone == plain.backbone
    assert residual.inverse.network == plain.inverse
    assert residual.auxiliary.auxiliary == plain.auxiliary
    different = {key for key in plain if plain[key] != residual[key]}
    assert different == {"backbone", "inverse", "auxiliary", "cycle"}


@pytest.mark.parametrize(("experiment", "row"), ROWS.items())
def test_experiments_are_the_rows_of_the_paper(
    experiment: str, row: tuple[dict[str, float], set[str]]
) -> None:
    numbers, pools = row
    cfg = compose(f"experiment={experiment}")
    assert {name: cfg.model[name] for name in numbers} == numbers
    assert {pool for pool, source in cfg.data.train.items() if source is not None} == pools
    assert (cfg.data.variant, cfg.data.crop, cfg.data.batch_size) == ("blur", 256, 16)
    assert cfg.trainer.max_epochs * cfg.data.batches_per_epoch == pytest.approx(300_000, rel=1e-3)
    assert cfg.model.optimizer.lr * cfg.model.scheduler.floor == pytest.approx(1e-7)


def test_the_pools_of_t4_share_no_sequence_with_each_other_or_with_the_validation(
    tmp_path: Path,
) -> None:
    picture = np.zeros((8, 8, 3), np.uint8)
    for sequence, folder in product(range(22), ("blur", "sharp")):
        place = tmp_path / "train" / f"GOPR{sequence:04}_11_00" / folder
        place.mkdir(parents=True)
        cv2.imwrite(str(place / "000001.png"), picture)
    cfg = compose("experiment=dclnet_t4", f"data.root={tmp_path}")
    nodes = {**cfg.data.train, "val": cfg.data.val}
    sources = {name: instantiate(node) for name, node in nodes.items()}
    groups = {name: set(source.groups) for name, source in sources.items()}
    counts = {name: len(held) for name, held in groups.items()}
    assert counts == {"paired": 19, "blurred": 1, "sharp": 1, "val": 1}
    assert len(set().union(*groups.values())) == 22
