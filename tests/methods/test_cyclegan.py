from functools import partial
from typing import Any

import pytest
import torch
from torch.optim import SGD
from toy_generators import Brightness, Times, gray, number

from deblurkit.losses.adversarial import LeastSquares
from deblurkit.losses.pools import PicturePool
from deblurkit.methods.cyclegan import CycleGAN

BLURRED, SHARP = gray(0.5), gray(1.0)


def method(**changed: Any) -> CycleGAN:
    """G doubles, F multiplies by 0.25; the critics by 3 and 5."""
    given: dict[str, Any] = {
        "deblurrer": Times(2.0),
        "blurrer": Times(0.25),
        "sharp_critic": Brightness(3.0),
        "blurred_critic": Brightness(5.0),
        "adversarial": LeastSquares,
        "pool": partial(PicturePool, capacity=0),
        "weights": {
            "generators": {"adversarial": 1.0, "cycle": 10.0, "identity": 5.0},
            "critics": {"adversarial": 1.0},
        },
        "optimizers": dict.fromkeys(["generators", "critics"], partial(SGD, lr=0.01)),
    }
    return CycleGAN(**given | changed)


def test_the_generators_objective_by_hand() -> None:
    cycles = method()
    terms = cycles.generator_terms(BLURRED, SHARP, cycles.cycle(BLURRED, SHARP))
    # Restored 1, reblurred 0.25, back at 0.25 and 0.5.
    assert number(terms["adversarial"]) == pytest.approx((3 - 1) ** 2 + (1.25 - 1) ** 2)
    assert number(terms["cycle"]) == pytest.approx(abs(0.25 - 0.5) + abs(0.5 - 1))
    assert number(terms["identity"]) == pytest.approx(abs(2 - 1) + abs(0.125 - 0.5))
    total = cycles.objectives["generators"](terms)
    assert number(total) == pytest.approx(4.0625 + 10 * 0.75 + 5 * 1.375)


def test_the_critics_objective_by_hand() -> None:
    cycles = method()
    terms = cycles.critic_terms(BLURRED, SHARP, gray(1.0), gray(0.25))
    of_sharp = ((3 - 1) ** 2 + 3**2) / 2
    of_blurred = ((2.5 - 1) ** 2 + 1.25**2) / 2
    assert number(terms["adversarial"]) == pytest.approx(of_sharp + of_blurred)


def test_it_restores_with_the_generator_that_deblurs() -> None:
    assert method().restorer == "generators.deblurrer"
    assert number(method().restore(torch.full((1, 3, 5, 7), 0.25))) == pytest.approx(0.5)


def test_identity_of_weight_zero_costs_no_forward() -> None:
    weights = {
        "generators": {"adversarial": 1.0, "cycle": 10.0, "identity": 0.0},
        "critics": {"adversarial": 1.0},
    }
    cycles = method(weights=weights)
    cycles.generator_terms(BLURRED, SHARP, cycles.cycle(BLURRED, SHARP))
    assert cycles.generators["deblurrer"].asked == 2
