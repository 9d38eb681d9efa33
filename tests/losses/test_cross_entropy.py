import math

import pytest
import torch
from torch import Tensor

from deblurkit.losses.adversarial import Adversarial
from deblurkit.losses.cross_entropy import CrossEntropy

REAL, FAKE = torch.full((1, 3, 1, 1), 1.0), torch.full((1, 3, 1, 1), 0.25)


def odds(pictures: Tensor) -> Tensor:
    """Log-odds of 3 for the real picture and of 1/3 for the other, by hand."""
    return torch.where(pictures[:, :1] > 0.5, math.log(3.0), -math.log(3.0))


def test_both_objectives_by_hand() -> None:
    loss = CrossEntropy()
    assert isinstance(loss, Adversarial)
    # real is taken for real with 3/4, fake for made with 3/4 and so for real with 1/4
    assert loss.critic(odds, REAL, FAKE).item() == pytest.approx(2 * math.log(4 / 3))
    assert loss.generator(odds, REAL, FAKE).item() == pytest.approx(math.log(4))
