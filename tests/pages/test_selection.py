"""Which pictures of a stream are kept."""

import math
import random

import pytest

from deblurkit.pages.selection import Candidate, Selection
from deblurkit.pages.views import Exhibit

NOTHING = Exhibit({}, {}, {})
SCORES = {f"picture {number}": math.sin(number) for number in range(200)}


def selected(names: list[str], seed: int = 0) -> Selection:
    selection = Selection(count=3, seed=seed)
    for name in names:
        selection.offer(name, SCORES[name], lambda: NOTHING)
    return selection


def names(selection: Selection) -> dict[str, list[str]]:
    return {group: [one.name for one in kept] for group, kept in selection.groups().items()}


def test_best_and_worst_are_found_and_the_random_ones_are_others() -> None:
    found = names(selected([*SCORES]))
    order = sorted(SCORES, key=lambda name: -SCORES[name])
    assert (found["Best"], found["Worst"]) == (order[:3], order[-3:])
    assert len(found["Random"]) == 3
    assert not {*found["Random"]} & {*found["Best"], *found["Worst"]}
    other = names(selected([*SCORES], seed=1))
    assert other["Best"] == found["Best"]
    assert other["Random"] != found["Random"]


def test_neither_the_order_nor_the_sharing_out_matters() -> None:
    alone = names(selected([*SCORES]))
    mixed = random.Random(0).sample([*SCORES], len(SCORES))
    assert names(selected(mixed)) == alone
    shares = [selected(mixed[rank::3]) for rank in range(3)]
    together = Selection(count=3, seed=0)
    together.add(candidate for share in shares for candidate in share.kept)
    assert names(together) == alone


def test_random_pictures_are_drawn_evenly() -> None:
    some = [*SCORES][:40]
    drawn = [name for seed in range(60) for name in names(selected(some, seed))["Random"]]
    first = sum(int(name.split()[1]) < 20 for name in drawn)
    assert abs(first / len(drawn) - 0.5) < 0.15  # four standard deviations


@pytest.mark.parametrize("count", [1, 2, 8, 9, 10])
def test_few_pictures_are_all_shown_once(count: int) -> None:
    some = [*SCORES][:count]
    found = names(selected(some))
    shown = [name for group in found.values() for name in group]
    assert len(found) == (1 if count <= 9 else 3)
    assert len(set(shown)) == len(shown) == min(count, 9)
    order = sorted(some, key=lambda name: -SCORES[name])
    assert all(group == sorted(group, key=order.index) for group in found.values())


def test_only_what_is_kept_is_looked_at_and_little_is_kept() -> None:
    looks = 0

    def look() -> Exhibit:
        nonlocal looks
        looks += 1
        return NOTHING

    selection = Selection(count=3, seed=0)
    for number in random.Random(0).sample(range(800), 800):
        selection.offer(f"{number}", float(number), look)
        assert len(selection.kept) <= 16
    assert looks < 120
    assert [one.name for one in selection.kept[:3]] == ["799", "798", "797"]


def test_what_is_no_number_is_the_worst() -> None:
    selection = Selection(count=1, seed=0)
    for name, score in {"a": math.nan, "b": -9.0, "c": math.inf, "d": 1.0, "e": 2.0}.items():
        selection.offer(name, score, lambda: NOTHING)
    groups = selection.groups()
    assert isinstance(groups["Best"][0], Candidate)
    assert (groups["Best"][0].name, groups["Worst"][0].name) == ("c", "a")
