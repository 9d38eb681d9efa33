"""Rules that watch the teacher or the picture: when they fire, by hand, and that they resume."""

import io
from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor

from deblurkit.errors import InputError
from deblurkit.methods.priors.early_stopping import (
    Agreement,
    FixedThreshold,
    MovingVariance,
    Settled,
    ShareOfFirst,
    TeacherWatch,
)
from deblurkit.methods.priors.stopping import Progress, Watch

NUMBERS = {
    "check_every": 2,
    "smoothing": 0.0,
    "patience": 2,
    "min_iterations": 6,
    "max_iterations": 40,
}
agreement = partial(Agreement, threshold=FixedThreshold(level=1.0), **NUMBERS)
settled = partial(Settled, change=0.1, **NUMBERS)
CALM = {"window": 4, "patience": 6, "pixels": 30, "min_iterations": 0, "max_iterations": 60}
calm = partial(MovingVariance, **CALM)


def progress(iterations: int, restored: Tensor | None = None) -> Progress:
    picture = torch.zeros(1, 1, 5, 6) if restored is None else restored
    return Progress(iterations, restored=picture, reblurred=picture + iterations, fidelity=0.0)


def told(watch: TeacherWatch, distances: Callable[[int], float]) -> TeacherWatch:
    """A watch whose teacher sees these distances, by iteration."""
    watch.distance = lambda reblurred: distances(round(float(reblurred.mean())))
    return watch


def end(watch: Watch, *, start: int = 1) -> int:
    """The iteration at which it ends."""
    return next(number for number in range(start, 1000) if watch.ends(progress(number)))


@pytest.mark.parametrize(
    ("distances", "expected"),
    [
        (lambda now: 0.5, 8),  # convinced at 6 and 8: not before the least iteration
        (lambda now: 1.0 if now >= 9 else 2.0, 12),  # seen at 10 and 12
        (lambda now: 0.5 if now % 8 else 2.0, 12),  # 6 is fine, 8 is not
        (lambda now: 2.0, 40),
    ],
)
def test_agreement_ends_after_some_looks_in_a_row_below_the_threshold(distances, expected) -> None:
    assert end(told(agreement(), distances)) == expected


def test_it_looks_now_and_then_only() -> None:
    seen = []
    watch = told(agreement(), lambda now: seen.append(now) or 0.5)
    end(watch)
    assert seen == [2, 4, 6, 8]


def test_distances_are_smoothed() -> None:
    numbers = NUMBERS | {"smoothing": 0.5}
    watch = Agreement(threshold=FixedThreshold(level=1.0), **numbers)
    falling = {2: 8.0, 4: 8.0, 6: 0.0, 8: 0.0, 10: 0.0, 12: 0.0, 14: 0.0}  # 8, 8, 4, 2, 1, 0.5
    assert end(told(watch, lambda now: falling[now])) == 12
    assert float(watch.smoothed) == 0.5


def test_a_relative_threshold_is_a_share_of_the_first_distance_that_counts() -> None:
    watch = Agreement(threshold=ShareOfFirst(share=0.1), **NUMBERS)
    told(watch, lambda now: 100.0 / now**2)
    assert end(watch) == 22  # 100 / 36 / 10 = 0.278 is reached at 18.97
    assert float(watch.level) == pytest.approx(100 / 36 / 10)


def test_settled_ends_when_little_changes() -> None:
    assert end(told(settled(), lambda now: 1.0 + 0.5**now)) == 8
    halving = told(settled(), lambda now: 0.8 ** (now // 2))
    assert end(halving) == 40
    assert end(told(settled(min_iterations=0), lambda now: 1.0)) == 6  # one look is no change


def test_a_rule_without_a_teacher_says_so() -> None:
    with pytest.raises(InputError, match="model=weak_selfdeblur"):
        end(agreement())


def moving(sizes: Callable[[int], float]) -> Callable[[int], Tensor]:
    """Pictures that swing by a size."""
    return lambda now: torch.full((1, 1, 5, 6), sizes(now) * (-1) ** now)


def run(watch: MovingVariance, pictures: Callable[[int], Tensor]) -> tuple[int, list[int]]:
    """Where it ends, and which iterations improved the answer."""
    improved = []
    for number in range(1, 1000):
        ended = watch.ends(progress(number, pictures(number)))
        if watch.improved:
            improved.append(number)
        if ended:
            return number, improved
    raise AssertionError("it never ends")


def test_a_calm_window_is_kept_until_patience_is_spent() -> None:
    ended, improved = run(calm(), moving(lambda now: abs(now - 10) + 1.0))
    # windows of four end at 4, 5, ...; the sum of squares around 10 is least at 11 and 12
    assert improved == [1, 2, 3, *range(4, 12)]
    assert ended == 17


def test_windows_before_the_first_that_counts_are_passed_over() -> None:
    ended, improved = run(calm(min_iterations=14), moving(lambda now: abs(now - 10) + 1.0))
    assert improved == list(range(1, 15))
    assert ended == 20


def test_the_moving_variance_is_that_of_the_window() -> None:
    watch, pictures = calm(), [torch.rand(1, 1, 5, 6) for _ in range(9)]
    for number, picture in enumerate(pictures, start=1):
        watch.ends(progress(number, picture))
    variances = [
        torch.cat(pictures[n - 4 : n]).var(dim=0, correction=0).mean() for n in range(4, 10)
    ]
    torch.testing.assert_close(watch.least, min(variances))
    assert int(watch.best) == 4 + variances.index(min(variances))


def test_some_pixels_stand_for_all() -> None:
    watch = calm(pixels=7)
    picture = torch.arange(30.0).view(1, 1, 5, 6)
    watch.ends(progress(1, picture))
    assert watch.frames[0].tolist() == [0, 5, 10, 14, 19, 24, 29]  # 14.5 is rounded to even


def test_it_ends_with_the_most_iterations() -> None:
    assert run(calm(), moving(lambda now: 1 / now))[0] == 60


@pytest.mark.parametrize("make", [agreement, settled, calm])
def test_a_watch_that_is_stored_goes_on_as_if_nothing_had_happened(make) -> None:
    def fresh() -> Watch:
        watch = make()
        return told(watch, lambda now: 1 + 3 / now) if isinstance(watch, TeacherWatch) else watch

    pictures = moving(lambda now: abs(now - 10) + 1.0)
    whole, ends = fresh(), []
    for number in range(1, 15):
        stored = io.BytesIO()
        torch.save(whole.state_dict(), stored)
        stored.seek(0)
        other = fresh()
        other.load_state_dict(torch.load(stored, weights_only=True))
        seen = progress(number, pictures(number))._replace(
            reblurred=torch.full((1,), float(number))
        )
        ends.append(whole.ends(seen))
        assert other.ends(seen) == ends[-1]
        assert other.improved == whole.improved
        assert all(a.equal(b) for a, b in zip(whole.buffers(), other.buffers(), strict=True))


@pytest.mark.parametrize(
    "numbers",
    [
        {"check_every": 0},
        {"patience": 0},
        {"smoothing": 1.0},
        {"min_iterations": 41},
        {"min_iterations": -1},
        {"min_iterations": 0, "max_iterations": 0},
    ],
)
def test_numbers_that_do_not_fit_together_are_refused(numbers: dict[str, float]) -> None:
    with pytest.raises(InputError, match=", got "):
        agreement(**numbers)


@pytest.mark.parametrize("numbers", [{"window": 1}, {"patience": 0}, {"pixels": 0}])
def test_impossible_windows_are_refused(numbers: dict[str, int]) -> None:
    with pytest.raises(InputError, match="moving variance needs"):
        calm(**numbers)
