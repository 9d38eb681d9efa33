"""DeepDeblur's objectives by hand, its turns, and its configs."""

import math
from functools import partial
from typing import Any

import pytest
import torch
from gan_fits import fitted
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import SGD
from toy_generators import Brightness, gray, number

from deblurkit.config import build, compose
from deblurkit.losses.cross_entropy import CrossEntropy
from deblurkit.losses.pixel import l1
from deblurkit.losses.squared import mse
from deblurkit.methods.deepdeblur import AdversarialDeepDeblur, DeepDeblur


class Two(nn.Module):
    """Restores by a factor at full size, by twice the factor at half size."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(1.0))

    def forward(self, blurred: Tensor) -> list[Tensor]:
        return [self.factor * blurred, 2 * self.factor * functional.avg_pool2d(blurred, 2)]


def duel(**changed: Any) -> AdversarialDeepDeblur:
    given: dict[str, Any] = {
        "generator": Two(),
        "critic": Brightness(2.0),
        "adversarial": CrossEntropy(),
        "content": mse,
        "weights": {
            "generator": {"content": 1.0, "adversarial": 0.5},
            "critic": {"adversarial": 1.0},
        },
        "optimizers": dict.fromkeys(["generator", "critic"], partial(SGD, lr=0.1)),
    }
    return AdversarialDeepDeblur(**given | changed)


def test_distances_of_all_scales_are_summed() -> None:
    method = DeepDeblur(
        generator=Two(),
        content=l1,
        weights={"content": 1.0},
        optimizer=partial(SGD, lr=0.1),
        scheduler=None,
    )
    batch = {"paired": {"blurred": gray(0.25), "sharp": gray(1.0), "name": ["gray"]}}
    assert number(method.terms(batch)["content"]) == pytest.approx(0.75 + 0.5)
    assert method(gray(0.25)).equal(gray(0.25))  # the finest scale restores


def test_the_critic_judges_the_finest_scale() -> None:
    terms = duel().generator_terms(gray(1.0), [gray(0.5), gray(0.0)[..., :1, :1]])
    assert number(terms["content"]) == pytest.approx(0.25 + 1.0)
    assert number(terms["adversarial"]) == pytest.approx(math.log(1 + math.exp(-1.0)))
    (term,) = duel().critic_terms(gray(1.0), gray(0.5)).values()
    assert number(term) == pytest.approx(math.log(1 + math.exp(-2.0)) + math.log(1 + math.exp(1.0)))


def test_the_critic_moves_first_then_the_generator_against_it() -> None:
    method = duel()
    trainer = fitted(method)  # blurred 0.5, sharp 1
    assert trainer.global_step == 2

    def sigmoid(score: float) -> float:
        return 1 / (1 + math.exp(-score))

    critic = 2.0 - 0.1 * (-(1 - sigmoid(2.0)) + 0.5 * sigmoid(1.0))
    assert method.critic.factor.item() == pytest.approx(critic)
    # content (1 - g / 2)^2 + (1 - g)^2 at g = 1, then half of the entropy at score critic / 2
    slope = -0.5 + 0.0 - 0.5 * (1 - sigmoid(critic / 2)) * critic / 2
    assert method.generator.factor.item() == pytest.approx(1.0 - 0.1 * slope)


@pytest.mark.parametrize(
    ("key", "kind", "span"),
    [
        ("deepdeblur", DeepDeblur, 255),
        ("deepdeblur_adversarial", AdversarialDeepDeblur, 255),
        ("deepdeblur_paper", AdversarialDeepDeblur, 1),
    ],
)
def test_configs_build_the_networks_of_the_paper(key: str, kind: type, span: int) -> None:
    method = build(key)
    assert isinstance(method, kind)
    assert sum(p.numel() for p in method.network.parameters()) == 11_721_321
    assert (method.multiple, method.network.span) == (4, span)
    if isinstance(method, AdversarialDeepDeblur):
        assert sum(p.numel() for p in method.critic.parameters()) == 10_725_216
        assert method.critic.span == span


def test_the_paper_measures_its_entropy_in_bits() -> None:
    weights = compose("model=deepdeblur_paper").model.weights.generator
    assert weights.adversarial == pytest.approx(1e-4 / math.log(2))


@pytest.mark.parametrize(
    ("experiment", "epochs", "batch"),
    [("deepdeblur_gopro", 1000, 16), ("deepdeblur_paper_gopro", 450, 2)],
)
def test_experiments_have_the_authors_numbers(experiment: str, epochs: int, batch: int) -> None:
    cfg = compose(f"experiment={experiment}")
    assert (cfg.data.variant, cfg.data.crop, cfg.data.batch_size) == ("blur_gamma", 256, batch)
    assert cfg.trainer.max_epochs == epochs
