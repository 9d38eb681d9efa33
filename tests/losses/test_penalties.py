"""Penalties on a critic's slope, and clipping of its weights."""

import pytest
import torch
from gan_toys import Linear, formula_critic
from torch import nn

from deblurkit.errors import InputError
from deblurkit.losses.penalties import (
    ChannelGradientPenalty,
    Constraint,
    Penalty,
    PictureGradientPenalty,
    WeightClipping,
)
from deblurkit.networks.parts.critics import PatchCritic

PENALTIES = [PictureGradientPenalty, ChannelGradientPenalty]
both = pytest.mark.parametrize(
    "penalty", [make() for make in PENALTIES], ids=["picture", "channel"]
)


class Square(nn.Module):
    """Half the square of every red value, in the papers' range: the slope is the value itself."""

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return (2 * pictures[:, :1] - 1).square() / 2


def patches(critic: nn.Module):
    """The critic of [-1, 1] as one of pictures in [0, 1]."""
    return lambda pictures: critic(2 * pictures - 1)


def pictures(count: int = 2, *, side: int = 24) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.rand(count, 3, side, side), torch.rand(count, 3, side, side)


def test_a_linear_critics_penalties_follow_from_its_weight() -> None:
    """A slope per unit of [0, 1] is half of that per unit of [-1, 1]."""
    weight = torch.randn(1, 3, 5, 7, generator=torch.Generator().manual_seed(0))
    real, fake = torch.rand(2, 3, 5, 7), torch.rand(2, 3, 5, 7)
    whole = (weight.norm() / 2 - 1).square()
    pixels = ((weight / 2).norm(dim=1) - 1).square().mean()
    assert PictureGradientPenalty()(Linear(weight), real, fake).item() == pytest.approx(
        whole.item()
    )
    assert ChannelGradientPenalty()(Linear(weight), real, fake).item() == pytest.approx(
        pixels.item()
    )


def test_a_slope_of_one_is_free() -> None:
    pixel = torch.zeros(1, 3, 4, 4)
    pixel[0, 1, 2, 3] = 2
    assert PictureGradientPenalty()(Linear(pixel), *pictures(side=4)).item() == 0
    grey = torch.full((1, 3, 4, 4), 2 / 3**0.5)
    assert ChannelGradientPenalty()(Linear(grey), *pictures(side=4)).item() == pytest.approx(0)


def test_patches_are_averaged_by_the_one_and_summed_by_the_other() -> None:
    """At alpha 1 the place is the real picture, and the slope of half a square its value."""
    real, fake = pictures(side=4)
    signed = 2 * real[:, 0] - 1
    mean_slopes = signed.flatten(1).norm(dim=1) / 16
    sum_slopes = signed.abs()
    found = PictureGradientPenalty()(Square(), real, fake, alpha=torch.ones(2))
    assert found.item() == pytest.approx((mean_slopes - 1).square().mean().item(), rel=1e-5)
    found = ChannelGradientPenalty()(Square(), real, fake, alpha=torch.tensor(1.0))
    assert found.item() == pytest.approx((sum_slopes - 1).square().mean().item(), rel=1e-5)


def test_each_picture_has_its_own_place_or_all_the_same() -> None:
    real, fake = torch.ones(2, 3, 1, 1), torch.full((2, 3, 1, 1), 0.5)  # signed: 1 and 0
    alpha = torch.tensor([0.25, 0.75])  # so the signed place is alpha itself
    found = PictureGradientPenalty()(Square(), real, fake, alpha=alpha)
    assert found.item() == pytest.approx(((0.25 - 1) ** 2 + (0.75 - 1) ** 2) / 2)
    torch.manual_seed(3)
    one, two = torch.rand(2).tolist()
    torch.manual_seed(3)
    found = PictureGradientPenalty()(Square(), real, fake)
    assert found.item() == pytest.approx(((one - 1) ** 2 + (two - 1) ** 2) / 2)
    torch.manual_seed(3)
    found = ChannelGradientPenalty()(Square(), real, fake)
    assert found.item() == pytest.approx((one - 1) ** 2)


@both
def test_the_gradient_in_the_critic_is_that_of_finite_differences(penalty: Penalty) -> None:
    critic = formula_critic()
    real, fake = (batch.double() for batch in pictures())
    torch.manual_seed(0)
    draw = torch.random.get_rng_state()

    def value() -> torch.Tensor:
        torch.random.set_rng_state(draw)
        return penalty(patches(critic), real, fake)

    value().backward()
    for parameter in (critic[0].weight, critic[5].weight):  # before and behind the normalisation
        place = tuple(size // 2 for size in parameter.shape)
        values = []
        for step in (1e-6, -1e-6):
            with torch.no_grad():
                parameter[place] += step
            values.append(value().item())
            with torch.no_grad():
                parameter[place] -= step
        assert parameter.grad[place].item() != 0
        slope = (values[0] - values[1]) / 2e-6
        assert parameter.grad[place].item() == pytest.approx(slope, rel=1e-4, abs=1e-8)


@both
def test_every_weight_of_the_papers_critic_learns(penalty: Penalty) -> None:
    """A bias before a normalisation, and that of the last layer, do not change the slope."""
    torch.manual_seed(0)
    critic = PatchCritic(channels=4, strided=2, padding=2)
    penalty(critic, *pictures(side=32)).backward()
    learning = {
        name for name, p in critic.named_parameters() if p.grad is not None and p.grad.norm() > 1e-6
    }
    weights = {name for name, p in critic.named_parameters() if p.dim() == 4}
    assert weights <= learning
    assert all(p.grad.isfinite().all() for p in critic.parameters() if p.grad is not None)


@both
def test_no_gradient_reaches_the_pictures(penalty: Penalty) -> None:
    real, fake = (batch.requires_grad_() for batch in pictures())
    penalty(patches(formula_critic().float()), real, fake).backward()
    assert real.grad is None
    assert fake.grad is None


@both
def test_a_penalty_is_computed_in_float32_under_autocast(penalty: Penalty) -> None:
    critic = formula_critic().float()
    weights = [critic[0].weight, critic[2].weight, critic[5].weight]
    real, fake = pictures()
    torch.manual_seed(0)
    exact = penalty(patches(critic), real, fake)
    expected = torch.autograd.grad(exact, weights)
    torch.manual_seed(0)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert critic(real).dtype == torch.bfloat16
        found = penalty(patches(critic), real, fake)
    assert found.dtype == torch.float32
    assert found.item() == pytest.approx(exact.item(), rel=1e-6)
    for gradient, wanted in zip(torch.autograd.grad(found, weights), expected, strict=True):
        torch.testing.assert_close(gradient, wanted, rtol=1e-4, atol=1e-6)


@both
def test_pictures_in_bfloat16_have_a_finite_penalty_in_float32(penalty: Penalty) -> None:
    critic = formula_critic().float()
    real, fake = (batch.bfloat16() for batch in pictures())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        value = penalty(patches(critic), real, fake)
    assert value.dtype == torch.float32
    value.backward()
    gradients = [parameter.grad for parameter in critic.parameters() if parameter.grad is not None]
    assert all(gradient.isfinite().all() for gradient in [value, *gradients])


@both
def test_a_flat_critic_has_a_penalty_of_one_and_finite_gradients(penalty: Penalty) -> None:
    critic = Linear(torch.zeros(1, 3, 4, 4))
    value = penalty(critic, *pictures(side=4))
    value.backward()
    assert value.item() == 1
    assert critic.weight.grad.isfinite().all()


@both
def test_a_critic_that_pays_only_the_penalty_comes_to_a_slope_of_one(penalty: Penalty) -> None:
    torch.manual_seed(0)
    critic = Linear(torch.randn(1, 3, 4, 4))
    optimizer = torch.optim.Adam(critic.parameters(), lr=0.05)
    for _ in range(200):
        optimizer.zero_grad()
        value = penalty(critic, *pictures(side=4))
        value.backward()
        optimizer.step()
    assert value.item() < 1e-2


def test_clipping_cuts_every_parameter_and_nothing_else() -> None:
    critic = nn.Sequential(nn.Conv2d(3, 2, 1), nn.BatchNorm2d(2))
    with torch.no_grad():
        critic[0].weight.copy_(
            torch.tensor([-1.0, -0.01, 0.0, 0.005, 0.3, 2.0]).reshape(2, 3, 1, 1)
        )
        critic[1].running_var.fill_(7)
    assert WeightClipping(0.01)(critic) is None
    assert critic[0].weight.flatten().tolist() == pytest.approx(
        [-0.01, -0.01, 0, 0.005, 0.01, 0.01]
    )
    assert max(parameter.abs().max() for parameter in critic.parameters()) <= 0.01
    assert critic[1].running_var.tolist() == [7, 7]
    assert all(parameter.requires_grad for parameter in critic.parameters())


@pytest.mark.parametrize("limit", [0.0, -0.01, float("nan")])
def test_a_limit_that_is_not_positive_is_refused(limit: float) -> None:
    with pytest.raises(InputError, match="positive limit"):
        WeightClipping(limit)


def test_the_protocols_tell_objects_from_others() -> None:
    assert all(isinstance(make(), Penalty) for make in PENALTIES)
    assert isinstance(WeightClipping(0.01), Constraint)
    assert not isinstance(1.0, Penalty)
