"""The study with a teacher: rules that watch one optimisation stop as they do for real."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean

import pytest
import torch

from deblurkit.config import build, compose
from deblurkit.imaging.blur.convolution import convolved_inside
from deblurkit.methods.priors.early_stopping import Agreement, ShareOfFirst

sys.path.insert(0, str(Path(__file__).parents[1] / "studies"))

import levin_crops
import weak_study
import weak_table

SMALL = ("priors.picture.channels=4", "priors.picture.skipped=2", "fidelity.switch=10")
LOOKS = {
    "check_every": weak_study.LOOK,
    "smoothing": 0.5,
    "patience": 1,
    "min_iterations": weak_study.LOOK,
    "max_iterations": 40,
}
RULES = {
    "fixed": ("fixed", {"iterations": 40}),
    "agreement": ("agreement", {"threshold.share": 0.9, **LOOKS}),
    "agreement_presets": ("agreement", {"threshold.share": 0.9, **LOOKS}),
    "moving_variance": (
        "moving_variance",
        {"window": 3, "patience": 5, "min_iterations": 0, "max_iterations": 40},
    ),
    "settled": ("settled", LOOKS),
}


@pytest.fixture(autouse=True, scope="module")
def small_rules() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(weak_study, "RULES", RULES)
        yield


@pytest.fixture(scope="module")
def crop() -> levin_crops.Crop:
    draws = torch.Generator().manual_seed(0)
    sharp = torch.rand(1, 1, 6, 6, generator=draws).repeat_interleave(6, 2).repeat_interleave(6, 3)
    kernel = torch.eye(5)[None, None] / 5
    blurred = convolved_inside(sharp, kernel)
    pair = (one.expand(-1, 3, -1, -1).contiguous() for one in (blurred, sharp[..., 2:-2, 2:-2]))
    return levin_crops.Crop("squares", *pair, kernel=kernel[0], kernel_size=5)


@pytest.fixture(scope="module")
def taken(small_rules, crop) -> weak_study.Trajectory:
    watching = {name: weak_study.rule_maker(name)() for name in weak_study.WATCHING}
    method = build("weak_selfdeblur_smoke", *SMALL)
    trajectory = weak_study.Trajectory(method, crop, watching)
    trajectory.run()
    return trajectory


@pytest.mark.parametrize("name", weak_study.WATCHING)
def test_a_rule_that_watches_stops_as_it_does_for_real(name, taken, crop) -> None:
    method = build("weak_selfdeblur_smoke", *SMALL)
    method.priors.stopping = weak_study.rule_maker(name)
    problem = method.finished(method.initial_state(crop.blurred[0], 5), "alone")
    stop = taken.stops[name]
    assert stop.iterations == problem.iterations
    assert stop.restored.equal(problem.answer)
    assert stop.kernel.equal(problem.kernel)


def test_the_rules_stop_at_different_iterations(taken) -> None:
    """So that the test above tells them apart."""
    assert len({stop.iterations for stop in taken.stops.values()}) == len(weak_study.WATCHING)


def test_a_curve_says_where_another_threshold_would_have_stopped(taken, crop) -> None:
    traced = [weak_study.traced(crop, point) for point in taken.curve]
    stop = weak_table.replayed({"curve": traced, "look": 2.0}, weak_study.rule_maker("agreement")())
    assert stop["iterations"] == taken.stops["agreement"].iterations
    looks = stop["iterations"] / weak_study.LOOK
    of_point = next(one for one in traced if one["iterations"] == stop["iterations"])
    assert stop["seconds"] == of_point["seconds"] + 2 * looks


STUDY = Path(__file__).parents[1] / "docs" / "results" / "weak" / "results.json"
GUIDED = ("weak_guide", "weak_guide_features")


@pytest.mark.parametrize("preset", ["weak_selfdeblur", "weak_selfdeblur_half"])
def test_the_presets_threshold_of_eq_7_ends_the_studys_runs_with_a_guide(preset: str) -> None:
    """At the study's numbers of looks; without a guide it would cost 1.7 dB, so nobody asks it."""
    share = compose(f"model={preset}").model.priors.stopping.threshold.share
    cells = [one for one in json.loads(STUDY.read_text()) if one["row"] in GUIDED]

    def stops(share: float) -> list[dict]:
        threshold = ShareOfFirst(share=share)
        rules = (Agreement(threshold=threshold, **weak_study.LOOKS) for _ in cells)
        return [weak_table.replayed(one, rule) for one, rule in zip(cells, rules, strict=True)]

    assert len(cells) == 18
    assert {stop["iterations"] for stop in stops(0.1)} == {600}  # as it was once
    ended = stops(share)
    assert max(stop["iterations"] for stop in ended) < 600
    lost = [
        stop["psnr"] - one["rules"]["fixed"]["psnr"] for stop, one in zip(ended, cells, strict=True)
    ]
    assert -weak_table.LOST < fmean(lost) < 0
    spent = sum(one["rules"]["fixed"]["seconds"] for one in cells)
    assert spent / sum(stop["seconds"] for stop in ended) > 1.5


@pytest.mark.parametrize("row", ["weak_none", "weak_answers", "weak_features"])
def test_rows_without_a_guide_run_a_fixed_number_of_iterations(row: str) -> None:
    stopping = compose(f"experiment={row}").model.priors.stopping
    assert stopping._target_ == "deblurkit.methods.priors.stopping.Fixed"


def cell(row: str, seed: int, psnr: float) -> dict:
    """A cell whose early stop loses 0.1 dB and saves three quarters of the time."""
    early = {"psnr": psnr - 0.1, "ssim_wang": 0.5, "kernel_similarity": 0.5}
    curve = [
        {"iterations": now, "seconds": now, "psnr": psnr - 0.1, "ssim_wang": 0.5, "distance": 1.0}
        for now in range(weak_study.LOOK, 601, weak_study.LOOK)
    ]
    rules = {
        "fixed": {**early, "psnr": psnr, "iterations": 600, "seconds": 600.0},
        "agreement": {**early, "iterations": 150, "seconds": 150.0},
    }
    alone = {"psnr": 20.0, "ssim_wang": 0.4}
    shared = {"crop": "squares", "blurred": alone, "teacher": alone, "look": 0.0}
    return {"row": row, "seed": seed, "rules": rules, "curve": curve, **shared}


def test_the_tables_say_what_a_row_gains_and_a_rule_saves() -> None:
    rows = {"weak_none": 22.0, "weak_guide": 23.0}
    done = [cell(row, seed, psnr + seed) for row, psnr in rows.items() for seed in (0, 2)]
    table = weak_table.tables(done, rules=weak_study.rule_maker)
    assert "| guide (eq. 5) | fixed | 24.00 ± 1.41 | +1.00 ± 0.00 |" in table
    assert "| agreement | 24.90 | -0.10 | -0.10 | 150 | 4.00 |" in table
    assert "| squares | 20.00 | 20.00 | 23.00 ± 1.41 | 24.00 ± 1.41 |" in table
