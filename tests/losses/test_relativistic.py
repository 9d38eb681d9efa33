"""Relativistic average losses, with averages of the batch and of the last pictures."""

import io

import pytest
import torch
from gan_toys import Mean, flat, formula_critic

from deblurkit.contracts import Remembering
from deblurkit.errors import InputError
from deblurkit.losses.relativistic import PooledRelativisticAverage, RelativisticAverage

REAL, FAKE = flat(0.75, 0.25), flat(0.125, 0.375)  # means 0.5 and 0.25


def test_averages_of_the_batch_by_hand() -> None:
    told = ((0.75 - 0.25 - 1) ** 2 + (0.25 - 0.25 - 1) ** 2) / 2
    told += ((0.125 - 0.5 + 1) ** 2 + (0.375 - 0.5 + 1) ** 2) / 2
    fooled = ((0.125 - 0.5 - 1) ** 2 + (0.375 - 0.5 - 1) ** 2) / 2
    fooled += ((0.75 - 0.25 + 1) ** 2 + (0.25 - 0.25 + 1) ** 2) / 2
    loss = RelativisticAverage()
    assert loss.critic(Mean(), REAL, FAKE).item() == pytest.approx(told / 2)
    assert loss.generator(Mean(), REAL, FAKE).item() == pytest.approx(fooled / 2)


@pytest.mark.parametrize("build", [RelativisticAverage, lambda: PooledRelativisticAverage(3)])
def test_a_critic_that_tells_nothing_apart_has_a_loss_of_one(build) -> None:
    loss = build()
    assert loss.critic(Mean(), flat(0.5), flat(0.5)).item() == 1
    assert loss.generator(Mean(), flat(0.5), flat(0.5)).item() == 1


def test_both_terms_of_the_batchs_averages_move_the_generator() -> None:
    """d/df of ((f - r - 1)^2 + (r - f + 1)^2) / 2 is 2 (f - r - 1), half of it by each term."""
    fake = flat(0.25).clone().requires_grad_()
    RelativisticAverage().generator(Mean(), flat(0.5), fake).backward()
    assert fake.grad.sum().item() == pytest.approx(2 * (0.25 - 0.5 - 1))


def test_pooled_averages_are_constants() -> None:
    """d/df of half of (f - r - 1)^2 alone."""
    loss = PooledRelativisticAverage(3)
    loss.critic(Mean(), flat(0.5), flat(0.25))
    fake = flat(0.25).clone().requires_grad_()
    loss.generator(Mean(), flat(0.5), fake).backward()
    assert fake.grad.sum().item() == pytest.approx(0.25 - 0.5 - 1)


def test_a_critic_is_not_moved_through_the_pooled_averages() -> None:
    """d/dw of half of (w r - avg f - 1)^2 + (w f - avg r + 1)^2 at w = 1, averages held."""
    weight = torch.ones((), requires_grad=True)

    def critic(pictures: torch.Tensor) -> torch.Tensor:
        return weight * Mean()(pictures)

    loss, real, fake = PooledRelativisticAverage(3), 0.5, 0.25
    for _ in range(2):
        told = loss.critic(critic, flat(real), flat(fake))
        (slope,) = torch.autograd.grad(told, weight)
        assert slope.item() == pytest.approx((real - fake - 1) * real + (fake - real + 1) * fake)
    assert not loss.real_means.requires_grad


def test_the_pool_averages_the_last_pictures_with_the_latest_among_them() -> None:
    loss, values = PooledRelativisticAverage(3), [0.1, 0.5, 0.9, 0.3]
    for number, value in enumerate(values, start=1):
        told = loss.critic(Mean(), flat(value), flat(value / 2))
        kept = values[max(0, number - 3) : number]
        average = sum(kept) / len(kept)
        expected = (value - average / 2 - 1) ** 2 + (value / 2 - average + 1) ** 2
        assert told.item() == pytest.approx(expected / 2, rel=1e-5)
    fooled = loss.generator(Mean(), flat(0.6), flat(0.2))
    average = (0.5 + 0.9 + 0.3) / 3
    expected = (0.2 - average - 1) ** 2 + (0.6 - average / 2 + 1) ** 2
    assert fooled.item() == pytest.approx(expected / 2, rel=1e-5)


def test_a_batch_larger_than_the_pool_leaves_its_last_pictures() -> None:
    loss = PooledRelativisticAverage(2)
    loss.critic(Mean(), flat(0.9, 0.8, 0.1, 0.2), flat(0.9, 0.8, 0.1, 0.2))
    assert loss.real_means.tolist() == pytest.approx([0.1, 0.2])
    assert loss.real_count.item() == 2


def test_with_a_full_pool_of_the_batch_the_values_are_those_of_the_batch() -> None:
    pooled, critic = PooledRelativisticAverage(2).double(), formula_critic()
    real, fake = torch.rand(2, 3, 24, 24).double(), torch.rand(2, 3, 24, 24).double()
    for step in ("critic", "generator"):
        value = getattr(pooled, step)(critic, real, fake)
        expected = getattr(RelativisticAverage(), step)(critic, real, fake)
        assert value.item() == pytest.approx(expected.item(), rel=1e-12)


def test_a_generators_step_is_not_remembered_and_an_empty_pool_is_finite() -> None:
    loss = PooledRelativisticAverage(4)
    value = loss.generator(Mean(), flat(0.5), flat(0.25))
    assert value.item() == pytest.approx(((0.25 - 1) ** 2 + (0.5 + 1) ** 2) / 2)
    assert loss.real_count.item() == loss.fake_count.item() == 0


@pytest.mark.parametrize("steps", [0, 2, 7], ids=["empty", "in part", "full"])
def test_a_pool_goes_on_exactly_with_what_it_remembered(steps: int) -> None:
    torch.manual_seed(0)
    loss, critic = PooledRelativisticAverage(5), formula_critic().float()
    for _ in range(steps):
        loss.critic(critic, torch.rand(1, 3, 24, 24), torch.rand(1, 3, 24, 24))
    stored = io.BytesIO()
    torch.save(loss.memory(), stored)
    stored.seek(0)
    resumed = PooledRelativisticAverage(5)
    assert isinstance(resumed, Remembering)
    resumed.critic(critic, torch.rand(1, 3, 24, 24), torch.rand(1, 3, 24, 24))  # forgotten
    resumed.remember(torch.load(stored, weights_only=True))
    for _ in range(6):
        pictures = torch.rand(1, 3, 24, 24), torch.rand(1, 3, 24, 24)
        assert resumed.critic(critic, *pictures) == loss.critic(critic, *pictures)
        assert resumed.generator(critic, *pictures) == loss.generator(critic, *pictures)


def test_what_is_remembered_is_no_weight() -> None:
    loss = PooledRelativisticAverage(50)
    loss.critic(Mean(), REAL, FAKE)
    assert not loss.state_dict()
    with pytest.raises(InputError, match=r"kept 50 scores, its pool now keeps 3.*capacity"):
        PooledRelativisticAverage(3).remember(loss.memory())


def test_a_pool_without_room_is_refused() -> None:
    with pytest.raises(InputError, match="at least 1, got 0"):
        PooledRelativisticAverage(0)
