"""SRN's objective by hand, what its trainings see, its numbers and its schedule."""

from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor, nn

from deblurkit.config import build, compose
from deblurkit.methods.frame.scale_recurrent import Scales
from deblurkit.methods.srn import SRN, luma, rgb

EQUAL = {"coarse": 1.0, "middle": 1.0, "fine": 1.0}
TINY = ("deblurrer.channels=2", "deblurrer.blocks=1")


class Pictures(NamedTuple):
    coarse: Tensor
    middle: Tensor
    fine: Tensor


class Offsets(nn.Module):
    """F by hand: adds, at each size its own trained number; keeps what it was given."""

    multiple = 4

    def __init__(self, coarse: float, middle: float, fine: float) -> None:
        super().__init__()
        self.offsets = nn.Parameter(torch.tensor([coarse, middle, fine]))
        self.given: list[Tensor] = []

    def forward(self, blurred: Tensor) -> Pictures:
        self.given.append(blurred)
        coarse, middle, fine = self.offsets
        return Pictures(
            coarse + blurred[..., ::4, ::4], middle + blurred[..., ::2, ::2], fine + blurred
        )


def srn(view=rgb, offsets: tuple[float, float, float] = (0.0, 0.0, 0.0), **weights: float) -> SRN:
    return SRN(
        deblurrer=Offsets(*offsets),
        view=view,
        weights=EQUAL | weights,
        optimizer=torch.optim.SGD,
        scheduler=None,
    )


def colour(red: float, green: float, blue: float) -> Tensor:
    return torch.tensor([red, green, blue], dtype=torch.float32)[None, :, None, None].expand(
        2, 3, 8, 8
    )


def pairs(blurred: Tensor, sharp: Tensor) -> Any:
    return {"paired": {"blurred": blurred, "sharp": sharp, "name": ["a", "b"]}}


def values(method: SRN, batch: Any) -> dict[str, float]:
    return {name: term.item() for name, term in method.terms(batch).items()}


def test_every_scale_counts_once() -> None:
    method = srn(offsets=(0.1, 0.2, 0.4))
    terms = method.terms(pairs(colour(0.5, 0.5, 0.5), colour(0.4, 0.4, 0.4)))
    expected = {"coarse": 0.04, "middle": 0.09, "fine": 0.25}  # (0.5 + 0.1 - 0.4)^2, ...
    assert {name: term.item() for name, term in terms.items()} == pytest.approx(expected)
    assert method.objective(terms).item() == pytest.approx(0.38)


def test_a_training_in_gray_sees_luma_of_both_pictures() -> None:
    method = srn(luma)
    terms = values(method, pairs(colour(1, 0, 0), colour(0, 1, 0)))
    (given,) = method.deblurrer.given
    assert given.shape == (2, 1, 8, 8)
    assert given.unique().tolist() == pytest.approx([0.2989])
    assert terms == pytest.approx(dict.fromkeys(EQUAL, (0.587 - 0.2989) ** 2))


def test_a_training_in_colour_sees_the_pictures() -> None:
    method = srn(rgb)
    terms = values(method, pairs(colour(1, 0, 0), colour(0, 1, 0)))
    assert method.deblurrer.given[0].equal(colour(1, 0, 0))
    assert terms == pytest.approx(dict.fromkeys(EQUAL, 2 / 3))


def test_luma_of_each_channel() -> None:
    channels = torch.eye(3)[:, :, None, None]
    assert luma(channels).flatten().tolist() == pytest.approx([0.2989, 0.5870, 0.1140])


def test_restoring_sees_colours_whatever_the_training_saw() -> None:
    for view in (luma, rgb):
        assert srn(view)(colour(0.1, 0.2, 0.3)).equal(colour(0.1, 0.2, 0.3))


def test_forward_is_the_finest_picture() -> None:
    answer = srn(offsets=(9.0, 9.0, 0.25))(colour(0.5, 0.5, 0.5))
    assert answer.equal(colour(0.75, 0.75, 0.75))


def test_a_scale_without_a_weight_is_not_computed() -> None:
    terms = srn(coarse=0.0).terms(pairs(colour(0, 0, 0), colour(1, 1, 1)))
    assert terms.keys() == {"middle", "fine"}


@pytest.mark.parametrize(
    ("key", "parameters", "channels"),
    [("srn", 8_056_609, 1), ("srn_gray", 6_876_449, 1), ("srn_color", 6_881_251, 3)],
)
def test_the_configs_have_the_numbers_of_the_authors(
    key: str, parameters: int, channels: int
) -> None:
    method = build(key)
    assert isinstance(method, SRN)
    assert method.needs == {"paired"}
    assert sum(p.numel() for p in method.parameters()) == parameters
    assert method.view(torch.rand(1, 3, 4, 4)).shape[1] == method.deblurrer.colors == channels
    assert method.objective.weights == EQUAL
    (group,) = method.optimizer(method.parameters()).param_groups
    assert (group["lr"], *group["betas"], group["eps"]) == (1e-4, 0.9, 0.999, 1e-8)
    schedule = method.scheduler(torch.optim.SGD(method.parameters(), lr=1.0), steps=524_000)
    (factor,) = schedule.lr_lambdas
    assert [factor(0), factor(262_000), factor(524_000)] == pytest.approx([1, 0.5**0.3, 0])


@pytest.mark.parametrize("model", ["srn", "srn_gray", "srn_color"])
def test_experiments_follow_the_authors_code(model: str) -> None:
    cfg = compose(f"experiment={model}_gopro")
    assert cfg.model == compose(f"model={model}").model
    assert cfg.data.augmentation.geometry == []
    assert (cfg.data.variant, cfg.data.crop, cfg.data.batch_size) == ("blur", 256, 16)
    assert cfg.trainer.max_epochs * cfg.data.batches_per_epoch == 524_000


@pytest.mark.parametrize("key", ["srn_gray", "srn_color"])
def test_pictures_of_any_size_are_restored_and_gray_ones_too(key: str) -> None:
    torch.manual_seed(0)
    method = build(key, *TINY)
    assert isinstance(method.deblurrer(torch.rand(1, 3, 16, 16)), Scales)
    assert method.restore(torch.rand(1, 3, 20, 33)).shape == (1, 3, 20, 33)
    assert method.restore(torch.rand(1, 1, 20, 33)).shape == (1, 1, 20, 33)
