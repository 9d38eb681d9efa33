"""Wasserstein and least-squares objectives."""

import pytest
import torch
from gan_toys import Counting, Mean, flat, formula_critic

from deblurkit.losses.adversarial import Adversarial, LeastSquares, Wasserstein, scored
from deblurkit.losses.relativistic import PooledRelativisticAverage, RelativisticAverage

LOSSES = [Wasserstein, LeastSquares, RelativisticAverage, lambda: PooledRelativisticAverage(5)]
NAMES = ["wasserstein", "least squares", "relativistic", "pooled"]
every_loss = pytest.mark.parametrize("build", LOSSES, ids=NAMES)


def test_wasserstein_is_the_gap_of_the_means() -> None:
    real, fake = flat(0.75, 0.25), flat(0.125, 0.375)
    assert Wasserstein().critic(Mean(), real, fake).item() == pytest.approx(0.25 - 0.5)
    assert Wasserstein().generator(Mean(), real, fake).item() == pytest.approx(-0.25)


def test_least_squares_is_half_for_the_critic_and_whole_for_the_generator() -> None:
    real, fake = flat(0.5, 1.0), flat(0.25, 0.75)
    fooled = ((0.25 - 1) ** 2 + (0.75 - 1) ** 2) / 2
    told = (((0.5 - 1) ** 2 + 0) / 2 + (0.25**2 + 0.75**2) / 2) / 2
    assert LeastSquares().critic(Mean(), real, fake).item() == pytest.approx(told)
    assert LeastSquares().generator(Mean(), real, fake).item() == pytest.approx(fooled)


@every_loss
def test_every_loss_keeps_the_protocol(build) -> None:
    assert isinstance(build(), Adversarial)
    assert not isinstance(Mean(), Adversarial)


@every_loss
def test_each_step_costs_at_most_one_forward_and_real_pictures_only_where_needed(build) -> None:
    loss, critic = build(), Counting(Mean())
    real, fake = torch.rand(2, 3, 8, 8), torch.rand(2, 3, 8, 8)
    loss.critic(critic, real, fake)
    loss.generator(critic, real, fake)
    looks_at_real = not isinstance(loss, Wasserstein | LeastSquares)
    assert critic.batches == [4, 4 if looks_at_real else 2]


@every_loss
def test_the_critics_step_moves_the_critic_alone(build) -> None:
    critic = formula_critic().float()
    real, fake = (torch.rand(2, 3, 24, 24, requires_grad=True) for _ in range(2))
    build().critic(critic, real, fake).backward()
    assert real.grad is None
    assert fake.grad is None
    assert critic[0].weight.grad.abs().sum() > 0


@every_loss
def test_the_generators_step_moves_the_made_pictures_alone(build) -> None:
    critic, loss = formula_critic().float().requires_grad_(False), build()
    real, fake = (torch.rand(2, 3, 24, 24, requires_grad=True) for _ in range(2))
    loss.critic(critic, real, fake)
    loss.generator(critic, real, fake).backward()
    assert real.grad is None
    assert fake.grad.abs().sum() > 0


@every_loss
def test_a_descent_on_both_objectives_does_what_they_are_for(build) -> None:
    """The critic parts the two, then pictures that move along its gradient score higher."""
    torch.manual_seed(0)
    loss, critic = build(), formula_critic().float()
    real, fake = torch.rand(4, 3, 24, 24) / 2 + 0.5, torch.rand(4, 3, 24, 24) / 2
    optimizer = torch.optim.Adam(critic.parameters(), lr=1e-3)

    def gap() -> float:
        with torch.no_grad():
            return (critic(real).mean() - critic(fake).mean()).item()

    before = gap()
    for _ in range(20):
        optimizer.zero_grad()
        loss.critic(critic, real, fake).backward()
        optimizer.step()
    assert gap() > before
    made = fake.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(loss.generator(critic, real, made), made)
    assert critic(fake - 10 * gradient).mean() > critic(fake).mean()


@every_loss
def test_scores_in_bfloat16_give_finite_losses_in_float32(build) -> None:
    loss, critic = build(), formula_critic().float()
    real, fake = torch.rand(2, 3, 24, 24), torch.rand(2, 3, 24, 24, requires_grad=True)
    exact = [step(critic, real, fake) for step in (build().critic, build().generator)]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert critic(real).dtype == torch.bfloat16
        values = [loss.critic(critic, real, fake), loss.generator(critic, real, fake)]
    assert all(value.dtype == torch.float32 and value.isfinite() for value in values)
    torch.stack(values).sum().backward()
    assert fake.grad.isfinite().all()
    assert values[0].item() == pytest.approx(exact[0].item(), abs=0.05)


def test_many_scores_in_bfloat16_are_summed_in_float32() -> None:
    def critic(pictures: torch.Tensor) -> torch.Tensor:
        return pictures[:, :1].bfloat16()

    real = torch.full((1, 3, 64, 64), 1 / 3)
    third = torch.tensor(1 / 3).bfloat16().float().item()
    value = Wasserstein().critic(critic, real, torch.zeros_like(real))
    assert value.item() == pytest.approx(-third, rel=1e-6)


def test_one_forward_of_both_scores_them_as_two_would() -> None:
    critic = formula_critic()
    real, fake = torch.rand(2, 3, 24, 24).double(), torch.rand(3, 3, 24, 24).double()
    for together, alone in zip(scored(critic, real, fake[:2]), (real, fake[:2]), strict=True):
        torch.testing.assert_close(together, critic(alone), rtol=0, atol=1e-12)
