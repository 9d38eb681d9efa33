import pytest
import torch
from torch import nn
from torch.optim import SGD

from deblurkit.methods.frame.milestones import milestones


def test_the_rate_falls_at_each_share_and_nowhere_else() -> None:
    optimizer = SGD([nn.Parameter(torch.zeros(1))], lr=2.0)
    schedule = milestones(optimizer, steps=10, shares=[0.5, 0.75], factor=0.1)
    rates = []
    for _ in range(10):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    assert rates == pytest.approx([2.0] * 5 + [0.2] * 3 + [0.02] * 2)
