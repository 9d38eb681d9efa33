from functools import partial
from typing import Any

import pytest
from gan_fits import fitted
from torch.optim import SGD
from toy_generators import Brightness, Doubling, Times, gray, number

from deblurkit.losses.adversarial import Wasserstein
from deblurkit.losses.frozen import Frozen
from deblurkit.losses.penalties import PictureGradientPenalty, WeightClipping
from deblurkit.losses.pixel import l1
from deblurkit.losses.weights import Ramp
from deblurkit.methods.deblurgan import DeblurGAN


def method(**changed: Any) -> DeblurGAN:
    """A generator that multiplies by 1 and a critic that multiplies by 2."""
    given: dict[str, Any] = {
        "generator": Times(1.0),
        "critic": Brightness(2.0),
        "adversarial": Wasserstein(),
        "content": Frozen(Doubling),
        "pixel": l1,
        "penalty": PictureGradientPenalty(),
        "constraint": None,
        "critic_steps": 5,
        "weights": {
            "generator": {"adversarial": 1.0, "content": 100.0, "pixel": 0.0},
            "critic": {"adversarial": 1.0, "penalty": 10.0},
        },
        "optimizers": dict.fromkeys(["generator", "critic"], partial(SGD, lr=0.01)),
    }
    return DeblurGAN(**given | changed)


def test_the_generator_s_objective_by_hand() -> None:
    terms = method().generator_terms(gray(1.0), gray(0.5))
    # D(0.5) is 1; features lie at 2 and 1.
    assert terms.keys() == {"adversarial", "content"}
    assert number(terms["adversarial"]) == pytest.approx(-1.0)
    assert number(terms["content"]) == pytest.approx(1.0)
    assert number(method().objectives["generator"](terms)) == pytest.approx(-1 + 100)


def test_the_critic_s_objective_by_hand() -> None:
    deblurgan = method()
    terms = deblurgan.critic_terms(gray(1.0), gray(0.5))
    assert number(terms["adversarial"]) == pytest.approx(1.0 - 2.0)
    # The mean score's gradient is 2 / 12 at each of 12 values, half of it for values in [-1, 1].
    assert number(terms["penalty"]) == pytest.approx((1 / 12**0.5 - 1) ** 2)
    total = deblurgan.objectives["critic"](terms)
    assert number(total) == pytest.approx(-1 + 10 * (1 / 12**0.5 - 1) ** 2)


def test_five_steps_of_the_critic_then_one_of_the_generator() -> None:
    deblurgan = method()
    trainer = fitted(deblurgan)
    assert trainer.global_step == 6
    assert deblurgan.generator.asked == 1  # the critic's steps share one restored picture
    critic = 2.0
    for _ in range(5):  # d/df of -f / 2 + 10 (f / sqrt(48) - 1)^2
        critic -= 0.01 * (-0.5 + 20 * (critic / 48**0.5 - 1) / 48**0.5)
    assert deblurgan.critic.factor.item() == pytest.approx(critic)
    # d/dg of -critic g / 2 + 100 (2 - g)^2 at g = 1, against the critic of its turn
    generator = 1.0 - 0.01 * (-critic / 2 - 200)
    assert deblurgan.generator.factor.item() == pytest.approx(generator)


def test_clipping_takes_the_penalty_s_place() -> None:
    deblurgan = method(
        penalty=None,
        constraint=WeightClipping(limit=0.01),
        weights={
            "generator": {"adversarial": 1.0, "content": 100.0},
            "critic": {"adversarial": 1.0},
        },
    )
    fitted(deblurgan)
    assert deblurgan.critic.factor.item() == pytest.approx(0.01)


def test_the_critic_learns_while_the_generator_waits_for_it() -> None:
    waiting = Ramp(start=0.0, stop=1.0, batches=1000)
    deblurgan = method(
        weights={
            "generator": {"adversarial": waiting, "content": 1.0},
            "critic": {"adversarial": 1.0, "penalty": 10.0},
        }
    )
    assert deblurgan.generator_terms(gray(1.0), gray(0.5)).keys() == {"content"}
    fitted(deblurgan)
    assert deblurgan.critic.factor.item() != 2.0
    assert deblurgan.generator.factor.item() == pytest.approx(1 + 0.01 * 2)
