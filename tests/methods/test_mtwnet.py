"""The two-way network's objective by hand, its numbers and its schedule."""

from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor, nn

from deblurkit.config import build, compose
from deblurkit.imaging.tiling.padding import pad_to_multiple
from deblurkit.methods.frame.scale_recurrent import Scales
from deblurkit.methods.mtwnet import MTWNet

PAPER = {"coarse": 1.0, "middle": 1.0, "fine": 5.0}


class Pictures(NamedTuple):
    coarse: Tensor
    middle: Tensor
    fine: Tensor


class Gains(nn.Module):
    """F by hand: multiplies, each size by its own trained number."""

    multiple = 4

    def __init__(self, coarse: float, middle: float, fine: float) -> None:
        super().__init__()
        self.gains = nn.Parameter(torch.tensor([coarse, middle, fine]))

    def forward(self, blurred: Tensor) -> Pictures:
        coarse, middle, fine = self.gains
        return Pictures(
            coarse * blurred[..., ::4, ::4], middle * blurred[..., ::2, ::2], fine * blurred
        )


def mtwnet(gains: tuple[float, float, float] = (1.0, 1.0, 1.0), **alpha: float) -> MTWNet:
    return MTWNet(
        deblurrer=Gains(*gains), alpha=PAPER | alpha, optimizer=torch.optim.SGD, scheduler=None
    )


def pairs(blurred: Tensor, sharp: Tensor) -> Any:
    return {"paired": {"blurred": blurred, "sharp": sharp, "name": ["a"] * len(sharp)}}


def flat(value: float) -> Tensor:
    return torch.full((2, 3, 8, 8), value)


def values(method: MTWNet, batch: Any) -> dict[str, float]:
    return {name: term.item() for name, term in method.terms(batch).items()}


def test_networks_of_every_kind_answer_what_the_method_reads() -> None:
    for key in ("mtwnet", "mtwnet_oneway"):
        method = build(key, "deblurrer.channels=2", "deblurrer.blocks=1")
        assert isinstance(method.deblurrer(torch.rand(1, 3, 16, 16)), Scales)


def test_forward_is_the_finest_picture() -> None:
    assert mtwnet((9.0, 9.0, 0.5))(flat(0.8)).equal(flat(0.4))


def test_every_scale_has_the_value_worked_out_by_hand() -> None:
    method = mtwnet((2.0, 1.0, 0.5))
    terms = values(method, pairs(flat(0.4), flat(0.6)))
    expected = {"coarse": 0.04, "middle": 0.04, "fine": 0.16}  # (2 x 0.4 - 0.6)^2, ...
    assert terms == pytest.approx(expected, abs=1e-7)


def test_the_total_is_equation_2() -> None:
    method = mtwnet((2.0, 1.5, 0.5))  # errors 0.2, 0 and -0.4
    terms = method.terms(pairs(flat(0.4), flat(0.6)))
    assert method.objective(terms).item() == pytest.approx(0.04 + 0.0 + 5 * 0.16)


def test_a_term_is_a_mean_over_pictures_channels_and_pixels() -> None:
    sharp = torch.zeros(2, 3, 8, 8)
    sharp[0, 1, 4, 4] = 1  # is kept at every scale
    terms = values(mtwnet(), pairs(flat(0.0), sharp))
    expected = {"coarse": 1 / (6 * 4), "middle": 1 / (6 * 16), "fine": 1 / (6 * 64)}
    assert terms == pytest.approx(expected)


def test_the_sharp_picture_is_reduced_without_averaging() -> None:
    sharp = torch.ones(1, 3, 8, 8)
    sharp[..., ::2, ::2] = 0
    terms = values(mtwnet(), pairs(torch.zeros(1, 3, 8, 8), sharp))
    assert terms == pytest.approx({"coarse": 0.0, "middle": 0.0, "fine": 0.75})


def test_a_scale_without_a_weight_is_not_computed_and_trains_nothing() -> None:
    method = mtwnet((2.0, 2.0, 2.0), middle=0.0)
    terms = method.terms(pairs(flat(0.4), flat(0.6)))
    assert terms.keys() == {"coarse", "fine"}
    method.objective(terms).backward()
    # 2 alpha x (gain x - y), for x = 0.4 and y = 0.6
    expected = [2 * 0.4 * 0.2, 0.0, 5 * 2 * 0.4 * 0.2]
    assert method.deblurrer.gains.grad.tolist() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("key", "parameters"), [("mtwnet", 3_911_398), ("mtwnet_oneway", 2_584_035)]
)
def test_the_configs_have_the_numbers_of_the_paper(key: str, parameters: int) -> None:
    method = build(key)
    assert isinstance(method, MTWNet)
    assert method.needs == {"paired"}
    assert sum(p.numel() for p in method.parameters()) == parameters
    assert method.objective.weights == PAPER
    (group,) = method.optimizer(method.parameters()).param_groups
    assert (group["lr"], *group["betas"], group["eps"]) == (1e-4, 0.9, 0.999, 1e-8)


def test_the_rate_falls_with_power_0_3_to_nothing() -> None:
    method = build("mtwnet", "deblurrer.channels=2", "deblurrer.blocks=1")
    optimizer = method.optimizer(method.parameters())
    schedule = method.scheduler(optimizer, steps=10)
    rates = []
    for _ in range(10):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    assert rates == pytest.approx([1e-4 * (1 - step / 10) ** 0.3 for step in range(10)])
    assert rates[8] > 5e-5  # a run that stops early has not annealed
    assert optimizer.param_groups[0]["lr"] == 0


@pytest.mark.parametrize(
    ("experiment", "network", "geometry"),
    [
        ("mtwnet_gopro", "TwoWay", []),
        ("mtwnet_oneway_gopro", "OneWay", []),
        ("mtwnet_flips_gopro", "TwoWay", [{"name": "D4", "p": 1.0}]),
    ],
)
def test_experiments(experiment: str, network: str, geometry: list[Any]) -> None:
    cfg = compose(f"experiment={experiment}")
    assert cfg.model.deblurrer._target_ == f"deblurkit.networks.mtwnet.{network}"
    assert cfg.data.augmentation.geometry == geometry
    assert (cfg.data.variant, cfg.data.crop, cfg.data.batch_size) == ("blur", 256, 16)
    assert cfg.trainer.max_epochs * cfg.data.batches_per_epoch == 524_000


def test_pictures_of_any_size_are_restored_by_the_finest_scale() -> None:
    torch.manual_seed(0)
    method = build("mtwnet", "deblurrer.channels=2", "deblurrer.blocks=1")
    blurred = torch.rand(1, 3, 20, 33)
    restored = method.restore(blurred)
    assert restored.shape == blurred.shape
    with torch.no_grad():
        expected = method.deblurrer(pad_to_multiple(blurred, 16)).fine[..., :20, :33].clamp(0, 1)
    torch.testing.assert_close(restored, expected)
