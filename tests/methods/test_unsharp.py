"""The unsharp mask: its equation, its borders, its doors."""

import math

import pytest
import torch

from deblurkit.commands.shared.method import chosen_method
from deblurkit.config import build, compose
from deblurkit.errors import InputError
from deblurkit.methods.unsharp import UnsharpMask, details


def test_a_step_is_sharpened_by_the_value_worked_out_by_hand() -> None:
    # One pixel of height 1 on black: the Gaussian's profile is known, so is what it takes away.
    blurred = torch.zeros(1, 3, 31, 31)
    blurred[..., 15, 15] = 1
    offsets = torch.arange(-3, 4.0)
    profile = torch.exp(-(offsets**2) / 2)
    profile /= profile.sum()
    restored = UnsharpMask(amount=0.5, sigma=1.0).restoration({"blurred": blurred, "name": ["a"]})
    expected = blurred.clone()
    expected[..., 15, 15] += 0.5
    expected[..., 12:19, 12:19] -= 0.5 * profile[:, None] * profile
    torch.testing.assert_close(restored["restored"], expected)


def test_flat_pictures_and_amount_zero_change_nothing() -> None:
    picture = torch.rand(2, 3, 20, 30)
    same = UnsharpMask(amount=0.0, sigma=2.0).restore(picture)
    torch.testing.assert_close(same, picture)
    flat = torch.full((1, 3, 20, 30), 0.4)
    torch.testing.assert_close(UnsharpMask(amount=3.0, sigma=2.0).restore(flat), flat)


def test_borders_are_mirrored() -> None:
    picture = torch.rand(1, 3, 24, 24)
    mirrored = torch.cat([picture.flip(-1)[..., :-1], picture, picture.flip(-1)[..., 1:]], dim=-1)
    inside = details(mirrored, sigma=2.0)[..., 23:47]
    torch.testing.assert_close(details(picture, sigma=2.0), inside)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (2, 3), (5, 200)])
def test_pictures_smaller_than_the_gaussian_are_restored(size: tuple[int, int]) -> None:
    restored = UnsharpMask(amount=1.0, sigma=4.0).restore(torch.rand(1, 3, *size))
    assert restored.shape == (1, 3, *size)
    assert bool(restored.isfinite().all())


def test_a_batch_is_restored_as_its_pictures_one_by_one() -> None:
    batch = torch.rand(3, 3, 16, 24)
    mask = UnsharpMask(amount=1.0, sigma=1.5)
    alone = torch.cat([mask.restore(one) for one in batch.split(1)])
    torch.testing.assert_close(mask.restore(batch), alone)


def test_autocast_costs_no_precision() -> None:
    picture = torch.rand(1, 3, 32, 32)
    with torch.autocast("cpu", torch.bfloat16):
        rough = details(picture, sigma=2.0)
    torch.testing.assert_close(rough, details(picture, sigma=2.0))


def test_it_is_a_method_that_commands_take_without_weights() -> None:
    method = build("unsharp", "amount=0.7")
    assert isinstance(method, UnsharpMask)
    assert method.amount == pytest.approx(0.7)
    assert isinstance(chosen_method(compose("model=unsharp", config="eval")), UnsharpMask)


@pytest.mark.parametrize(("amount", "sigma"), [(-0.1, 1.0), (1.0, 0.0), (1.0, -math.inf)])
def test_impossible_numbers_are_refused(amount: float, sigma: float) -> None:
    with pytest.raises(InputError, match="positive sigma"):
        UnsharpMask(amount=amount, sigma=sigma)
