"""Verdicts: what is more than noise, what is not, and what cannot be told."""

import math

import numpy as np
import pytest

from deblurkit.commands.evaluate.comparison.pairs import Pair, pairs, sequences
from deblurkit.commands.evaluate.comparison.statistics import Resampling

WAYS = Resampling(resamples=2000, confidence=0.95, seed=0)
NOISE = np.random.default_rng(0).standard_normal(24)


def rows(values: np.ndarray, names: list[str] | None = None) -> list[dict]:
    names = names or [f"{number:02d}" for number in range(len(values))]
    return [{"name": n, "psnr": float(v)} for n, v in zip(names, values, strict=True)]


def only(first: list[dict], second: list[dict]) -> Pair:
    (pair,) = pairs({"a": first, "b": second}, ["psnr"], resampling=WAYS)
    return pair


@pytest.mark.parametrize(
    ("shift", "spread", "verdict"),
    [
        (1.0, 0.5, "higher"),
        (-1.0, 0.5, "lower"),
        (0.05, 1.0, "inside the noise"),
        (0.0, 0.0, "equal"),
        (0.001, 0.0, "higher"),  # the same for every picture: no noise at all
    ],
)
def test_verdicts(shift: float, spread: float, verdict: str) -> None:
    base = 30 + 5 * NOISE
    apart = shift + spread * np.roll(NOISE, 3)
    pair = only(rows(base + apart), rows(base))
    assert pair.verdict == verdict
    assert pair.difference == pytest.approx(apart.mean())
    assert pair.pictures is not None
    assert pair.pictures.low <= pair.difference + 1e-9
    assert pair.pictures.high >= pair.difference - 1e-9
    assert pair.sequences is None


@pytest.mark.parametrize(("count", "verdict"), [(5, "too few pictures to tell: 5"), (6, "higher")])
def test_from_six_pictures_on_signs_can_tell(count: int, verdict: str) -> None:
    """Half of 2 ** -5 is below 5 %, of 2 ** -4 it is not."""
    assert only(rows(NOISE[:count] + 1), rows(NOISE[:count])).verdict == verdict


def test_sequences_decide_where_there_are_any() -> None:
    """Sequences differ, their pictures do not: 24 pictures say what 8 or 3 sequences do not."""
    base, apart = 30 + NOISE, np.repeat([1.0, 0.9, -0.5, 0.8, -0.4, 0.9, 0.3, -0.2], 3)
    alone = only(rows(base + apart), rows(base))
    assert alone.verdict == "higher"
    names = [f"s{number // 3}/{number:02d}" for number in range(24)]
    within = only(rows(base + apart, names), rows(base, names))
    assert within.difference == alone.difference
    assert within.sequences is not None
    assert within.sequences.units == 8
    assert within.verdict == "inside the noise"
    few = [f"s{number // 8}/{number:02d}" for number in range(24)]
    steady = only(rows(base + 1 + apart / 10, few), rows(base, few))
    assert steady.verdict == "too few sequences to tell: 3"


def test_a_test_of_signs_may_doubt_what_the_interval_does_not() -> None:
    """Six of one sign, one large one of the other: too close to call at 95 %."""
    apart = np.array([0.02, 0.9, 0.8, 0.7, 1.0, 0.9, -0.9])
    pair = only(rows(30 + apart), rows(np.full(7, 30.0)))
    assert pair.pictures is not None
    assert pair.pictures.low > 0 or pair.pictures.p >= 0.05
    assert pair.verdict == "inside the noise"


def test_what_is_no_number_is_named_and_not_compared() -> None:
    broken = NOISE.copy()
    broken[3] = math.nan
    pair = only(rows(broken), rows(NOISE))
    assert (pair.difference, pair.pictures, pair.undefined) == (None, None, ["03"])
    assert pair.verdict == "not compared: pictures without a number: 1"


def test_infinite_differences_are_left_out_and_counted() -> None:
    """One method is perfect on a picture: the others decide, if that one does not contradict."""
    better, base = 30 + NOISE + 1 + np.roll(NOISE, 3) / 4, 30 + NOISE
    better[4] = math.inf
    pair = only(rows(better), rows(base))
    rest = np.delete(better - base, 4)
    assert (pair.verdict, pair.infinite, pair.undefined) == ("higher", ["04"], [])
    assert pair.difference == pytest.approx(rest.mean())
    assert pair.pictures is not None
    assert pair.pictures.units == 23
    assert pair.pictures.low > 0
    assert pair.described()["infinite"] == ["04"]
    against = only(rows(np.where(np.arange(24) == 4, -math.inf, better)), rows(base))
    assert against.verdict == "not compared: infinite differences say otherwise: 1"
    assert only(rows(better), rows(better)).verdict == "equal"  # both are perfect there
    nowhere = only(rows(np.full(24, math.inf)), rows(base))
    assert nowhere.verdict == "not compared: infinite differences only: 24"
    assert (nowhere.difference, nowhere.pictures) == (None, None)


def test_a_whole_column_keeps_its_draws_beside_one_with_infinite_differences() -> None:
    first = [{"name": f"s{n // 3}/{n}", "psnr": 1.0 + v, "ssim": v} for n, v in enumerate(NOISE)]
    second = [{**row, "psnr": 0.0, "ssim": 0.0} for row in first]
    ways = {"resampling": WAYS}
    alone = pairs({"a": first, "b": second}, ["ssim"], **ways)[0]
    first[4]["psnr"] = math.inf
    endless, beside = pairs({"a": first, "b": second}, ["psnr", "ssim"], **ways)
    assert (beside.pictures, beside.sequences) == (alone.pictures, alone.sequences)
    assert endless.sequences is not None
    assert (endless.pictures.units, endless.sequences.units) == (23, 8)


def test_a_broken_score_leaves_the_others_alone() -> None:
    first = [{"name": str(n), "psnr": math.nan, "ssim": v} for n, v in enumerate(NOISE)]
    second = [{"name": str(n), "psnr": 1.0, "ssim": v - 2} for n, v in enumerate(NOISE)]
    broken, sound = pairs({"a": first, "b": second}, ["psnr", "ssim"], resampling=WAYS)
    assert (broken.pictures, sound.verdict) == (None, "higher")
    assert sound.difference == pytest.approx(2)
    assert sound.described()["pictures"]["units"] == 24
    assert broken.described()["pictures"] is None


def test_each_two_methods_meet_once() -> None:
    given = {name: rows(NOISE + shift) for name, shift in (("a", 0), ("b", 1), ("c", 3))}
    found = pairs(given, ["psnr"], resampling=WAYS)
    assert [(p.first, p.second, round(p.difference or 0, 9)) for p in found] == [
        ("a", "b", -1),
        ("a", "c", -3),
        ("b", "c", -2),
    ]


def test_sequences_are_the_folders_of_names() -> None:
    assert sequences(["a/1", "a/2", "b/1"]) == ["a", "a", "b"]
    assert sequences(["a/1", "b/1"]) == []  # each its own
    assert sequences(["a/1", "a/2"]) == []  # only one
    assert sequences(["1", "2", "3"]) == []
