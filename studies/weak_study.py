"""What a teacher brings to SelfDeblur, and which rule stops it best: the study at a small budget.

A rule only cuts an optimisation short. So each crop is optimised once per row and seed, to the end,
while all rules watch; each is recorded where it would have stopped. The rows are the experiments
``weak_*`` with smaller generators and every number of iterations scaled to the budget. What is done
is kept in ``results.json`` and not run again.

    deblurkit-convert source=dmphn path=DMPHN_1_2_4 output=dmphn.safetensors
    python studies/weak_study.py --root Levin09 --teacher dmphn.safetensors
        --output docs/results/weak
"""

import argparse
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from time import process_time
from typing import Any, NamedTuple, cast

import torch
from levin_crops import CHANNELS, FALLS, ITERATIONS, SWITCH, Crop, crops, scores, similarity
from torch import Tensor, nn
from weak_table import tables

from deblurkit.config import build_recipe, compose, instantiate, plain
from deblurkit.methods.priors.early_stopping import TeacherWatch
from deblurkit.methods.priors.stopping import Progress, Watch
from deblurkit.methods.weak_selfdeblur import WeakSelfDeblur

Result = dict[str, Any]

ROWS = ("weak_none", "weak_guide", "weak_answers", "weak_features", "weak_guide_features")
LOOK = 12  # iterations between two looks at the teacher, and between two points of a curve
# 0.24 of the numbers of ``half``, but the distances switch after a third of the budget, because the
# kernel needs as many iterations of squared errors; the rates fall and the rules begin behind that.
# Looks at the teacher are half as many for their cost, and half as many are remembered.
BUDGET = (
    f"model.priors.picture.channels={CHANNELS}",
    f"model.fidelity.switch={SWITCH}",
    f"model.descent.milestones={FALLS}",
    "model.weights.weak.hold=180",
    "model.weights.weak.end=360",
    "model.weights.consistency.start=60",
    f"model.weights.consistency.period={LOOK}",
    "model.average=0.96",
)
LOOKS = {
    "check_every": LOOK,
    "smoothing": 0.8,
    "patience": 3,
    "min_iterations": 240,
    "max_iterations": ITERATIONS,
}
CALM = {"window": 24, "patience": 120, "min_iterations": 0, "max_iterations": ITERATIONS}
RULES: dict[str, tuple[str, Mapping[str, float]]] = {  # config and numbers of each
    "fixed": ("fixed_half", {"iterations": ITERATIONS}),
    "agreement": ("agreement_half", {"threshold.share": 0.1, **LOOKS}),
    "agreement_presets": ("agreement_half", LOOKS),  # the threshold that the presets have since
    "moving_variance": ("moving_variance_half", CALM),
    "settled": ("settled", LOOKS),
}
WATCHING = ("fixed", "agreement", "moving_variance")  # curves tell where the other would stop


class Together(Watch):
    """Several rules that watch one optimisation, which goes on until the last of them ends.

    Args:
        rules: By name.

    Attributes:
        going: Names of those that have not ended.
        kept: Names of those that would answer with the iteration just seen.
        seconds: Processor time that each has taken for looking.
        reblurred: Of the iteration just seen.
    """

    def __init__(self, rules: Mapping[str, Watch]) -> None:
        super().__init__()
        self.rules = nn.ModuleDict(rules)
        self.going, self.kept = list(rules), list[str]()
        self.seconds = dict.fromkeys(rules, 0.0)
        self.reblurred: Tensor | None = None

    def ends(self, progress: Progress) -> bool:
        """Show an iteration to those that have not ended."""
        self.reblurred = progress.reblurred
        self.kept, watching = [], self.going
        self.going = []
        for name in watching:
            rule, begun = cast("Watch", self.rules[name]), process_time()
            if not rule.ends(progress):
                self.going.append(name)
            self.seconds[name] += process_time() - begun
            if rule.improved:
                self.kept.append(name)
        return not self.going


class Stop(NamedTuple):
    """Where a rule ended an optimisation, and with what."""

    restored: Tensor
    kernel: Tensor
    iterations: int
    seconds: float  # processor time with the rule's own looks


class Point(NamedTuple):
    """One iteration of a curve."""

    restored: Tensor
    iterations: int
    seconds: float  # processor time without any looks
    distance: float  # of the teacher's answers to re-blurred and blurred picture


class Trajectory:
    """One optimisation to the end with all rules watching.

    Args:
        method: Of the row.
        crop: What it restores.
        rules: By name; the last to end decides where the end is.

    Attributes:
        stops: Of each rule.
        curve: Every ``LOOK`` iterations.
    """

    def __init__(self, method: WeakSelfDeblur, crop: Crop, rules: Mapping[str, Watch]) -> None:
        self.method, self.problem = method, method.initial_state(crop.blurred[0], crop.kernel_size)
        self.watch = self.problem.watch = Together(rules)
        self.distances: dict[int, float] = {}
        for rule in rules.values():
            if isinstance(rule, TeacherWatch):
                rule.distance = self.distance
        self.answers: dict[str, tuple[Tensor, Tensor]] = {}
        self.stops: dict[str, Stop] = {}
        self.curve: list[Point] = []
        self.seconds = 0.0

    def distance(self, reblurred: Tensor) -> float:
        """Of the teacher's answers; asked once per iteration, whoever wants it."""
        now = int(self.problem.iterations)
        if now not in self.distances:
            self.distances[now] = self.method.disagreement(self.problem, reblurred)
        return self.distances[now]

    def run(self) -> None:
        """Iterate to the end; `PerPictureMethod.finished`, with a look at clock and rules."""
        problem, watch = self.problem, self.watch
        optimizer = self.method.descent(problem)
        while problem.running:
            watching, looked, begun = watch.going, sum(watch.seconds.values()), process_time()
            problem.iterations += 1
            self.method.iterate(problem, optimizer)
            self.seconds += process_time() - begun - (sum(watch.seconds.values()) - looked)
            for name in watch.kept:
                self.answers[name] = (problem.answer.clone(), problem.kernel.clone())
            for name in set(watching) - set(watch.going):
                self.stops[name] = Stop(
                    *self.answers[name],
                    iterations=int(problem.iterations),
                    seconds=self.seconds + watch.seconds[name],
                )
            if problem.iterations % LOOK == 0:
                self.curve.append(self.point())

    def point(self) -> Point:
        """The iteration just done."""
        assert self.watch.reblurred is not None
        return Point(
            self.problem.answer.clone(),
            iterations=int(self.problem.iterations),
            seconds=self.seconds,
            distance=self.distance(self.watch.reblurred),
        )


def main() -> None:
    given = arguments()
    torch.set_num_threads(1)
    file = given.output / "results.json"
    done: list[Result] = json.loads(file.read_text()) if file.is_file() else []
    known = {(cell["seed"], cell["crop"], cell["row"]) for cell in done}
    given.output.mkdir(parents=True, exist_ok=True)
    for seed in given.seeds:
        for crop in crops(given.root):
            for row in ROWS:
                if (seed, crop.name, row) in known:
                    continue
                done.append(cell(row, seed, crop=crop, teacher=given.teacher))
                lines = ",\n".join(map(json.dumps, done))
                file.write_text(f"[\n{lines}\n]\n")
                print(row, seed, crop.name, done[-1]["rules"], flush=True)
        (given.output / "table.md").write_text(tables(done, rules=rule_maker))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", type=Path, required=True, help="folder as of data=levin")
    parser.add_argument("--teacher", type=Path, required=True, help="weights of a DMPHN 1-2-4")
    parser.add_argument("--output", type=Path, required=True, help="of results.json and table.md")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    return parser.parse_args()


def cell(row: str, seed: int, *, crop: Crop, teacher: Path) -> Result:
    """One crop in one row from one seed: its scores where each rule stops, and its curve."""
    weights = f"model.teacher.factory.method.weights={teacher.resolve()}"
    cfg = compose(f"experiment={row}", f"seed={seed}", weights, *BUDGET)
    method = cast("WeakSelfDeblur", build_recipe(plain(cfg.model)))
    taken = Trajectory(method, crop, {name: rule_maker(name)() for name in WATCHING})
    guide = method.guide(taken.problem)  # the teacher is opened before the clock runs
    taken.run()
    looks = taken.stops["agreement"].iterations // LOOK
    return {
        "row": row,
        "seed": seed,
        "crop": crop.name,
        "blurred": scores(crop, crop.blurred),
        "teacher": scores(crop, guide),
        "look": round(taken.watch.seconds["agreement"] / looks, 4),
        "rules": {name: scored(crop, taken.stops[name]) for name in WATCHING},
        "curve": [traced(crop, point) for point in taken.curve],
    }


def rule_maker(name: str) -> Callable[..., Watch]:
    """What makes one of ``RULES``, with the study's numbers."""
    config, numbers = RULES[name]
    group = f"model/stopping@model.priors.stopping={config}"
    changed = (f"model.priors.stopping.{key}={value}" for key, value in numbers.items())
    node = compose(f"experiment={ROWS[0]}", group, *changed).model.priors.stopping
    return cast("Callable[..., Watch]", instantiate(plain(node)))


def scored(crop: Crop, stop: Stop) -> dict[str, float]:
    """What is kept of a stop."""
    return rounded(
        scores(crop, stop.restored[None]),
        kernel_similarity=similarity(crop, stop.kernel),
        iterations=stop.iterations,
        seconds=stop.seconds,
    )


def traced(crop: Crop, point: Point) -> dict[str, float]:
    """What is kept of a point of the curve."""
    return rounded(
        scores(crop, point.restored[None]),
        iterations=point.iterations,
        seconds=point.seconds,
        distance=point.distance,
    )


def rounded(numbers: Mapping[str, float], **more: float) -> dict[str, float]:
    """To six digits, so that files stay readable."""
    return {name: float(f"{number:.6g}") for name, number in {**numbers, **more}.items()}


if __name__ == "__main__":
    main()
