"""Conjugate gradients on dense systems."""

import torch
from torch import Tensor

from deblurkit.imaging.blur.conjugate_gradients import conjugate_gradients


def product(one: Tensor, other: Tensor) -> Tensor:
    return (one * other).sum(dim=-1, keepdim=True)


def test_each_system_of_a_batch_is_solved_and_stays_so() -> None:
    torch.manual_seed(0)
    roots = torch.randn(3, 8, 8, dtype=torch.float64)
    systems = roots @ roots.mT + torch.eye(8, dtype=torch.float64)
    exact = torch.randn(3, 8, dtype=torch.float64)
    exact[2] = 0  # solved from the start
    wanted = (systems @ exact[..., None])[..., 0].requires_grad_()
    diagonal = systems.diagonal(dim1=-2, dim2=-1)
    solution = conjugate_gradients(
        lambda values: (systems @ values[..., None])[..., 0],
        wanted,
        start=torch.zeros(3, 8, dtype=torch.float64),
        filtered=lambda residual: residual / diagonal,
        product=product,
        steps=40,  # far more than a system has unknowns
    )
    torch.testing.assert_close(solution, exact, rtol=0, atol=1e-6)
    solution.square().sum().backward()
    assert wanted.grad is not None
    assert bool(wanted.grad.isfinite().all())
