"""The GAN methods' losses against numbers of the authors' own code, replayed in float64."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from fingerprint import fill
from gan_toys import digest, formula_critic, noise

from deblurkit.losses.adversarial import LeastSquares, Wasserstein
from deblurkit.losses.penalties import ChannelGradientPenalty
from deblurkit.losses.perceptual import FeatureDistance, NormalisedMSE
from deblurkit.losses.pools import PicturePool
from deblurkit.losses.relativistic import PooledRelativisticAverage
from deblurkit.networks.parts.vgg import VGG19

REFERENCE = json.loads(Path(__file__).with_name("gan_losses.json").read_text())
ENLARGED = 1000.0
RATE = 0.1  # of the critic's steps in between
HALF = {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}
IMAGENET = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
close = partial(pytest.approx, rel=1e-9, abs=1e-12)


class FormulaVGG19(VGG19):
    """Weights of the formula in the place of a file's, the last enlarged."""

    def read(self, path: str) -> None:
        fill(self)
        self.features[-1].weight.data *= ENLARGED


@pytest.fixture(autouse=True)
def _precise():
    """What is built in a test is float64, numbers of normalisations too."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def signed(seed: int, *, count: int = 2) -> torch.Tensor:
    """The authors' pictures; ours are (signed + 1) / 2."""
    return 2 * noise(seed, count=count) - 1


def ours(pictures: torch.Tensor) -> torch.Tensor:
    return (pictures + 1) / 2


def critic_of_ours(critic):
    """Takes [0, 1], as our critics do at their door."""
    return lambda pictures: critic(2 * pictures - 1)


def agree(value: torch.Tensor, wanted: list[torch.Tensor], reference: dict[str, Any]) -> None:
    gradients = torch.autograd.grad(value, wanted, allow_unused=True, retain_graph=True)
    assert value.item() == close(reference["value"])
    assert digest([g for g in gradients if g is not None]) == close(reference["gradients"])


def distance(numbers: dict[str, list[float]]) -> FeatureDistance:
    return FeatureDistance(trunk=FormulaVGG19, weights="", layer="conv3_3", **numbers)


def test_deblurgans_critic_and_generator() -> None:
    reference, critic = REFERENCE["deblurgan"], formula_critic()
    sharp, restored = signed(1), signed(2).requires_grad_()
    given = critic_of_ours(critic), ours(sharp), ours(restored)
    weights = list(critic.parameters())
    penalty = ChannelGradientPenalty()(*given, alpha=torch.tensor(reference["alpha"]))
    agree(10 * penalty, weights, reference["penalty_times_10"])
    agree(Wasserstein().critic(*given) + 10 * penalty, weights, reference["critic"])
    agree(Wasserstein().generator(*given), [restored], reference["generator"])


def test_deblurgans_content() -> None:
    sharp, restored = signed(1), signed(2).requires_grad_()
    content = distance(HALF)(ours(restored), ours(sharp))
    agree(content, [restored], REFERENCE["deblurgan"]["content"])


def test_deblurgan_v2s_content() -> None:
    sharp, restored = signed(1, count=1), signed(2, count=1).requires_grad_()
    features = distance(IMAGENET)(ours(restored), ours(sharp))
    pixels = NormalisedMSE(std=IMAGENET["std"])(ours(restored), ours(sharp))
    assert 0.006 * features.item() > 1e-3, "or the comparison would not see the features"
    reference = REFERENCE["deblurgan_v2"]["content"]
    agree(0.006 * features + 0.5 * pixels, [restored], reference)


@pytest.mark.parametrize("capacity", [50, 3])
def test_three_steps_of_deblurgan_v2_with_a_pool(capacity: int) -> None:
    loss, critic = PooledRelativisticAverage(capacity), formula_critic()
    weights = list(critic.parameters())
    for step, reference in enumerate(REFERENCE["deblurgan_v2"][f"pool_{capacity}"]):
        sharp, restored = signed(2 * step + 1), signed(2 * step + 2).requires_grad_()
        given = critic_of_ours(critic), ours(sharp), ours(restored)
        told = loss.critic(*given)
        agree(told, weights, reference["critic"])
        moves = torch.autograd.grad(told, weights, allow_unused=True)
        with torch.no_grad():
            for weight, move in zip(weights, moves, strict=True):
                if move is not None:
                    weight -= RATE * move
        agree(loss.generator(*given), [restored], reference["generator"])
    assert step == 2
    assert loss.real_count.item() == min(6, capacity)


def test_cyclegans_least_squares() -> None:
    reference, critic = REFERENCE["cyclegan"], formula_critic()
    sharp, restored = signed(1), signed(2).requires_grad_()
    given = critic_of_ours(critic), ours(sharp), ours(restored)
    agree(LeastSquares().critic(*given), list(critic.parameters()), reference["critic"])
    agree(LeastSquares().generator(*given), [restored], reference["generator"])


def test_cyclegans_pool_answers_the_same_pictures_for_the_same_draws() -> None:
    """The authors' code asked torch's generator, in its own order of questions."""
    torch.set_default_dtype(torch.float32)
    torch.manual_seed(0)
    pool, answered = PicturePool(5), []
    for number in range(0, 80, 2):
        pictures = torch.tensor([number, number + 1]).float().reshape(2, 1, 1, 1)
        answered += pool(pictures).flatten().int().tolist()
    assert answered == REFERENCE["cyclegan"]["pool_of_5"]
    assert sorted(answered) != list(range(80)), "or nothing was exchanged"
