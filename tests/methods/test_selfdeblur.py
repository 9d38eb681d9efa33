"""SelfDeblur as a method: from a config to restored pictures, in training and without it."""

import csv
import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from blind_scenes import SIZE, Poisoned, scene, selfdeblur, write_scenes
from running import config, differing, every_checkpoint, run

import deblurkit
from deblurkit.commands.evaluate.evaluate import evaluate
from deblurkit.commands.train.run import train
from deblurkit.config import plain
from deblurkit.errors import InputError
from deblurkit.methods.frame.per_picture import key_of
from deblurkit.methods.priors.blind import BlindProblem

PRESETS = ("selfdeblur", "selfdeblur_lai", "selfdeblur_color", "selfdeblur_half")


def small(folder: Path, *overrides: str) -> Any:
    data = write_scenes(folder / "scenes")
    cfg = config(folder / "run", "model=selfdeblur", "trainer.max_epochs=5", *overrides, data=data)
    cfg.model = plain(selfdeblur(iterations=5).recipe)
    return cfg


def test_it_explains_the_blurred_picture() -> None:
    _, blurred, _ = scene(32, 40)
    method = selfdeblur(
        "model.priors.picture.channels=16",
        "model.fidelity.switch=1000",
        iterations=120,
    )
    problem = method.initial_state(blurred, SIZE)
    optimizer = method.descent(problem)
    fidelities = []
    while problem.running:
        problem.iterations += 1
        method.iterate(problem, optimizer)
        fidelities.append(problem.fidelity.item())
    assert len(fidelities) == 120
    assert fidelities[-1] < 0.05 * fidelities[0]
    assert problem.kernel.sum() == pytest.approx(1, abs=1e-5)
    restored = problem.answer
    assert restored.shape == blurred.shape
    torch.testing.assert_close(restored[0] - restored[2], blurred[0] - blurred[2])  # chroma stays


def test_gray_stays_gray_and_an_answer_does_not_depend_on_the_state_of_random_numbers() -> None:
    _, blurred, _ = scene(24, 24)
    gray = blurred.mean(0)[None, None]
    method = selfdeblur()
    first = method.restore(gray, kernel_size=[SIZE])
    torch.rand(3)
    before = torch.get_rng_state()
    again = method.restore(gray, kernel_size=[SIZE])
    assert torch.equal(first, again)
    assert torch.equal(before, torch.get_rng_state())
    colour = method.restore(gray.expand(-1, 3, -1, -1), kernel_size=[SIZE])
    torch.testing.assert_close(colour[:, :1], first)
    torch.testing.assert_close(colour[:, 0], colour[:, 2])
    assert not torch.equal(selfdeblur("seed=1").restore(gray, kernel_size=[SIZE]), first)


def test_kernels_and_facts_come_with_the_answers() -> None:
    _, one, _ = scene(24, 24)
    batch = {"blurred": torch.stack([one, one]), "name": ["0", "1"], "kernel_size": [3, 5]}
    found = selfdeblur().restoration(batch)
    assert found["kernel"].shape == (2, 1, 5, 5)
    assert found["kernel"].sum((1, 2, 3)) == pytest.approx(torch.ones(2), abs=1e-5)
    assert bool((found["kernel"][0, 0, 0] == 0).all())
    for facts in found["facts"]:
        assert facts["iterations"] == 4
        assert facts["seconds"] > 0
        assert 0 < facts["fidelity"] < 1
        assert facts["skipped"] == facts["black"] == facts["point"] == 0


def test_the_distance_and_the_rates_change_when_the_recipe_says_so() -> None:
    _, blurred, _ = scene(24, 24)
    method = selfdeblur("model.fidelity.switch=2", "model.descent.milestones=[1,3]")
    problem = method.initial_state(blurred, SIZE)
    optimizer = method.descent(problem)
    rates, fidelities = [], []
    for _ in range(4):
        problem.iterations += 1
        method.iterate(problem, optimizer)
        rates.append([group["lr"] for group in optimizer.param_groups])
        fidelities.append(problem.fidelity.item())
    assert rates == [[1e-2, 1e-4], [5e-3, 5e-5], [5e-3, 5e-5], [2.5e-3, 2.5e-5]]
    assert fidelities[2] > 5 * fidelities[1]  # 1 - SSIM is far larger than a squared error


def test_a_run_goes_on_from_every_checkpoint_bit_by_bit(tmp_path: Path) -> None:
    alone = ("test=false", "trainer.limit_val_batches=0", "callbacks.best=null")
    cfg = small(tmp_path, "callbacks.last.every_n_batches=1", *alone)
    folder = tmp_path / "run"
    with every_checkpoint(folder, tmp_path / "copies") as copies:
        whole = run(cfg)
    assert len(copies) >= 5
    for copy in copies:
        shutil.rmtree(folder)
        shutil.copytree(copy, folder)
        resumed = run(small(tmp_path, "seed=7", f"resume={folder}", *alone))
        for part in ("state_dict", "optimizer_states", "problems"):
            assert differing(whole[part], resumed[part], f"{copy.name}/{part}") == []
    answers = json.loads((folder / "answers.json").read_text())
    assert answers.keys() == {"a.b", "values"}
    assert {facts["iterations"] for facts in answers.values()} == {5}


def test_pictures_that_are_solved_together_are_solved_as_alone(tmp_path: Path) -> None:
    cfg = small(tmp_path)
    state = run(cfg)["state_dict"]
    for name, size in {"a.b": (24, 33), "values": (30, 21)}.items():
        blurred = state[f"problems.{key_of(name)}.blurred"]
        assert blurred.shape[-2:] == size
        alone = selfdeblur(iterations=5).restoration(
            {"blurred": blurred[None], "name": ["x"], "kernel_size": [SIZE]}
        )
        assert torch.equal(alone["restored"][0], state[f"problems.{key_of(name)}.answer"])


def test_evaluation_reads_answers_by_name_and_solves_only_what_is_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cfg = small(tmp_path)
    run(cfg)
    weights = tmp_path / "run" / "last.ckpt"
    stored = deblurkit.load(weights)
    solved: list[str] = []
    loop = type(stored).finished

    def noted(self: Any, problem: Any, name: str) -> Any:
        solved.append(name)
        return loop(self, problem, name)

    monkeypatch.setattr(type(stored), "finished", noted)
    scored = deblurkit.compose(
        f"paths.run={tmp_path / 'eval'}",
        f"weights={weights}",
        "trainer.enable_progress_bar=false",
        config="eval",
    )
    scored.data = cfg.data
    evaluate(scored)
    scores = json.loads((tmp_path / "eval" / "scores.json").read_text())
    assert solved == []
    assert scores["mean"]["iterations"] == 5
    assert {row["name"] for row in scores["rows"]} == {"a.b", "values"}
    answer = stored.posed()[key_of("values")]
    other = (answer.blurred + 0.1).clamp(0, 1)[None]  # of the same name and size
    stored.restoration({"blurred": other, "name": ["values"], "kernel_size": [SIZE]})
    assert solved == ["values"]


def test_a_run_that_ends_too_early_says_how_to_go_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run(small(tmp_path, "trainer.max_epochs=1"))
    assert "2 of 2 pictures are not finished; go on with resume=" in caplog.text
    assert not (tmp_path / "run" / "answers.json").exists()


def poisoned(bad: set[int], iterations: int) -> tuple[Any, BlindProblem]:
    _, blurred, _ = scene(24, 24)
    method = selfdeblur(iterations=iterations)
    initial_state = method.initial_state

    def pose_badly(picture: torch.Tensor, kernel_size: int) -> BlindProblem:
        problem = initial_state(picture, kernel_size)
        problem.generators["picture"] = Poisoned(problem.generators["picture"], bad)
        return problem

    method.initial_state = pose_badly
    return method, method.solve(blurred, SIZE, "astronaut")


def test_a_step_that_is_not_finite_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    _, problem = poisoned({2}, iterations=4)
    assert problem.answer.isfinite().all()
    assert problem.facts()["skipped"] == 1
    assert problem.iterations == 4
    assert "astronaut: iteration 2 is not finite and was left out" in caplog.text


def test_after_ten_such_steps_the_last_good_answer_stays(caplog: pytest.LogCaptureFixture) -> None:
    _, problem = poisoned(set(range(4, 30)), iterations=20)
    _, good = poisoned(set(), iterations=3)
    assert problem.iterations == 13
    assert torch.equal(problem.answer, good.answer)
    assert torch.equal(problem.kernel, good.kernel)
    assert "its answer is that of the last good one" in caplog.text
    assert all(one.isfinite().all() for one in problem.state_dict().values())


def test_a_constant_picture_comes_back_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    flat = torch.full((1, 3, 24, 24), 0.4)
    assert torch.equal(selfdeblur().restore(flat, kernel_size=[SIZE]), flat)
    assert "it is constant, so there is nothing to restore" in caplog.text
    assert "point" not in caplog.text


def test_a_black_answer_and_a_kernel_of_one_point_are_facts_and_sentences() -> None:
    _, blurred, _ = scene(24, 24)
    problem = selfdeblur().initial_state(blurred, SIZE)
    assert problem.is_point()  # before the first iteration
    problem.answer.fill_(0.01)
    assert problem.facts()["black"] == problem.facts()["point"] == 1
    black, point = problem.complaints()
    assert "the restored picture is black" in black
    assert "single point" in point
    dark = selfdeblur().initial_state(blurred / 100, SIZE)
    assert not dark.is_black()  # it was so before


@pytest.mark.parametrize(
    ("size", "sentence"),
    [
        (4, "must be an odd number of pixels from 3 on, got 4; take 5"),
        (1, "take 3"),
        (-3, "take 3"),
        (31, "larger than the picture of 40x24"),
    ],
)
def test_impossible_kernel_sizes_are_refused(size: int, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        selfdeblur().restore(torch.rand(1, 3, 24, 40), kernel_size=[size])


def test_pictures_that_are_too_large_or_too_small_are_refused() -> None:
    with pytest.raises(InputError, match="at most 1,000 by the model's most_pixels"):
        selfdeblur("model.priors.most_pixels=1000").restore(
            torch.rand(1, 3, 32, 40), kernel_size=[SIZE]
        )
    with pytest.raises(InputError, match="sides of at least 33 pixels"):
        selfdeblur("model.priors.picture.scales=5").restore(
            torch.rand(1, 3, 24, 24), kernel_size=[SIZE]
        )


def test_training_without_an_extent_of_the_blur_is_refused(tmp_path: Path) -> None:
    cfg = small(tmp_path)
    cfg.data.kernel_size = 0
    with pytest.raises(InputError, match=r"^a\.b: the extent of the blur is not known"):
        run(cfg)


def test_several_devices_are_refused() -> None:
    method = selfdeblur()
    data = SimpleNamespace(offers=frozenset({"pictures"}))
    method._trainer = SimpleNamespace(world_size=2, datamodule=data)
    with pytest.raises(InputError, match="SelfDeblur optimises each picture on one device"):
        method.setup("fit")


def test_an_unknown_extent_is_searched() -> None:
    _, blurred, _ = scene(32, 32)
    method = selfdeblur("model.search.sides=[5,9]")
    problem = method.solve(blurred, 0, "astronaut")
    assert 3 <= problem.kernel_size <= 9
    assert problem.kernel.shape[-1] == problem.kernel_size


@pytest.mark.parametrize("preset", PRESETS)
def test_schedules_of_the_presets_end_with_their_iterations(preset: str) -> None:
    model = plain(deblurkit.compose(f"model={preset}").model)
    iterations = model["priors"]["stopping"]["iterations"]
    assert 0 < model["fidelity"]["switch"] < min(model["descent"]["milestones"])
    assert max(model["descent"]["milestones"]) < iterations
    assert deblurkit.build(preset) is not None


def test_no_answer_is_chosen_by_the_sharp_pictures(tmp_path: Path) -> None:
    cfg = small(tmp_path)
    value = train(cfg)
    run_folder = tmp_path / "run"
    assert not (run_folder / "best.ckpt").exists()
    scored = {
        row["name"]: float(row["iterations"]) for row in table(run_folder / "scores/test.csv")
    }
    assert scored == {"a.b": 5, "values": 5}
    assert value is not None  # what a sweep compares
    method = deblurkit.load(run_folder)
    assert all(problem.iterations == 5 for problem in method.posed().values())


def table(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))
