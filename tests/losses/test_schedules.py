import pytest

from deblurkit.errors import InputError
from deblurkit.losses.schedules import CosineFall, Every


def test_a_weight_stays_and_then_falls_along_half_a_cosine() -> None:
    weight = CosineFall(value=0.4, hold=10, end=20)
    assert [weight(batches) for batches in (0, 10)] == [0.4, 0.4]
    assert weight(15) == pytest.approx(0.2)
    assert weight(12) == pytest.approx(0.2 * (1 + 0.8090169943749475))  # cos(pi / 5)
    assert [weight(batches) for batches in (20, 21, 1000)] == [0, 0, 0]


def test_a_weight_holds_in_every_nth_batch_from_a_start_on() -> None:
    weight = Every(value=0.3, start=2, period=3)
    assert [weight(batches) for batches in range(9)] == [0, 0, 0.3, 0, 0, 0.3, 0, 0, 0.3]


@pytest.mark.parametrize("numbers", [(-1, 5), (5, 5), (6, 5)])
def test_a_fall_must_end_after_it_begins(numbers: tuple[int, int]) -> None:
    with pytest.raises(InputError, match="later end"):
        CosineFall(value=1.0, hold=numbers[0], end=numbers[1])


@pytest.mark.parametrize("numbers", [(-1, 1), (0, 0)])
def test_impossible_periods_are_refused(numbers: tuple[int, int]) -> None:
    with pytest.raises(InputError, match="at least one batch"):
        Every(value=1.0, start=numbers[0], period=numbers[1])
