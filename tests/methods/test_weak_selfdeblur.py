"""SelfDeblur with a teacher: each term and its gradient, schedules, stopping, resuming."""

import shutil
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from blind_scenes import SIZE, TINY, scene, selfdeblur, write_scenes
from running import config, differing, every_checkpoint, run
from stored_teachers import stored_teacher
from torch import Tensor

import deblurkit
from deblurkit.checkpoint import teacher
from deblurkit.config import build_recipe, plain
from deblurkit.errors import InputError
from deblurkit.losses.consistency import Literal, Reblurred, Tapped
from deblurkit.losses.frozen import Frozen
from deblurkit.losses.pixel import l1
from deblurkit.methods.priors.blind import BlindIterate, BlindProblem
from deblurkit.methods.priors.teacher import Teacher
from deblurkit.methods.weak_selfdeblur import WeakSelfDeblur

LAYERS = ["method.hierarchies.stacks.0.levels.0.encoder"]
READINGS = {"A": Reblurred(l1), "B": Literal(l1), "C": Tapped(l1, layers=LAYERS)}
NONE = ("model.weights={weak:0.0,consistency:0.0,mixture:0.0}",)
FIXED = "model/stopping@model.priors.stopping=fixed"
UNSHARP = "model/teacher@model.teacher.factory.method=unsharp"


def weak(*overrides: str, model: str = "weak_selfdeblur", iterations: int = 4) -> WeakSelfDeblur:
    """A tiny method that ends after a number of iterations."""
    fixed = (FIXED, f"model.priors.stopping.iterations={iterations}")
    cfg = deblurkit.compose(f"model={model}", UNSHARP, *fixed, *TINY, *overrides)
    return build_recipe(plain(cfg.model), trust=[])


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stored_teacher(tmp_path_factory.mktemp("weights"))


def made_by(method: WeakSelfDeblur) -> tuple[BlindProblem, BlindIterate]:
    problem = method.initial_state(scene(24, 28)[1], SIZE)
    problem.iterations += 1
    return problem, problem.generate(0.001)


def gradients(problem: BlindProblem, name: str) -> Tensor:
    """How strongly a term pulls at a generator."""
    found = [one.grad for one in problem.generators[name].parameters() if one.grad is not None]
    return torch.stack([one.abs().sum() for one in found]).sum() if found else torch.zeros(())


@pytest.mark.parametrize(("reading", "kernel_too"), [("A", True), ("B", False), ("C", True)])
def test_gradients_of_eq_6_reach_picture_and_kernel_but_not_the_teacher(
    reading: str, kernel_too: bool, network: Path
) -> None:
    method = weak()
    method.teacher = Frozen(partial(Teacher, partial(teacher, weights=str(network))))
    method.consistency = READINGS[reading]
    before = {key: value.clone() for key, value in method.teacher.open().state_dict().items()}
    problem, made = made_by(method)
    term = method.consistency(
        method.teacher, made.restored, reblurred=made.reblurred, target=method._target(problem)
    )
    term.backward()
    assert term > 0
    assert gradients(problem, "picture") > 0
    assert bool(gradients(problem, "kernel") > 0) == kernel_too
    guide = method.teacher.open()
    assert not any(one.requires_grad or one.grad is not None for one in guide.parameters())
    after = guide.state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)
    assert not [key for key in method.state_dict() if "teacher" in key or "hierarchies" in key]


def test_the_teacher_of_the_config_needs_no_file_and_has_gradients() -> None:
    cfg = deblurkit.compose("model=weak_selfdeblur", FIXED, *TINY)
    method = build_recipe(plain(cfg.model), trust=[])
    problem, made = made_by(method)
    method.consistency(
        method.teacher,
        made.restored,
        reblurred=made.reblurred,
        target=method._target(problem),
        kernel_size=SIZE,
    ).backward()
    assert gradients(problem, "picture") > 0
    assert gradients(problem, "kernel") > 0


def test_the_papers_preset_has_a_trained_teacher_and_gaussian_noise(network: Path) -> None:
    stored = deblurkit.compose("model=weak_selfdeblur_paper", "paths.weights=/published").model
    assert stored.teacher.factory.method.weights == "/published/maxim.safetensors"
    other = ("teacher=weights", f"teacher.weights={network}")
    cfg = deblurkit.compose("model=weak_selfdeblur_paper", *other, FIXED, *TINY)
    method = build_recipe(plain(cfg.model), trust=[])
    problem, _ = made_by(method)
    assert method.guide(problem).shape == problem.luminance.shape  # of the file's network
    # 8 maps of 28 x 32 numbers: their mean and deviation are known to a percent of 0.1.
    assert problem.noise.mean().abs() < 0.005
    assert problem.noise.std() == pytest.approx(0.1, rel=0.05)
    assert problem.noise.abs().max() > 0.25
    assert problem.kernel_noise.min() < 0
    uniform, _ = made_by(weak())
    assert 0 <= uniform.noise.min() < uniform.noise.max() <= 0.1


def test_eq_5_pulls_the_picture_towards_the_guide_and_leaves_the_kernel() -> None:
    method = weak()
    problem, made = made_by(method)
    term = method.weak(made.restored, method.guide(problem))
    assert float(term.detach()) == pytest.approx(
        float((made.restored - method.guide(problem)).abs().mean().detach())
    )
    term.backward()
    assert gradients(problem, "picture") > 0
    assert gradients(problem, "kernel") == 0


def test_the_guide_is_made_once_and_of_the_luminance() -> None:
    method = weak(iterations=6)
    asked: list[Tensor] = []
    network = method.teacher

    class Counting(Frozen):
        def __call__(self, pictures: Tensor, *others: Any, **options: Any) -> Any:
            asked.append(pictures)
            assert options == {"kernel_size": SIZE}
            return network(pictures)

    method.teacher = Counting(network.factory)
    method.objective.weights |= {"consistency": 0.0}
    problem = method.solve(scene(24, 24)[1], SIZE, "astronaut")
    assert [one.shape for one in asked] == [(1, 1, 24, 24)]
    assert torch.equal(asked[0], problem.luminance)


def test_without_weights_it_is_selfdeblur() -> None:
    _, blurred, _ = scene(24, 28)
    alone = selfdeblur(iterations=6).solve(blurred, SIZE, "a")
    guided = weak(*NONE, "model.average=0.0", iterations=6)
    assert guided.teacher.network is None
    problem = guided.solve(blurred, SIZE, "a")
    assert torch.equal(problem.answer, alone.answer)
    assert torch.equal(problem.kernel, alone.kernel)
    assert guided.teacher.network is None  # nobody asked


def test_a_strong_guide_is_followed() -> None:
    _, blurred, _ = scene(24, 28)
    method = weak("model.average=0.0", "model.weights={weak:10.0,consistency:0.0}", iterations=40)
    problem = method.solve(blurred, SIZE, "a")
    free = weak("model.average=0.0", *NONE, iterations=40).solve(blurred, SIZE, "a")
    guide = method.guide(problem)
    assert l1(restored_luminance(problem), guide) < 0.7 * l1(restored_luminance(free), guide)


def restored_luminance(problem: BlindProblem) -> Tensor:
    """Of the answer: the blurred picture's with what was changed in all three channels."""
    return problem.luminance + (problem.answer - problem.blurred)[None, :1]


def test_schedules_count_the_iterations_of_each_picture() -> None:
    method = weak(
        "model.weights.weak={value:0.5,hold:2,end:4}",
        "model.weights.consistency={value:0.25,start:1,period:2}",
        iterations=6,
    )
    seen = []
    for blurred in (scene(24, 24)[1], scene(28, 24)[1]):
        problem = method.initial_state(blurred, SIZE)
        optimizer = method.descent(problem)
        while problem.running:
            problem.iterations += 1
            method.iterate(problem, optimizer)
            seen.append([method.objective.weight(name) for name in ("weak", "consistency")])
    once = [[0.5, 0], [0.5, 0.25], [0.5, 0], [0.25, 0.25], [0, 0], [0, 0.25]]
    assert torch.tensor(seen).allclose(torch.tensor(once + once))


def agreeing(*overrides: str) -> WeakSelfDeblur:
    stopping = "model.priors.stopping={threshold:{share:%s},check_every:1,smoothing:0.0,patience:2}"
    given = (stopping % "1.0", "model.priors.stopping.min_iterations=3", *TINY, *overrides)
    cfg = deblurkit.compose("model=weak_selfdeblur", UNSHARP, *given)
    return build_recipe(plain(cfg.model), trust=[])


def test_eq_7_asks_the_teacher_and_stops_before_the_most_iterations() -> None:
    method = agreeing("model.priors.stopping.max_iterations=60", "model.average=0.5")
    problem = method.solve(scene(24, 28)[1], SIZE, "a")
    assert 4 <= problem.iterations < 60
    assert problem.watch.smoothed <= problem.watch.level
    assert method.disagreement(problem, problem.luminance) == 0


def test_the_least_moving_variance_answers_with_its_own_iteration() -> None:
    rule = "model/stopping@model.priors.stopping=moving_variance"
    numbers = ("window=5", "patience=7", "pixels=50", "min_iterations=0", "max_iterations=40")
    given = [f"model.priors.stopping.{number}" for number in numbers]
    given += ["model.average=0.0", "model.fidelity.switch=15"]  # another distance: it moves again
    cfg = deblurkit.compose("model=weak_selfdeblur", UNSHARP, rule, *TINY, *given)
    method = build_recipe(plain(cfg.model), trust=[])
    problem = method.initial_state(scene(24, 28)[1], SIZE)
    optimizer, answers = method.descent(problem), []
    while problem.running:
        problem.iterations += 1
        method.iterate(problem, optimizer)
        answers.append(problem.averaged.clone())
    best = int(problem.watch.best)
    assert best < len(answers)
    assert torch.equal(problem.answer, answers[best - 1])
    assert not torch.equal(problem.answer, answers[-1])


@pytest.mark.parametrize("kind", ["grid", "basis"])
def test_blur_that_varies_is_sought_too(kind: str) -> None:
    scales = ("model.priors.blur.shares.scales=2", "model.priors.blur.shares.channels=4")
    method = weak(*(scales if kind == "basis" else ()), model=f"weak_selfdeblur_{kind}")
    problem = method.initial_state(scene(24, 28)[1], SIZE)
    optimizer = method.descent(problem)
    before = {key: value.clone() for key, value in problem.named_parameters()}
    problem.iterations += 1
    method.iterate(problem, optimizer)
    moved = {
        name.split(".")[1]
        for name, one in problem.named_parameters()
        if not one.equal(before[name])
    }
    assert moved == {"picture", "kernel"} | ({"blur"} if kind == "basis" else set())
    kernels = problem.generate(0.0).kernel
    assert kernels.shape == (9 if kind == "grid" else 4, 1, SIZE, SIZE)
    assert problem.kernel.sum() == pytest.approx(1, abs=1e-5)
    restored = method.restore(scene(24, 28)[1][None], kernel_size=[SIZE])
    assert restored.shape == (1, 3, 24, 28)


def test_a_grid_of_one_kernel_is_the_uniform_model() -> None:
    _, blurred, _ = scene(24, 28)
    one = ("model.priors.kernel.kernels=1", "model.priors.blur.shares.rows=1")
    grid = weak(*one, "model.priors.blur.shares.columns=1", model="weak_selfdeblur_grid")
    uniform = weak().solve(blurred, SIZE, "a")
    found = grid.solve(blurred, SIZE, "a")
    assert torch.equal(found.answer, uniform.answer)
    assert torch.equal(found.kernel, uniform.kernel)


def test_a_weight_of_shares_that_do_not_exist_is_refused() -> None:
    with pytest.raises(InputError, match=r"give model\.priors\.blur"):
        weak("model.weights.mixture=0.1")


def test_a_teacher_that_cannot_guide_ends_the_loop_with_a_sentence() -> None:
    method = weak()
    method.teacher = Frozen(partial(Teacher, partial(deblurkit.build, "wiener")))
    with pytest.raises(InputError, match=r"^the teacher Wiener cannot guide .* give its kernel"):
        method.restore(scene(24, 28)[1][None], kernel_size=[SIZE])


def test_a_teacher_that_is_not_there_is_missed_when_it_is_asked_only(tmp_path: Path) -> None:
    weights = "model/teacher@model.teacher.factory.method=weights"
    path = f"model.teacher.factory.method.weights={tmp_path / 'lost.ckpt'}"
    given = (FIXED, weights, path, *TINY, "model.priors.stopping.iterations=1")
    method = build_recipe(plain(deblurkit.compose("model=weak_selfdeblur", *given).model), trust=[])
    assert method.initial_state(scene(24, 28)[1], SIZE).running
    with pytest.raises(InputError, match=r"lost\.ckpt is no file"):
        method.restore(scene(24, 28)[1][None], kernel_size=[SIZE])


def small(folder: Path, *overrides: str) -> Any:
    data = write_scenes(folder / "scenes")
    cfg = config(folder / "run", "trainer.max_epochs=5", *overrides, data=data)
    recipe = agreeing("model.priors.stopping={min_iterations:5,max_iterations:8}").recipe
    recipe["weights"]["weak"] |= {"hold": 2, "end": 6}
    recipe["weights"]["consistency"] |= {"start": 1, "period": 2}
    cfg.model = recipe
    return cfg


def test_a_run_goes_on_from_every_checkpoint_bit_by_bit(tmp_path: Path) -> None:
    alone = ("test=false", "trainer.limit_val_batches=0", "callbacks.best=null")
    folder = tmp_path / "run"
    with every_checkpoint(folder, tmp_path / "copies") as copies:
        whole = run(small(tmp_path, "callbacks.last.every_n_batches=1", *alone))
    assert len(copies) >= 5
    for copy in copies[::2]:
        shutil.rmtree(folder)
        shutil.copytree(copy, folder)
        resumed = run(small(tmp_path, "seed=7", f"resume={folder}", *alone))
        for part in ("state_dict", "optimizer_states", "problems"):
            assert differing(whole[part], resumed[part], f"{copy.name}/{part}") == []
