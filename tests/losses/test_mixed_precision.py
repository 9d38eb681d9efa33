"""Mixed precision around a loss costs it no digits: every loss of the folder's table is asked."""

import re
from collections.abc import Callable
from functools import partial

import pytest
import torch
from gan_toys import Squared
from photographs import photograph, spoiled
from torch import Tensor, nn

import deblurkit.losses
from deblurkit.losses.adversarial import Adversarial, LeastSquares, Wasserstein
from deblurkit.losses.consistency import Consistency, Literal, Reblurred, Tapped
from deblurkit.losses.cross_entropy import CrossEntropy
from deblurkit.losses.frequency import fourier_l1
from deblurkit.losses.frozen import Frozen
from deblurkit.losses.penalties import ChannelGradientPenalty, Penalty, PictureGradientPenalty
from deblurkit.losses.perceptual import FeatureDistance, NormalisedMSE, TeacherFeatures
from deblurkit.losses.pixel import charbonnier, l1
from deblurkit.losses.relativistic import PooledRelativisticAverage, RelativisticAverage
from deblurkit.losses.squared import mse, negative_psnr
from deblurkit.losses.ssim import dissimilarity, ssim
from deblurkit.losses.total_variation import total_variation

Loss = Callable[[Tensor, Tensor], Tensor]  # of two batches of pictures


class Red(nn.Module):
    """Features without arithmetic, so that only the loss can lose digits."""

    def __init__(self, layer: str = "") -> None:
        super().__init__()
        self.layer = nn.Identity()

    def read(self, path: str) -> None:
        """There is no file."""

    def forward(self, pictures: Tensor) -> Tensor:
        return self.layer(pictures[:, :1])

    def restoration(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        return {"restored": self(batch["blurred"])}


def fight(make: Callable[[], Adversarial], first: Tensor, second: Tensor) -> Tensor:
    """Both players' objectives."""
    loss, critic = make(), Red()
    return loss.critic(critic, first, second) + loss.generator(critic, first, second)


def slope(penalty: Penalty, first: Tensor, second: Tensor) -> Tensor:
    torch.manual_seed(0)
    return penalty(Squared(), first, second)


def agreement(consistency: Consistency, first: Tensor, second: Tensor) -> Tensor:
    teacher, restored = Frozen(Red), second[:, :1]
    target = consistency.target(teacher, first[:, :1], guide=first[:, :1])
    return consistency(teacher, restored, reblurred=restored, target=target)


def variation(first: Tensor, second: Tensor) -> Tensor:
    return total_variation(second)


THIRDS = [1 / 3] * 3
LOSSES: dict[str, Loss] = {
    "adversarial.Wasserstein": partial(fight, Wasserstein),
    "adversarial.LeastSquares": partial(fight, LeastSquares),
    "cross_entropy.CrossEntropy": partial(fight, CrossEntropy),
    "relativistic.RelativisticAverage": partial(fight, RelativisticAverage),
    "relativistic.PooledRelativisticAverage": partial(
        fight, partial(PooledRelativisticAverage, capacity=4)
    ),
    "penalties.PictureGradientPenalty": partial(slope, PictureGradientPenalty()),
    "penalties.ChannelGradientPenalty": partial(slope, ChannelGradientPenalty()),
    "pixel.l1": l1,
    "pixel.charbonnier": charbonnier,
    "squared.mse": mse,
    "squared.negative_psnr": partial(negative_psnr, epsilon=1e-8),
    "ssim.ssim": ssim,
    "ssim.dissimilarity": dissimilarity,
    "frequency.fourier_l1": fourier_l1,
    "perceptual.FeatureDistance": FeatureDistance(
        weights="", layer="", mean=THIRDS, std=THIRDS, trunk=Red
    ),
    "perceptual.TeacherFeatures": TeacherFeatures(method=Red, distance=l1, layers=["layer"]),
    "perceptual.NormalisedMSE": NormalisedMSE(std=THIRDS),
    "total_variation.total_variation": variation,
    "consistency.Reblurred": partial(agreement, Reblurred(charbonnier)),
    "consistency.Literal": partial(agreement, Literal(charbonnier)),
    "consistency.Tapped": partial(agreement, Tapped(charbonnier, layers=["layer"])),
}
NO_LOSSES = {  # of the table: what a loss fulfils, holds or is weighted by
    *("adversarial.Adversarial", "penalties.Penalty", "consistency.Consistency"),
    *("penalties.Constraint", "penalties.WeightClipping", "pools.PicturePool", "frozen.Frozen"),
    *("weights.Objective", "weights.Ramp", "schedules.CosineFall", "schedules.Every"),
    "schedules.PiecewiseDistance",
}
DTYPES = (torch.bfloat16, torch.float16)


def pictures() -> tuple[Tensor, Tensor]:
    """Two pictures, blurred and sharp, of which half precision would miss the distance."""
    sharp = torch.cat([photograph(24, 28), photograph(24, 28).flip(-1)])
    return spoiled(sharp), sharp


def test_every_loss_is_asked() -> None:
    named = re.findall(r"^- ``([\w.]+)``", deblurkit.losses.__doc__ or "", re.MULTILINE)
    assert set(named) == LOSSES.keys() | NO_LOSSES
    assert not LOSSES.keys() & NO_LOSSES


@pytest.mark.parametrize("name", LOSSES)
def test_mixed_precision_costs_a_loss_no_digits(name: str) -> None:
    loss, pair = LOSSES[name], pictures()
    exact = loss(*pair)
    for dtype in DTYPES:
        with torch.autocast("cpu", dtype):
            assert torch.equal(loss(*pair), exact)
        halves = [picture.to(dtype) for picture in pair]  # as networks answer under autocast
        expected = loss(*(half.float() for half in halves))
        with torch.autocast("cpu", dtype):
            inside = loss(*halves)
        for value in (inside, loss(*halves)):
            assert value.dtype == torch.float32
            assert value.item() == pytest.approx(expected.item(), rel=2e-6)
