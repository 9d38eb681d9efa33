"""SelfDeblur's networks: the authors' numbers, counts, and what they refuse."""

import pytest
import torch
from fingerprint import fill, formula_picture, formula_tensor, summary
from parity_numbers import numbers_of
from torch import nn

from deblurkit.errors import InputError
from deblurkit.networks.selfdeblur import KernelGenerator, NonLocal, PictureGenerator

EXPECTED = numbers_of("selfdeblur")


def picture_generator(**changes: int) -> PictureGenerator:
    sizes = {"inputs": 4, "outputs": 1, "channels": 16, "skipped": 4, "scales": 5}
    return PictureGenerator(**sizes | {"first_non_local": 3} | changes)


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize("name", ["small", "full"])
def test_the_picture_generator_is_the_authors(name: str) -> None:
    expected = EXPECTED["pictures"][name]
    sizes = {key: expected[key] for key in ("inputs", "outputs", "channels", "skipped")}
    network = picture_generator(**sizes).double().train()
    fill(network)
    assert count(network) == expected["parameters"]
    answers = zip(EXPECTED["sizes"], expected["answers"], expected["gradients"], strict=True)
    for size, answer, gradient in answers:  # even sides, and odd ones
        noise = (formula_picture(*size, channels=sizes["inputs"]) / 10).requires_grad_()
        made = network(noise)
        made.square().sum().backward()
        assert noise.grad is not None
        assert summary(made) == pytest.approx(answer, rel=1e-10)
        assert summary(noise.grad) == pytest.approx(gradient, rel=1e-7, abs=1e-9)


@pytest.mark.parametrize("size", [17, 31, 75])
def test_the_kernel_generator_is_the_authors(size: int) -> None:
    expected = EXPECTED["kernels"][str(size)]
    network = KernelGenerator(inputs=200, hidden=1000, size=size).double()
    fill(network)
    with torch.no_grad():
        kernel = network(formula_tensor((1, 200), 0))
    assert count(network) == expected["parameters"]
    assert summary(kernel) == pytest.approx(expected["answer"], rel=1e-10)
    assert kernel.sum().item() == pytest.approx(1)
    assert bool((kernel > 0).all())


def test_parameters_of_the_authors_code() -> None:
    with torch.device("meta"):
        assert count(picture_generator(inputs=8, channels=128, skipped=16)) == 2_365_521
        kernels = [KernelGenerator(inputs=200, hidden=1000, size=size) for size in (17, 31, 75)]
    assert [count(one) for one in kernels] == [490_289, 1_162_961, 5_831_625]


def test_a_non_local_block_starts_as_the_identity_and_then_sees_everything() -> None:
    block = NonLocal(8).double()
    features = torch.rand(2, 8, 9, 7, dtype=torch.float64, requires_grad=True)
    torch.testing.assert_close(block(features), features)
    nn.init.ones_(block.norm.weight)
    block.eval()(features)[0, :, 0, 0].sum().backward()
    assert features.grad is not None
    assert features.grad[0, :, 4:8, 3:6].abs().sum() > 0
    assert features.grad[1].abs().sum() == 0


def test_every_least_size_works_and_a_smaller_one_is_refused() -> None:
    network = picture_generator()
    for size in ((33, 33), (33, 50), (64, 35)):
        made = network(torch.rand(1, 4, *size))
        assert made.shape == (1, 1, *size)
        assert 0 < made.min() <= made.max() < 1
    with pytest.raises(InputError, match="at least 33 pixels"):
        network(torch.rand(1, 4, 32, 64))


@pytest.mark.parametrize("size", [0, -3, 16])
def test_impossible_kernel_sizes_are_refused(size: int) -> None:
    with pytest.raises(InputError, match="odd size"):
        KernelGenerator(inputs=8, hidden=8, size=size)
