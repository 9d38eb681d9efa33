"""MAXIM's objective by hand, and its configs."""

import math
from functools import partial

import pytest
import torch
from torch import Tensor, nn
from torch.optim import SGD
from toy_generators import gray, number

from deblurkit.config import build, compose
from deblurkit.losses.frequency import fourier_l1
from deblurkit.losses.pixel import l1
from deblurkit.methods.maxim import MAXIM, shrunk_to


class TwoStages(nn.Module):
    """Restores by a factor, then by twice the factor; at half size always in gray 0.5."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(1.0))

    def forward(self, blurred: Tensor) -> list[list[Tensor]]:
        coarse = torch.full_like(blurred[..., ::2, ::2], 0.5)
        return [[factor * self.factor * blurred, coarse] for factor in (1, 2)]


def method(**weights: float) -> MAXIM:
    return MAXIM(
        backbone=TwoStages(),
        content=l1,
        frequency=fourier_l1,
        weights=weights,
        optimizer=partial(SGD, lr=0.1),
        scheduler=None,
    )


def test_stages_and_sizes_are_summed() -> None:
    batch = {"paired": {"blurred": gray(0.25), "sharp": gray(1.0), "name": ["gray"]}}
    terms = method(content=1.0, frequency=0.1).terms(batch)
    assert number(terms["content"]) == pytest.approx(0.75 + 0.5 + 0.5 + 0.5)
    # All of a gray picture's spectrum is its sum, one real number of all pixels' 2 N numbers.
    assert number(terms["frequency"]) == pytest.approx((0.75 + 0.5 + 0.5 + 0.5) / 2)
    assert method(content=1.0)(gray(0.25)).equal(2 * gray(0.25))  # the last stage restores


def test_a_term_without_weight_is_not_computed() -> None:
    batch = {"paired": {"blurred": gray(0.25), "sharp": gray(1.0), "name": ["gray"]}}
    assert method(content=1.0, frequency=0.0).terms(batch).keys() == {"content"}


def test_sharp_pictures_are_shrunk_linearly_with_smoothing() -> None:
    sharp = torch.zeros(1, 3, 8, 8)
    sharp[..., 4] = 8.0
    shrunk = shrunk_to(sharp, torch.empty(1, 3, 4, 4))
    assert shrunk[0, 0, 1].tolist() == pytest.approx([0, 1, 3, 0])
    assert shrunk_to(sharp, sharp).equal(sharp)


def test_a_wave_counts_by_its_two_coefficients() -> None:
    columns = torch.arange(8, dtype=torch.float64)
    wave = torch.cos(2 * math.pi * columns / 8).expand(1, 1, 4, 8)
    # Half of the sum of squares' root each at frequencies 1 and -1: 32 / 2, over 2 x 32 numbers.
    assert fourier_l1(wave, torch.zeros_like(wave)).item() == pytest.approx(2 * 16 / 64)
    assert fourier_l1(wave, wave).item() == 0


def test_spectra_are_compared_in_float32_at_least() -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert fourier_l1(torch.rand(1, 3, 8, 8).bfloat16(), torch.rand(1, 3, 8, 8)).dtype == (
            torch.float32
        )


@pytest.mark.parametrize(("key", "stages"), [("maxim", 3), ("maxim_2s", 2), ("maxim_1s", 1)])
def test_configs_build_the_sizes_of_the_paper(key: str, stages: int) -> None:
    cfg = compose(f"model={key}").model
    assert cfg.backbone.stages == stages
    if key == "maxim_1s":
        small = build(key, "backbone.channels=8")
        assert (small.multiple, small.reach, len(small.backbone.stages)) == (64, None, stages)


def test_the_experiment_has_the_papers_numbers() -> None:
    cfg = compose("experiment=maxim_gopro")
    assert (cfg.data.variant, cfg.data.crop) == ("blur", 256)
    assert dict(cfg.model.weights) == {"content": 1.0, "frequency": 0.1}
    assert cfg.model.content.epsilon == 1e-3
    assert cfg.model.optimizer.lr * cfg.model.scheduler.floor == pytest.approx(1e-7)
