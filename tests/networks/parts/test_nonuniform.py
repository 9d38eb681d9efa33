"""Blur of several kernels: shares, the uniform model as a special case, gradients, adjoints."""

from functools import partial

import pytest
import torch
from fingerprint import formula_picture
from torch import Tensor
from torch.autograd import gradcheck

from deblurkit.errors import InputError
from deblurkit.imaging.blur.convolution import convolved_inside
from deblurkit.networks.parts.nonuniform import (
    KernelBasis,
    MixingWeights,
    Tents,
    VaryingBlur,
    blended,
    filter_flow,
)
from deblurkit.networks.selfdeblur import KernelGenerator

WAYS = (blended, filter_flow)
mixture = partial(MixingWeights, kernels=3, inputs=2, channels=4, skipped=2, scales=2)


def kernels(count: int, size: int = 5) -> Tensor:
    drawn = torch.rand(count, 1, size, size, generator=torch.Generator().manual_seed(0)).pow(3)
    return (drawn / drawn.sum(dim=(-1, -2), keepdim=True)).double()


def latent(height: int = 24, width: int = 31) -> Tensor:
    return formula_picture(height, width, channels=1)


@pytest.mark.parametrize(
    "shares", [Tents((20, 27), rows=3, columns=4), Tents((20, 27), rows=20, columns=1)]
)
def test_shares_of_a_grid_sum_to_one_and_each_kernel_rules_somewhere(shares: Tents) -> None:
    windows = shares()
    assert windows.shape == (1, shares.kernels, 20, 27)
    torch.testing.assert_close(windows.sum(dim=1), torch.ones(1, 20, 27))
    assert windows.min() >= 0
    assert bool((windows.amax(dim=(-1, -2)) > 0.8).all())


def test_tents_by_hand() -> None:
    row = Tents((1, 8), rows=1, columns=2)()[0, :, 0]  # middles lie between pixels 1, 2 and 5, 6
    falling = torch.tensor([1, 1, 0.875, 0.625, 0.375, 0.125, 0, 0])
    torch.testing.assert_close(row, torch.stack([falling, 1 - falling]))


def test_shares_of_a_mixture_sum_to_one_and_can_be_sought() -> None:
    shares = mixture((17, 22))
    windows = shares()
    torch.testing.assert_close(windows.sum(dim=1), torch.ones(1, 17, 22))
    windows[:, 0].sum().backward()
    gradients = [one.grad for one in shares.parameters()]
    assert all(one is not None and one.isfinite().all() for one in gradients)
    assert sum(one.abs().sum() for one in gradients) > 0
    assert "noise" in shares.state_dict()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("size", [5, 13])  # one is convolved directly, the other by Fourier
def test_one_kernel_is_the_uniform_model_bit_for_bit(way, size: int) -> None:
    bank, shares = kernels(1, size), Tents((40 - size + 1, 47 - size + 1), rows=1, columns=1)
    assert torch.equal(way(latent(40, 47), bank, shares()), convolved_inside(latent(40, 47), bank))


@pytest.mark.parametrize("way", WAYS)
def test_equal_kernels_are_the_uniform_model(way) -> None:
    bank, shares = kernels(1), Tents((20, 27), rows=2, columns=3)
    blurred = way(latent(), bank.expand(6, -1, -1, -1), shares().double())
    torch.testing.assert_close(blurred, convolved_inside(latent(), bank))


def test_flat_pictures_stay_flat_when_layers_are_blended() -> None:
    flat, bank = torch.full((1, 1, 24, 31), 0.4, dtype=torch.float64), kernels(6)
    shares = Tents((20, 27), rows=2, columns=3)().double()
    spread = filter_flow(flat, bank, shares) - 0.4
    torch.testing.assert_close(blended(flat, bank, shares), flat[..., 2:-2, 2:-2])
    assert 1e-4 < spread.abs().max() < 0.1  # as the docstring says of the other way


@pytest.mark.parametrize("way", WAYS)
def test_each_place_has_its_own_kernel(way) -> None:
    still, moving = torch.zeros(2, 1, 1, 5, 5, dtype=torch.float64)
    still[..., 2, 2], moving[..., 2, 4] = 1, 1  # the second one moves everything right by two
    shares = Tents((20, 27), rows=1, columns=2)().double()
    blurred = way(latent(), torch.cat([still, moving]), shares)
    sharp = latent()[..., 2:-2, 2:-2]
    torch.testing.assert_close(blurred[..., :4], sharp[..., :4])
    torch.testing.assert_close(blurred[..., -4:], latent()[..., 2:-2, :-4][..., -4:])


@pytest.mark.parametrize("way", WAYS)
def test_gradients_reach_picture_kernels_and_shares(way) -> None:
    picture = latent(7, 8).requires_grad_()
    bank = kernels(4, 3).requires_grad_()
    shares = Tents((5, 6), rows=2, columns=2)().double().requires_grad_()
    assert gradcheck(way, (picture, bank, shares))


@pytest.mark.parametrize("way", WAYS)
def test_it_is_linear_in_the_picture_and_its_gradient_is_the_adjoint(way) -> None:
    bank, shares = kernels(4), Tents((20, 27), rows=2, columns=2)().double()
    one, other = latent().requires_grad_(), latent().flip(-1)
    seen = torch.rand(1, 1, 20, 27, dtype=torch.float64)
    (back,) = torch.autograd.grad(way(one, bank, shares), one, seen)
    torch.testing.assert_close((way(other, bank, shares) * seen).sum(), (other * back).sum())


def test_a_bank_of_one_kernel_is_the_kernel_generator() -> None:
    sizes, noise = {"inputs": 12, "hidden": 20, "size": 7}, torch.rand(1, 12)
    torch.manual_seed(1)
    bank = KernelBasis(**sizes, kernels=1)
    torch.manual_seed(1)
    assert torch.equal(bank(noise), KernelGenerator(**sizes)(noise))


def test_kernels_of_a_bank_differ_and_sum_to_one() -> None:
    made = KernelBasis(inputs=12, hidden=20, size=7, kernels=4)(torch.rand(1, 12))
    torch.testing.assert_close(made.sum(dim=(-1, -2)), torch.ones(4, 1))
    assert made.min() > 0
    assert not torch.equal(made[0], made[1])


def test_a_varying_blur_shares_out_a_bank_and_refuses_one_of_another_size() -> None:
    blur = VaryingBlur((20, 27), shares=partial(Tents, rows=1, columns=2), blend=blended).double()
    expected = blended(latent(), kernels(2), Tents((20, 27), rows=1, columns=2)().double())
    torch.testing.assert_close(blur(latent(), kernels(2)), expected)
    assert not list(blur.parameters())
    sought = VaryingBlur((20, 27), shares=mixture, blend=blended).double()
    sought(latent(), kernels(3)).sum().backward()
    assert all(parameter.grad is not None for parameter in sought.parameters())
    with pytest.raises(InputError, match="3 kernels came with shares of 2"):
        blur(latent(), kernels(3))


@pytest.mark.parametrize("grid", [(0, 1), (1, 28), (21, 1)])
def test_impossible_grids_are_refused(grid: tuple[int, int]) -> None:
    with pytest.raises(InputError, match="from 1 to 27 columns"):
        Tents((20, 27), rows=grid[0], columns=grid[1])


def test_impossible_kernels_and_mixtures_are_refused() -> None:
    with pytest.raises(InputError, match="odd size"):
        KernelBasis(inputs=2, hidden=2, size=4, kernels=1)
    with pytest.raises(InputError, match="fewer scales"):
        mixture((4, 22))
