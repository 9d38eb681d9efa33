"""The rows of the study of SelfDeblur with a teacher: each is what its name says, and runs."""

from pathlib import Path

import pytest
import torch
from blind_scenes import SIZE, TINY, scene
from stored_teachers import stored_teacher

import deblurkit
from deblurkit.config import build_recipe, conf_dir, plain
from deblurkit.losses.consistency import Reblurred, Tapped
from deblurkit.methods.priors.early_stopping import Agreement, MovingVariance
from deblurkit.methods.priors.stopping import Fixed

ROWS = {  # the terms that have a weight at iteration 1000, and how features are compared
    "weak_none": ({"fidelity"}, Reblurred),
    "weak_guide": ({"fidelity", "weak"}, Reblurred),
    "weak_answers": ({"fidelity", "consistency"}, Reblurred),
    "weak_features": ({"fidelity", "consistency"}, Tapped),
    "weak_guide_features": ({"fidelity", "weak", "consistency"}, Tapped),
}
RULES = {"fixed": Fixed, "agreement": Agreement, "moving_variance": MovingVariance}
STOPPING = "model/stopping@model.priors.stopping"
TEACHER = "model.teacher.factory.method.weights"
SOON = (
    "model.priors.stopping.iterations=3",
    "model.weights={weak:{hold:2,end:4},consistency:{start:0,period:2}}",
)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stored_teacher(tmp_path_factory.mktemp("weights"))


def test_every_row_of_the_folder_is_known() -> None:
    assert ROWS.keys() == {file.stem for file in (conf_dir() / "experiment").glob("weak_*.yaml")}


@pytest.mark.parametrize("row", ROWS)
def test_a_row_weighs_its_terms_and_runs(row: str, network: Path) -> None:
    given = (f"experiment={row}", f"{STOPPING}=fixed_half", f"{TEACHER}={network}")
    terms, reading = ROWS[row]
    whole = build_recipe(plain(deblurkit.compose(*given).model), trust=[])
    whole.objective.batches = 700
    assert {name for name in whole.objective.weights if whole.objective.wants(name)} == terms
    assert type(whole.consistency) is reading
    method = build_recipe(plain(deblurkit.compose(*given, *TINY, *SOON).model), trust=[])
    restored = method.restore(scene(24, 28)[1][None], kernel_size=[SIZE])
    assert bool(restored.isfinite().all())
    assert (method.teacher.network is None) == (row == "weak_none")


@pytest.mark.parametrize("rule", RULES)
def test_a_row_stops_by_each_rule(rule: str, network: Path) -> None:
    given = (f"{STOPPING}={rule}_half", f"{TEACHER}={network}")
    cfg = deblurkit.compose("experiment=weak_none", *given, *TINY)
    watch = (
        build_recipe(plain(cfg.model), trust=[]).initial_state(torch.rand(3, 24, 28), SIZE).watch
    )
    assert type(watch) is RULES[rule]
