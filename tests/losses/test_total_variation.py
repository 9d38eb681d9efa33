"""Total variation: of ramps, of constants, and its independence of the size."""

import pytest
import torch

from deblurkit.losses.total_variation import total_variation


def test_a_ramp_has_its_slope() -> None:
    ramp = torch.linspace(0, 1, 11).expand(1, 1, 7, 11)
    assert total_variation(ramp).item() == pytest.approx(0.1)
    assert total_variation(ramp.mT).item() == pytest.approx(0.1)
    assert total_variation(ramp[..., :6]).item() == pytest.approx(0.1)


def test_a_constant_has_none_and_noise_has_much() -> None:
    assert total_variation(torch.full((1, 3, 8, 8), 0.3)) == 0
    noise = torch.rand(1, 1, 200, 200, generator=torch.Generator().manual_seed(0))
    assert total_variation(noise).item() == pytest.approx(2 / 3, rel=0.02)
