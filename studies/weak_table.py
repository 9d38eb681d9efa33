"""The tables of the study with a teacher, out of its cells."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from statistics import fmean, median
from typing import Any

import torch
from study import spread

from deblurkit.methods.priors.early_stopping import ShareOfFirst, TeacherWatch
from deblurkit.methods.priors.stopping import Progress, Watch

Result = dict[str, Any]
Stops = dict[tuple[Any, ...], Result]  # by seed, crop and row
Maker = Callable[..., Watch]

TITLES = {
    "weak_none": "none",
    "weak_guide": "guide (eq. 5)",
    "weak_answers": "answers (eq. 6)",
    "weak_features": "features (eq. 6)",
    "weak_guide_features": "guide and features",
}
BEST = "best along the way"
TRIED = {  # numbers of the rules that ask the teacher, out of which one is chosen
    "agreement": {
        f"share {share:.2f}": {"threshold": ShareOfFirst(share=share)}
        for share in (number / 20 for number in range(1, 20))
    },
    "settled": {
        f"change {change}": {"change": change}
        for change in (0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.07, 0.1, 0.2)
    },
}
GROUPS = {
    "rows without a guide": ("weak_none", "weak_answers", "weak_features"),
    "rows with a guide": ("weak_guide", "weak_guide_features"),
}
TUNED_ON = 0  # seed
LOST = 0.2  # dB that stopping early may cost


def tables(done: Sequence[Result], *, rules: Callable[[str], Maker]) -> str:
    """All tables.

    Args:
        done: Cells of the study.
        rules: Gives what makes a rule, by its name.
    """
    parts = [of_rows(done), of_crops(done)]
    for title, rows in GROUPS.items():
        cells = [cell for cell in done if cell["row"] in rows]
        tuning = [cell for cell in cells if cell["seed"] == TUNED_ON]
        testing = [cell for cell in cells if cell["seed"] != TUNED_ON]
        if tuning and testing:
            parts.append(of_stopping(title, stops_of(testing, tuning=tuning, rules=rules)))
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def stops_of(
    cells: Sequence[Result], *, tuning: Sequence[Result], rules: Callable[[str], Maker]
) -> dict[str, Stops]:
    """Where each rule stops, with the numbers as they are and with those that suit other cells."""
    stops = {name: of_rule(cells, name) for name in cells[0]["rules"]}
    stops["agreement, the presets' share"] = replays(cells, rules("agreement_presets"))
    stops["settled"] = replays(cells, rules("settled"))
    for name, tried in TRIED.items():
        maker = rules(name)
        makers = {said: partial(maker, **numbers) for said, numbers in tried.items()}
        chosen = tuned(tuning, makers)
        stops[f"{name}, {chosen} (by seed {TUNED_ON})"] = replays(cells, makers[chosen])
    return stops


def of_rows(done: Sequence[Result]) -> list[str]:
    """Means over the crops, and their spread over the seeds, per row and rule."""
    lines = [
        "| teacher | stopped by | PSNR, dB | against no teacher, dB | SSIM | kernel similarity "
        "| iterations | processor seconds |",
        "| --- " * 8 + "|",
    ]
    for row, title in TITLES.items():
        for rule in (*done[0]["rules"], BEST):
            ours, none = (over_seeds(done, one, rule) for one in (row, "weak_none"))
            if not ours:
                continue
            gaps = [ours[s]["psnr"] - none[s]["psnr"] for s in ours if s in none]
            gap = "" if row == "weak_none" else spread(gaps, 2, signed=True)
            columns = [
                spread([one[key] for one in ours.values() if key in one], digits)
                for key, digits in (
                    ("psnr", 2),
                    ("ssim_wang", 4),
                    ("kernel_similarity", 3),
                    ("iterations", 0),
                    ("seconds", 0),
                )
            ]
            columns.insert(1, gap)
            lines.append(f"| {title} | {rule.replace('_', ' ')} | {' | '.join(columns)} |")
    return lines


def of_crops(done: Sequence[Result]) -> list[str]:
    """PSNR of each crop at the end, mean and spread over the seeds."""
    lines = [
        f"| PSNR at the end, dB | blurred | teacher | {' | '.join(TITLES.values())} |",
        "| --- " * (3 + len(TITLES)) + "|",
    ]
    for crop in dict.fromkeys(cell["crop"] for cell in done):
        cells = [cell for cell in done if cell["crop"] == crop]
        ends = [
            spread([cell["rules"]["fixed"]["psnr"] for cell in cells if cell["row"] == row], 2)
            for row in TITLES
        ]
        alone = [f"{cells[0][key]['psnr']:.2f}" for key in ("blurred", "teacher")]
        lines.append(f"| {crop} | {' | '.join([*alone, *ends])} |")
    return lines


def of_stopping(title: str, stops: dict[str, Stops]) -> list[str]:
    """What stopping early costs and saves, over the cells of seeds that nothing was tuned on."""
    lines = [
        f"| {title}, stopped by | median PSNR, dB | difference to fixed, dB: median | worst "
        "| median iterations | processor time, fixed : stopped |",
        "| --- " * 6 + "|",
    ]
    fixed = stops["fixed"]
    spent = sum(stop["seconds"] for stop in fixed.values())
    for name, ours in stops.items():
        gaps = differences(ours, fixed)
        psnr, iterations = (median(s[key] for s in ours.values()) for key in ("psnr", "iterations"))
        ratio = spent / sum(stop["seconds"] for stop in ours.values())
        lines.append(
            f"| {name.replace('_', ' ')} | {psnr:.2f} | {median(gaps):+.2f} | {min(gaps):+.2f} "
            f"| {iterations:.0f} | {ratio:.2f} |"
        )
    return lines


def over_seeds(done: Sequence[Result], row: str, rule: str) -> dict[int, Result]:
    """Means over the crops by seed, of seeds in which the row has all crops."""
    crops = {cell["crop"] for cell in done}
    found = {}
    for seed in sorted({cell["seed"] for cell in done}):
        cells = [cell for cell in done if (cell["row"], cell["seed"]) == (row, seed)]
        if len(cells) == len(crops):
            stops = [best(cell) if rule == BEST else cell["rules"][rule] for cell in cells]
            found[seed] = {key: fmean(stop[key] for stop in stops) for key in stops[0]}
    return found


def best(cell: Result) -> Result:
    """The point of highest PSNR, which nobody knows who lacks the sharp picture."""
    point = max(cell["curve"], key=lambda point: point["psnr"])
    return {key: point[key] for key in ("psnr", "ssim_wang", "iterations", "seconds")}


def tuned(cells: Sequence[Result], makers: Mapping[str, Maker]) -> str:
    """What saves most without losing more in the mean than may be lost, or loses least."""
    fixed = of_rule(cells, "fixed")
    found = []
    for said, maker in makers.items():
        stops = replays(cells, maker)
        spent = sum(stop["seconds"] for stop in stops.values())
        found.append((max(-fmean(differences(stops, fixed)), LOST), spent, said))
    return min(found)[-1]


def replays(cells: Sequence[Result], maker: Maker) -> Stops:
    """Where a rule that asks the teacher would have stopped every cell."""
    return {key_of(cell): replayed(cell, maker()) for cell in cells}


def replayed(cell: Result, rule: Watch) -> Result:
    """The point of a curve at which a rule that asks the teacher stops."""
    assert isinstance(rule, TeacherWatch)
    nothing = torch.zeros(1, 1, 1, 1)
    looks, point = 0, cell["curve"][0]
    rule.distance = lambda _: float(point["distance"])
    for point in cell["curve"]:
        looks += 1
        if rule.ends(Progress(int(point["iterations"]), nothing, nothing, fidelity=0.0)):
            break
    return point | {"seconds": point["seconds"] + looks * cell["look"]}


def of_rule(cells: Sequence[Result], rule: str) -> Stops:
    """Where a rule stopped every cell."""
    return {key_of(cell): cell["rules"][rule] for cell in cells}


def differences(ours: Stops, others: Stops) -> list[float]:
    """Of PSNR, in dB, cell by cell."""
    return [ours[key]["psnr"] - others[key]["psnr"] for key in others]


def key_of(cell: Result) -> tuple[Any, ...]:
    return cell["seed"], cell["crop"], cell["row"]
