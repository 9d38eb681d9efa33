"""The deep image prior's network: the authors' numbers, sizes, and that it fits a picture."""

import pytest
import torch
from fingerprint import fill, formula_picture, summary
from parity_numbers import numbers_of
from torch.nn.functional import mse_loss

from deblurkit.errors import InputError
from deblurkit.networks.dip import SkipNetwork

EXPECTED = numbers_of("selfdeblur")


def skip_network(**changes: int) -> SkipNetwork:
    sizes = {"inputs": 4, "outputs": 3, "channels": 16, "skipped": 4, "scales": 5}
    return SkipNetwork(**sizes | changes)


@pytest.mark.parametrize("name", ["small", "full"])
def test_it_is_the_authors_network(name: str) -> None:
    expected = EXPECTED["priors"][name]
    sizes = {key: expected[key] for key in ("inputs", "outputs", "channels", "skipped")}
    network = skip_network(**sizes).double().train()
    fill(network)
    assert sum(one.numel() for one in network.parameters()) == expected["parameters"]
    answers = zip(EXPECTED["sizes"], expected["answers"], expected["gradients"], strict=True)
    for size, answer, gradient in answers:  # even sides, and odd ones
        noise = (formula_picture(*size, channels=sizes["inputs"]) / 10).requires_grad_()
        made = network(noise)
        made.square().sum().backward()
        assert noise.grad is not None
        assert summary(made) == pytest.approx(answer, rel=1e-10)
        assert summary(noise.grad) == pytest.approx(gradient, rel=1e-7, abs=1e-9)


def test_its_weights_are_fitted_to_a_picture() -> None:
    torch.manual_seed(0)
    network, noise = skip_network(channels=8, scales=2), 0.1 * torch.rand(1, 4, 24, 31)
    picture = formula_picture(24, 31).float()
    optimizer = torch.optim.Adam(network.parameters(), 0.01)
    errors = []
    for _ in range(40):
        error = mse_loss(network(noise), picture)
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
        errors.append(error.item())
    assert errors[-1] < 0.2 * errors[0]


def test_no_skips_are_possible() -> None:
    network = skip_network(skipped=0, scales=2)
    assert network(torch.rand(1, 4, 9, 12)).shape == (1, 3, 9, 12)


def test_too_small_noise_is_refused() -> None:
    assert skip_network()(torch.rand(1, 4, 33, 33)).shape == (1, 3, 33, 33)
    with pytest.raises(InputError, match="fewer scales"):
        skip_network()(torch.rand(1, 4, 33, 32))
