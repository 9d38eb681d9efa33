"""A kernel out of DIP's network: whatever its weights; the seed decides; the rest is SelfDeblur."""

import pytest
import torch
from torch import Tensor

import deblurkit
from deblurkit.errors import InputError
from deblurkit.networks.dip_kernel import SkipKernel

ROW = torch.zeros(1, 2)  # what other generators start from


def generator(size: int = 11, scales: int = 2) -> SkipKernel:
    torch.manual_seed(0)
    return SkipKernel(inputs=2, size=size, hidden=4, skipped=2, scales=scales)


def test_any_weights_make_a_kernel() -> None:
    network = generator()
    for scale in (1.0, 30.0):
        with torch.no_grad():
            for one in network.parameters():
                one.mul_(scale)
        kernel = network(ROW)
        assert kernel.shape == (1, 1, 11, 11)
        assert kernel.min() >= 0
        assert kernel.sum().item() == pytest.approx(1, abs=1e-5)


def test_it_can_be_fitted_to_a_kernel() -> None:
    network, line = generator(), torch.eye(11)[None, None] / 11
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)

    def distance() -> Tensor:
        return (network(ROW) - line).square().sum()

    before = distance().item()
    for _ in range(60):
        optimizer.zero_grad()
        left = distance()
        left.backward()
        optimizer.step()
    assert left.item() < before / 4


def test_the_seed_decides_its_noise_and_the_state_holds_it() -> None:
    first, second = generator(), generator()
    assert torch.equal(first(ROW), second(ROW))
    assert "noise" in first.state_dict()


@pytest.mark.parametrize("size", [10, 7, 1])
def test_sides_that_cannot_be_halved_so_often_are_refused(size: int) -> None:
    with pytest.raises(InputError, match=rf"at least 9 pixels, got {size}; give a larger"):
        generator(size, scales=3)


def test_blind_dip_seeks_both() -> None:
    method = deblurkit.build(
        "dip_blind",
        "priors.picture={channels:4,skipped:2,scales:2}",
        "priors.kernel={hidden:4,skipped:2,scales:2}",
        "priors.stopping.iterations=2",
    )
    problem = method.initial_state(
        torch.rand(3, 24, 28, generator=torch.Generator().manual_seed(0)), 5
    )
    before = {key: value.clone() for key, value in problem.named_parameters()}
    solved = method.finished(problem, "a")
    moved = {
        key.split(".")[1] for key, one in solved.named_parameters() if not one.equal(before[key])
    }
    assert moved == {"picture", "kernel"}
    assert solved.kernel.sum().item() == pytest.approx(1, abs=1e-5)
