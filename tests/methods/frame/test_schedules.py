import math

import pytest
import torch
from torch.optim import SGD

from deblurkit.methods.frame.schedules import constant_then_linear, polynomial, warmup_cosine


def rates(factory, steps: int, *, taken: int | None = None, **given: float) -> list[float]:
    """The learning rate before every step, and after the last; the highest is 2."""
    optimizer = SGD([torch.nn.Parameter(torch.zeros(1))], lr=2.0)
    schedule = factory(optimizer, steps=steps, **given)
    found = [optimizer.param_groups[0]["lr"]]
    for _ in range(steps if taken is None else taken):
        optimizer.step()
        schedule.step()
        found.append(optimizer.param_groups[0]["lr"])
    return found


def test_warmup_rises_linearly_and_the_cosine_ends_at_its_floor() -> None:
    found = rates(warmup_cosine, 10, warmup=0.4, floor=0.1)
    assert found[:5] == pytest.approx([0.5, 1.0, 1.5, 2.0, 2.0])
    assert found[7] == pytest.approx(2 * (0.1 + 0.9 / 2))  # half-way down
    assert found[10] == pytest.approx(0.2)
    assert found[4:] == sorted(found[4:], reverse=True)


def test_a_cosine_without_warmup_starts_at_the_highest_rate() -> None:
    found = rates(warmup_cosine, 4)
    wanted = [2 * (1 + math.cos(math.pi * share)) / 2 for share in (0, 0.25, 0.5, 0.75, 1)]
    assert found == pytest.approx(wanted)


def test_polynomial_falls_to_zero() -> None:
    assert rates(polynomial, 4, power=1.0) == pytest.approx([2, 1.5, 1, 0.5, 0])
    assert rates(polynomial, 4, power=0.3)[2] == pytest.approx(2 * 0.5**0.3)


def test_constant_then_linear_stays_and_falls() -> None:
    found = rates(constant_then_linear, 6, constant=0.5)
    assert found == pytest.approx([2, 2, 2, 2, 4 / 3, 2 / 3, 0])


@pytest.mark.parametrize(
    ("factory", "given"),
    [
        (warmup_cosine, {"warmup": 0.5, "floor": 0.25}),
        (warmup_cosine, {"warmup": 0.99}),
        (polynomial, {"power": 0.9}),
        (constant_then_linear, {"constant": 0.5}),
        (constant_then_linear, {"constant": 1.0}),
    ],
)
@pytest.mark.parametrize("steps", [1, 2, 5])
def test_steps_beyond_the_plan_stay_at_the_end(factory, given: dict, steps: int) -> None:
    found = rates(factory, steps, taken=steps + 3, **given)
    assert all(rate >= 0 and not isinstance(rate, complex) for rate in found)
    assert found[steps + 1 :] == pytest.approx(3 * [found[steps + 1]])
    assert max(found) == pytest.approx(2)
